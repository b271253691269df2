"""A recording of a connection that is open."""

from __future__ import annotations

from typing import Any

from pytest_websocket.protocol.frames import Frame
from pytest_websocket.recording import Recording

REQUEST = b"GET /chat HTTP/1.1\r\nHost: example\r\n\r\n"
ACCEPTED = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"


def opened(accepted: bytes = ACCEPTED, **limits: Any) -> Recording:
    recording = Recording("client", **limits)
    recording.sent(REQUEST)
    recording.received(accepted)
    return recording


def from_server(frame: Frame) -> bytes:
    return frame.encode(masked=False)
