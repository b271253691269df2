"""The `websockets` connection of a client, with a recording of what crosses it.

This file relies on how `websockets` works inside: on `ClientConnection` being an
`asyncio.Protocol` whose callbacks get all bytes and whose transport takes all bytes, on its
`process_event`, which gets every frame, on `protocol.send_frame`, which sends every one, and on
`connect.process_redirect`. test_connection.py notices when that changes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as websockets_connect
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.protocol import Event

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

    ``on_close`` is called once when the peer's Close frame has arrived. Each of
    ``awaiting_ping`` is set to the payload of the next Ping. Without ``answer_pings`` no Pong is sent.
    """

    def __init__(
        self, protocol: ClientProtocol, *, recording: Recording, answer_pings: bool = True, **settings: Any
    ) -> None:
        super().__init__(protocol, **settings)
        if not answer_pings:
            send_frame = protocol.send_frame

            def send_no_pong(frame: Frame) -> None:
                if frame.opcode is not Opcode.PONG:
                    send_frame(frame)

            protocol.send_frame = send_no_pong  # type: ignore[method-assign]
        self.awaiting_ping: set[asyncio.Future[bytes]] = set()
        self.recording = recording
        self.on_close: Callable[[], None] | None = None
        self._peer_closed = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Records from now on."""
        recorded = RecordingTransport(cast(asyncio.Transport, transport), self.recording)
        super().connection_made(cast(asyncio.BaseTransport, recorded))

    def process_event(self, event: Event) -> None:
        """Tells of a Ping."""
        if isinstance(event, Frame) and event.opcode is Opcode.PING:
            while self.awaiting_ping:
                # A wait that has just ended at its deadline is still among them.
                if not (waiting := self.awaiting_ping.pop()).done():
                    waiting.set_result(bytes(event.data))
        super().process_event(event)

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
