"""Records what went over a connection: raw bytes with their times, decoded when they are read."""

from pytest_websocket.recording.frame_record import FrameRecord, Note, Totals
from pytest_websocket.recording.recording import Recording

__all__ = ["FrameRecord", "Note", "Recording", "Totals"]
