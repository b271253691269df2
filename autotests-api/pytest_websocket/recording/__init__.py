"""Records what went over a connection: raw bytes with their times, decoded when they are read."""

from pytest_websocket.recording.frame_record import Fold, FrameRecord, Note, Totals, folded
from pytest_websocket.recording.recording import Recording

__all__ = ["Fold", "FrameRecord", "Note", "Recording", "Totals", "folded"]
