"""A TCP connection on plain asyncio: writes any bytes, records how it ends, waits with a deadline."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import socket
import ssl
from collections.abc import Awaitable, Callable

from pytest_websocket.raw.ending import NotReceived
from pytest_websocket.recording import Recording

MAX_TURNS = 200
"""Pieces of one `send_split` that wait for the server's turn; the others do not, which bounds the time."""


async def _return_at_once() -> None:
    """Waits for nothing."""


class Stream(asyncio.Protocol):
    """One TCP connection; `pytest_websocket.raw.connection` reads its bytes as HTTP and frames.

    ``tcp`` is ``open``, ``closed`` or ``reset``; ``failure`` is the exception that ended it, if any.
    ``deadline`` is in seconds, and bounds every wait that is given no other. ``await_server_turn`` is
    awaited between pieces that must not arrive together.
    """

    def __init__(self, recording: Recording, deadline: float) -> None:
        self.recording = recording
        self.deadline = deadline
        self.await_server_turn: Callable[[], Awaitable[None]] = _return_at_once
        self.tcp = "open"
        self.failure: Exception | None = None
        self._transport: asyncio.Transport | None = None
        self._socket: socket.socket | None = None
        self._paused = False
        self._finished = False
        self._changed = asyncio.Event()
        self._drained = asyncio.Event()
        self._drained.set()

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keeps the transport; asyncio calls this."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        # A TLS transport has no socket any more once the server has closed; `shutdown` still needs it.
        self._socket = transport.get_extra_info("socket")
        assert self._socket is not None
        with contextlib.suppress(OSError):
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def eof_received(self) -> bool:
        """Records that the server closed its half; asyncio calls this. The client's half stays open."""
        if self.tcp == "open":
            self.tcp = "closed"
            self.recording.end("TCP closed by the server")
        self._changed.set()
        return not isinstance(self._transport, asyncio.Transport) or self._is_plain()

    def connection_lost(self, exc: Exception | None) -> None:
        """Records how TCP ended; asyncio calls this."""
        self.failure = exc
        if self.tcp == "open":
            self.tcp = "reset" if isinstance(exc, ConnectionError) else "closed"
            self.recording.end("TCP reset by the server" if self.tcp == "reset" else "TCP closed")
        self._drained.set()
        self._changed.set()

    def pause_writing(self) -> None:
        """Makes writers wait; asyncio calls this."""
        self._drained.clear()

    def resume_writing(self) -> None:
        """Lets writers go on; asyncio calls this."""
        self._drained.set()

    # Writing

    async def send_bytes(self, data: bytes) -> None:
        """Sends ``data`` as it is, in a write of its own; does nothing once the connection has ended.

        Raises NotReceived when the server does not read it within the deadline.
        """
        if not self._write(data):
            return
        try:
            await asyncio.wait_for(self._drained.wait(), self.deadline)
        except TimeoutError:
            raise NotReceived(
                f"the server stopped reading: {len(data)} bytes could not be sent within {self.deadline:g} s"
            ) from None
        # The reader runs between two writes, and the kernel sends each as a segment of its own.
        await asyncio.sleep(0)

    async def send_split(self, data: bytes, *cuts: int) -> None:
        """Sends ``data`` cut at the offsets ``cuts``; between the pieces waits until the server has read."""
        for number, (start, end) in enumerate(itertools.pairwise((0, *cuts, len(data)))):
            if number and number < MAX_TURNS:
                await self.await_server_turn()
            await self.send_bytes(data[start:end])

    async def send_in_pieces(self, data: bytes, size: int) -> None:
        """Sends ``data`` in pieces of ``size`` bytes, see `send_split`."""
        await self.send_split(data, *range(size, len(data), size))

    def half_close(self) -> None:
        """Closes the client's direction of TCP (FIN) and goes on reading."""
        self.recording.note("we closed our half of TCP")
        self._finished = True
        if self._transport is not None and not self._transport.is_closing():
            if self._transport.can_write_eof():
                # A server that has just reset the connection left nothing to be closed.
                with contextlib.suppress(OSError):
                    self._transport.write_eof()
            else:
                self._transport.close()

    def reset(self) -> None:
        """Ends TCP with a reset (RST)."""
        self.recording.end("we reset TCP")
        if self._transport is None or self._socket is None:
            return
        with contextlib.suppress(OSError):
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
        self._transport.abort()

    def shutdown(self) -> None:
        """Shuts the socket down at once (FIN); can be called outside the event loop, and twice."""
        if self._socket is None:
            return
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def abort(self) -> None:
        """Closes the transport without waiting for what is not sent yet."""
        if self._transport is not None:
            self._transport.abort()

    async def start_tls(self, context: ssl.SSLContext, host: str) -> None:
        """Starts TLS; ``host`` is the name that the server's certificate must have."""
        assert self._transport is not None
        loop = asyncio.get_running_loop()
        wrapped = await loop.start_tls(self._transport, self, context, server_hostname=host)
        assert isinstance(wrapped, asyncio.Transport)
        self._transport = wrapped

    # Reading

    def pause_reading(self) -> None:
        """Stops reading until `resume_reading`, so that TCP's flow control stops the server."""
        if not self._paused and self._transport is not None and not self._transport.is_closing():
            self._paused = True
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Reads again after `pause_reading`."""
        if self._paused and self._transport is not None:
            self._paused = False
            self._transport.resume_reading()

    # Inside

    def _write(self, data: bytes) -> bool:
        """Writes without waiting; returns False once TCP, or the client's half of it, has ended."""
        if self._transport is None or self._transport.is_closing() or self._finished:
            return False
        self.recording.sent(data)
        self._transport.write(data)
        return True

    def _has_ended(self) -> bool:
        """Returns whether nothing more can come that is worth waiting for."""
        return self.tcp != "open"

    def _state_in_words(self) -> str:
        """Returns the state of the connection in words, for a failure."""
        return {
            "open": "the connection is open",
            "closed": "TCP closed without a Close frame",
            "reset": "TCP reset",
        }[self.tcp]

    def _is_plain(self) -> bool:
        return self._transport is not None and self._transport.get_extra_info("ssl_object") is None

    async def _until(
        self, condition: Callable[[], bool], what: str, deadline: float | None = None, *, ends: bool = True
    ) -> None:
        """Waits for ``condition``; with ``ends`` only until the connection has ended. Raises NotReceived."""
        limit = self.deadline if deadline is None else deadline
        give_up = asyncio.get_running_loop().time() + limit
        while not condition():
            if ends and self._has_ended():
                raise NotReceived(
                    f"expected {what}, but the server ended the connection: {self._state_in_words()}"
                )
            self._changed.clear()
            try:
                await asyncio.wait_for(self._changed.wait(), give_up - asyncio.get_running_loop().time())
            except TimeoutError:
                if condition():
                    return
                raise NotReceived(
                    f"expected {what}, but none came within {limit:g} s: {self._state_in_words()}"
                ) from None
