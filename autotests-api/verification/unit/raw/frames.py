"""Frames as a server encodes them, and those that a connection has sent."""

from __future__ import annotations

from pytest_websocket.protocol.frames import Frame
from pytest_websocket.raw.connection import Connection


def encoded(*frames: Frame) -> bytes:
    return b"".join(frame.encode(masked=False) for frame in frames)


def sent_in_recording(raw: Connection) -> list[str]:
    return [frame.name for frame in raw.recording.frames if frame.sent]
