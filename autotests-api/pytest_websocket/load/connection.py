"""A WebSocket client for loads: as little work per message as asyncio allows."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from itertools import cycle
from os import urandom
from typing import Any, cast

from pytest_websocket.protocol.frames import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    Frame,
    encode_length,
    mask,
    parse_header,
)
from pytest_websocket.protocol.grammar import MAX_HEAD
from pytest_websocket.protocol.handshake import Request, parse_response, problems_of_acceptance

MAX_MESSAGE = 64 * 2**20
MAX_UNSENT = 8 * 2**20

_UNFRAGMENTED = {0x80 | TEXT, 0x80 | BINARY}
"""First bytes of frames that are messages: FIN is set."""

_next_key = cycle([urandom(4) for _ in range(1024)]).__next__
"""Masking protects proxies from hostile web pages (RFC 6455 §10.3), so few keys are enough for a load."""


@dataclass(frozen=True)
class Endpoint:
    """Where connections are opened and what the server replies.

    ``opening`` makes the handshake request, a new one per connection. ``answer`` returns opcode and
    payload of the reply to a message of that opcode and payload, or None where no reply is expected.
    ``greetings`` is the number of messages that the server sends first on every new connection.
    ``carry`` puts opcode and payload of a message into a request; ``ignores`` says which messages are sent
    unasked at any time; ``enter`` logs in by messages, before the greetings are counted.
    ``deadline`` is in seconds. Connections use the source addresses ``sources`` in turn: one address has
    28,000 ports to one server.
    """

    host: str
    port: int
    opening: Callable[[], Request]
    answer: Callable[[int, bytes], tuple[int, Any] | None]
    tls: ssl.SSLContext | None = None
    server_name: str | None = None
    greetings: int = 0
    carry: Callable[[int, bytes], tuple[int, bytes]] | None = None
    ignores: Callable[[int, bytes], bool] | None = None
    enter: Callable[[LoadConnection], Awaitable[None]] | None = None
    deadline: float = 5.0
    sources: tuple[str, ...] = ()


class Refused(ConnectionError):
    """The server refused the opening handshake, or ended the connection before it."""


class LoadConnection(asyncio.Protocol):
    """Sends and receives messages, and answers Pings.

    ``on_message`` is called with opcode and payload of each message after the greetings, ``on_end`` with
    the reason when the connection ends without `close` or `abort`. ``number`` tells connections apart.
    ``early`` holds what came before the endpoint was entered.
    """

    __slots__ = (
        "_buffer",
        "_fragments",
        "_kind",
        "_needed",
        "_request",
        "_size",
        "_skip",
        "closing",
        "early",
        "ended",
        "number",
        "on_end",
        "on_message",
        "opened",
        "transport",
    )

    transport: asyncio.Transport

    def __init__(self, number: int, endpoint: Endpoint) -> None:
        loop = asyncio.get_running_loop()
        self.number = number
        self.opened: asyncio.Future[None] = loop.create_future()
        self.ended: asyncio.Future[None] = loop.create_future()
        self.closing = False
        self.early: list[tuple[int, bytes]] = []
        self.on_message: Callable[[int, bytes], None] = self._keep_early if endpoint.enter else _ignore
        self.on_end: Callable[[str], None] = _ignore
        self._request: Request | None = endpoint.opening()
        self._skip = 0 if endpoint.enter else endpoint.greetings
        self._buffer = b""
        self._needed = 0
        self._fragments: list[bytes] = []
        self._size = 0
        self._kind = 0

    @classmethod
    async def open(cls, number: int, endpoint: Endpoint) -> LoadConnection:
        """Opens a connection. Raises TimeoutError, OSError, or `Refused` with the server's response."""
        loop = asyncio.get_running_loop()
        connection = cls(number, endpoint)
        source = endpoint.sources[number % len(endpoint.sources)] if endpoint.sources else None
        try:
            async with asyncio.timeout(endpoint.deadline):
                await loop.create_connection(
                    lambda: connection,
                    endpoint.host,
                    endpoint.port,
                    ssl=endpoint.tls,
                    server_hostname=endpoint.server_name if endpoint.tls else None,
                    local_addr=(source, 0) if source else None,
                )
                await connection.opened
                if endpoint.enter is not None:
                    await endpoint.enter(connection)
                    connection._skip = endpoint.greetings
        except BaseException:
            connection.abort()
            raise
        return connection

    def send(self, opcode: int, payload: bytes) -> bool:
        """Sends one message; returns False when the server does not read and the buffer is full."""
        transport = self.transport
        if transport.get_write_buffer_size() > MAX_UNSENT:
            return False
        head = bytes((0x80 | opcode,)) + encode_length(len(payload), None, True)
        key = _next_key()
        transport.write(b"".join((head, key, mask(payload, key))))
        return True

    def pause(self) -> None:
        """Stops reading, as a slow client does."""
        if not self.transport.is_closing():
            self.transport.pause_reading()

    def resume(self) -> None:
        """Reads again."""
        if not self.transport.is_closing():
            self.transport.resume_reading()

    async def close(self, deadline: float) -> None:
        """Closes with 1000 (RFC 6455 §7.1.2); aborts when TCP has not ended after ``deadline`` seconds."""
        self.closing = True
        if not self.ended.done():
            self.transport.write(Frame(CLOSE, b"\x03\xe8").encode())
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(deadline):
                    await asyncio.shield(self.ended)
        self.abort()

    def abort(self) -> None:
        """Aborts the TCP connection."""
        self.closing = True
        with contextlib.suppress(AttributeError):
            self.transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Sends the handshake request (called by asyncio)."""
        assert self._request is not None
        # uvloop's transports are not subclasses of asyncio.Transport.
        self.transport = cast(asyncio.Transport, transport)
        self.transport.write(self._request.encode())

    def connection_lost(self, exc: Exception | None) -> None:
        """Ends the waits for this connection (called by asyncio)."""
        if not self.ended.done():
            self.ended.set_result(None)
        reason = f"TCP broke: {exc}" if exc else "TCP was closed by the server"
        if not self.opened.done():
            self.opened.set_exception(Refused(reason))
            # Else asyncio would log an exception that was never retrieved, after a deadline.
            self.opened.exception()
        elif not self.closing:
            self.on_end(reason)

    def data_received(self, data: bytes) -> None:
        """Reads the handshake response, then frames (called by asyncio)."""
        buffer = self._buffer + data if self._buffer else data
        if len(buffer) < self._needed:
            self._buffer = buffer
            return
        if self._request is not None:
            buffer = self._read_head(buffer)
            if self._request is not None:
                self._buffer = buffer
                return
        self._buffer = self._read_frames(buffer)

    def _keep_early(self, opcode: int, payload: bytes) -> None:
        self.early.append((opcode, payload))

    def _read_frames(self, buffer: bytes) -> bytes:
        """Handles the frames in ``buffer`` and returns what is left: the beginning of the next one."""
        start = self._needed = 0
        while (header := parse_header(buffer, start)) is not None:
            if header.mask_key or header.length > MAX_MESSAGE:
                self._fail("sent a masked frame" if header.mask_key else f"announced {header.length} bytes")
                return b""
            body = start + header.size
            if len(buffer) - body < header.length:
                self._needed = header.total
                break
            start = body + header.length
            if header.first in _UNFRAGMENTED and not self._skip:
                self.on_message(header.opcode, buffer[body:start])
            else:
                self._take(header.first, buffer[body:start])
        return buffer[start:]

    def _read_head(self, buffer: bytes) -> bytes:
        head, found, rest = buffer.partition(b"\r\n\r\n")
        if not found:
            if len(buffer) > MAX_HEAD:
                self._fail("sent more than 64 KiB in response to the handshake")
                return b""
            return buffer
        assert self._request is not None
        response = parse_response(head + found)
        problems = problems_of_acceptance(self._request, response)
        self._request = None
        if not self.opened.done():
            if problems:
                self.opened.set_exception(Refused("; ".join(problems)))
            else:
                self.opened.set_result(None)
        return b"" if problems else rest

    def _take(self, first: int, payload: bytes) -> None:
        opcode = first & 0x0F
        if opcode == PING:
            self.transport.write(Frame(PONG, payload).encode())
        elif opcode == CLOSE:
            if not self.closing:
                code = int.from_bytes(payload[:2], "big") if len(payload) > 1 else 1005
                self.closing = True
                self.transport.write(Frame(CLOSE, payload).encode())
                self.on_end(f"closed by the server with {code}")
        elif opcode in {TEXT, BINARY, CONTINUATION}:
            if opcode != CONTINUATION:
                self._kind = opcode
            self._fragments.append(payload)
            self._size += len(payload)
            if self._size > MAX_MESSAGE:
                self._fail("sent a message above 64 MiB")
            elif first & 0x80:
                whole, self._fragments, self._size = b"".join(self._fragments), [], 0
                if self._skip:
                    self._skip -= 1
                else:
                    self.on_message(self._kind, whole)
        elif opcode != PONG:
            self._fail(f"sent a frame with opcode {opcode:#x}")

    def _fail(self, reason: str) -> None:
        if not self.opened.done():
            self.opened.set_exception(Refused(f"the server {reason}"))
        elif not self.closing:
            self.on_end(f"the server {reason}")
        self.abort()


def _ignore(*_: object) -> None:
    """Does nothing: the default of the callbacks."""
