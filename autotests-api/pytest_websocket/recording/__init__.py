"""Records what went over a connection: raw bytes with their times, decoded when they are read."""

from pytest_websocket.recording.recording import FrameRecord, Note, Recording, Totals

__all__ = ["FrameRecord", "Note", "Recording", "Totals"]
