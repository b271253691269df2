"""The `websockets` connection of a client, with a recording of what crosses it.

This is the only file that relies on how `websockets` works inside: on `ClientConnection` being an
`asyncio.Protocol` whose callbacks get all bytes and whose transport takes all bytes, and on
`connect.process_redirect`. test_connection.py notices when that changes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as websockets_connect
from websockets.client import ClientProtocol

from pytest_websocket.recording import Recording


class RecordingTransport:
    """A transport that records what is written to it."""

    def __init__(self, transport: asyncio.Transport, recording: Recording) -> None:
        self._transport = transport
        self._recording = recording

    def write(self, data: bytes) -> None:
        """Records and writes."""
        self._recording.sent(data)
        self._transport.write(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class RecordedConnection(ClientConnection):
    """A connection that records its bytes and how it ended.

    ``on_close`` is called once when the peer's Close frame has arrived.
    """

    def __init__(self, protocol: ClientProtocol, *, recording: Recording, **settings: Any) -> None:
        super().__init__(protocol, **settings)
        self.recording = recording
        self.on_close: Callable[[], None] | None = None
        self._peer_closed = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Records from now on."""
        recorded = RecordingTransport(cast(asyncio.Transport, transport), self.recording)
        super().connection_made(cast(asyncio.BaseTransport, recorded))

    def data_received(self, data: bytes) -> None:
        """Records what was read."""
        self.recording.received(data)
        super().data_received(data)
        if self.on_close is not None and self.recording.close_received is not None:
            self.on_close()
            self.on_close = None

    def eof_received(self) -> None:
        """Remembers that the peer closed TCP."""
        self._peer_closed = True
        super().eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        """Records how TCP ended."""
        if exc is not None:
            self.recording.end(f"TCP broken: {exc}")
        else:
            self.recording.end(f"TCP closed by the {'server' if self._peer_closed else 'client'}")
        super().connection_lost(exc)


class Handshake(websockets_connect):
    """Opens a connection and follows no redirect."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        """Returns the redirect as the answer: a test wants to see it, and not to carry credentials on."""
        return exc
