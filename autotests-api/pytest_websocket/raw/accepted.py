"""A raw connection in the server's role: answers with any bytes, sends any frames."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable

from pytest_websocket.protocol.deflate import Inflater
from pytest_websocket.protocol.frames import Header
from pytest_websocket.protocol.grammar import MAX_HEAD
from pytest_websocket.protocol.handshake import accept_value
from pytest_websocket.protocol.reader import Message, ReceivedFrame
from pytest_websocket.protocol.request import ClientRequest, parse_request, response
from pytest_websocket.protocol.rules import Role
from pytest_websocket.raw.framed import FramedConnection
from pytest_websocket.recording import Recording

MAX_HEADERS = 100_000
"""Headers of the last frames that are kept, for whoever judges how the client masks."""

Headers = Iterable[tuple[str, str]]


class AcceptedConnection(FramedConnection):
    """One client's connection, before and after the handshake."""

    request: ClientRequest
    """The client's request; there once it has come, see `has_request`."""

    def __init__(self, recording: Recording, deadline: float) -> None:
        super().__init__(recording, deadline, Role.SERVER)
        self.has_request = False
        self.subprotocol: str | None = None
        self.headers_received: deque[Header] = deque(maxlen=MAX_HEADERS)
        self.on_request: Callable[[], None] = lambda: None

    # The handshake

    async def accept(
        self,
        *,
        subprotocol: str | None = None,
        headers: Headers = (),
        extensions: str | None = None,
        inflate: Inflater | None = None,
    ) -> None:
        """Answers the request with 101 (RFC 6455 §4.2.2); from there on the connection speaks frames.

        ``extensions`` is the answer's Sec-WebSocket-Extensions as it stands; ``inflate`` reads compressed
        messages.
        """
        lines = [
            ("Upgrade", "websocket"),
            ("Connection", "Upgrade"),
            ("Sec-WebSocket-Accept", accept_value(self.request.key)),
        ]
        if subprotocol is not None:
            lines.append(("Sec-WebSocket-Protocol", subprotocol))
        if extensions is not None:
            lines.append(("Sec-WebSocket-Extensions", extensions))
        self.subprotocol = subprotocol
        await self.answer(response(101, [*lines, *headers]), inflate=inflate)

    async def reject(self, status: int, *, headers: Headers = (), body: str | bytes = b"") -> None:
        """Answers the request with an HTTP error or a redirect, then closes TCP."""
        content = body.encode() if isinstance(body, str) else body
        lines = [("Content-Length", str(len(content))), ("Connection", "close"), *headers]
        await self.answer(response(status, lines) + content)
        self.close_tcp()

    async def answer(self, data: bytes, *, inflate: Inflater | None = None) -> None:
        """Answers the request with ``data`` as it is; what the client sends after it is read as frames."""
        self._write(data)
        self.switch_protocols(inflate)
        await self._drain(len(data))

    def hand_over(self, protocol: asyncio.Protocol) -> bytes:
        """Gives the transport to another protocol, and returns the request and what came after it."""
        assert self._transport is not None
        self._transport.set_protocol(protocol)
        protocol.connection_made(self._transport)
        self._end("closed", "TCP is no longer read here")
        return self.request.raw + bytes(self._head)

    # Reading

    @property
    def unread(self) -> list[Message]:
        """Returns the messages that came and were not taken."""
        return [received.message for received in self._frames if received.message is not None]

    @property
    def over(self) -> bool:
        """Returns whether the client can send nothing more: it sent a Close frame, or TCP has ended."""
        return self.close_status is not None or self.tcp != "open"

    def take_message(self) -> Message | None:
        """Returns the next whole data message, or None when none waits."""
        while self.waiting_messages:
            message = self._take(lambda received: received.is_data).message
            if message is not None:
                return message
        return None

    def take_pong(self, payload: bytes | None = None) -> bytes | None:
        """Returns the payload of the next Pong (with this payload where given), or None when none waits."""

        def wanted(received: ReceivedFrame) -> bool:
            return received.is_pong and payload in (None, received.frame.payload)

        return self._take(wanted).frame.payload if any(map(wanted, self._frames)) else None

    # Inside

    def _take_head(self, data: bytes) -> None:
        super()._take_head(data)
        if not self.has_request and (b"\r\n\r\n" in self._head or len(self._head) > MAX_HEAD):
            self._take_request()

    def _frame_came(self, received: ReceivedFrame) -> None:
        self.headers_received.append(received.header)

    def _take_request(self) -> None:
        head, blank, rest = bytes(self._head).partition(b"\r\n\r\n")
        if not blank:
            self.pause_reading()
        self.request = parse_request(head + blank)
        self._head = bytearray(rest)
        self.has_request = True
        self.on_request()
