"""A raw TCP connection on plain asyncio: writes any bytes, notes how it ends, waits with a deadline."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import socket
import ssl
from collections.abc import Awaitable, Callable

from pytest_websocket.raw.ending import NotReceived
from pytest_websocket.recording import Recording

PACED = 200
"""Pieces of torn data that are paced; the rest follows as fast as it goes, to bound what tearing costs."""


async def _at_once() -> None:
    """Wait for nothing."""


class Stream(asyncio.Protocol):
    """One TCP connection to the target. What the bytes mean is decided one layer up, in `pytest_websocket.raw.connection`.

    ``tcp`` is ``open``, ``closed`` or ``reset``; ``failure`` is what ended it, where something did.
    ``deadline`` is in seconds, and bounds every wait that has none of its own. ``pace`` is awaited
    between pieces that must not arrive together.
    """

    def __init__(self, recording: Recording, deadline: float) -> None:
        self.recording = recording
        self.deadline = deadline
        self.pace: Callable[[], Awaitable[None]] = _at_once
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
        """Keep the transport; asyncio calls this."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        # A TLS transport forgets its socket as soon as the server has closed; we may still have to let go.
        self._socket = transport.get_extra_info("socket")
        assert self._socket is not None
        with contextlib.suppress(OSError):
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def eof_received(self) -> bool:
        """Note that the server closed its half; asyncio calls this. Our half stays open for the case."""
        if self.tcp == "open":
            self.tcp = "closed"
            self.recording.end("TCP closed by the server")
        self._changed.set()
        return not isinstance(self._transport, asyncio.Transport) or self._is_plain()

    def connection_lost(self, exc: Exception | None) -> None:
        """Note how TCP ended; asyncio calls this."""
        self.failure = exc
        if self.tcp == "open":
            self.tcp = "reset" if isinstance(exc, ConnectionError) else "closed"
            self.recording.end("TCP reset by the server" if self.tcp == "reset" else "TCP closed")
        self._drained.set()
        self._changed.set()

    def pause_writing(self) -> None:
        """Hold writers back; asyncio calls this."""
        self._drained.clear()

    def resume_writing(self) -> None:
        """Let writers go on; asyncio calls this."""
        self._drained.set()

    # Writing

    async def send_bytes(self, data: bytes) -> None:
        """Write ``data`` as it is, in a write of its own. A peer that is gone is told by reading."""
        if not self._write(data):
            return
        try:
            await asyncio.wait_for(self._drained.wait(), self.deadline)
        except TimeoutError:
            raise NotReceived(
                f"the server stopped reading: {len(data)} bytes could not be sent within {self.deadline:g} s"
            ) from None
        # Lets the reader run between two writes, and the kernel send each as a segment of its own.
        await asyncio.sleep(0)

    async def send_torn(self, data: bytes, *cuts: int) -> None:
        """Write ``data`` cut at the offsets ``cuts``; between the pieces the server gets its turn."""
        for number, (start, end) in enumerate(itertools.pairwise((0, *cuts, len(data)))):
            if number and number < PACED:
                await self.pace()
            await self.send_bytes(data[start:end])

    async def send_in_chops(self, data: bytes, size: int) -> None:
        """Write ``data`` in pieces of ``size`` bytes, see `send_torn`."""
        await self.send_torn(data, *range(size, len(data), size))

    def half_close(self) -> None:
        """Close our direction of TCP (FIN) and go on reading."""
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
        """End TCP with a reset (RST): the cable is cut."""
        self.recording.end("we reset TCP")
        if self._transport is None or self._socket is None:
            return
        with contextlib.suppress(OSError):
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
        self._transport.abort()

    def hang_up(self) -> None:
        """Let go of TCP at once, without a word; safe to call outside the event loop, and twice."""
        if self._socket is None:
            return
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def abort(self) -> None:
        """Free the transport."""
        if self._transport is not None:
            self._transport.abort()

    async def start_tls(self, context: ssl.SSLContext, host: str) -> None:
        """Speak TLS from here on; ``host`` is the name that the server's certificate has to carry."""
        assert self._transport is not None
        loop = asyncio.get_running_loop()
        wrapped = await loop.start_tls(self._transport, self, context, server_hostname=host)
        assert isinstance(wrapped, asyncio.Transport)
        self._transport = wrapped

    # Reading

    def stop_reading(self) -> None:
        """Leave the server's bytes where they are until `read_on`; TCP tells it when there is no room."""
        if not self._paused and self._transport is not None and not self._transport.is_closing():
            self._paused = True
            self._transport.pause_reading()

    def read_on(self) -> None:
        """Read again after `stop_reading`."""
        if self._paused and self._transport is not None:
            self._paused = False
            self._transport.resume_reading()

    # Inside

    def _write(self, data: bytes) -> bool:
        """Write without waiting; whether that was possible: not once TCP has ended, or our half of it."""
        if self._transport is None or self._transport.is_closing() or self._finished:
            return False
        self.recording.sent(data)
        self._transport.write(data)
        return True

    def _has_ended(self) -> bool:
        """Whether nothing more can come that is worth waiting for."""
        return self.tcp != "open"

    def _how_it_stands(self) -> str:
        """The connection in words, for a failure."""
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
        """Wait for ``condition``; with ``ends`` give up as soon as the connection can bring nothing more."""
        limit = self.deadline if deadline is None else deadline
        give_up = asyncio.get_running_loop().time() + limit
        while not condition():
            if ends and self._has_ended():
                raise NotReceived(
                    f"expected {what}, but the server ended the connection: {self._how_it_stands()}"
                )
            self._changed.clear()
            try:
                await asyncio.wait_for(self._changed.wait(), give_up - asyncio.get_running_loop().time())
            except TimeoutError:
                if condition():
                    return
                raise NotReceived(
                    f"expected {what}, but none came within {limit:g} s: {self._how_it_stands()}"
                ) from None
