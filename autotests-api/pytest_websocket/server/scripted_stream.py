"""One accepted TCP connection: writes any bytes, notes how it ends, bounds every wait."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable
from typing import TypeVar

from pytest_websocket.client.failures import ExpectationFailed, failure
from pytest_websocket.recording import Recording

FailureT = TypeVar("FailureT", bound=ExpectationFailed)
Rows = tuple[tuple[str, str], ...]

_RESET_ON_CLOSE = b"\x01\x00\x00\x00\x00\x00\x00\x00"


class AcceptedStream(asyncio.Protocol):
    """The TCP side of one accepted connection.

    ``tcp`` is ``open``, ``closed`` (either side sent FIN) or ``reset``. ``deadline`` is in seconds
    and bounds every wait that has none of its own. ``recording`` is kept from the client's side: what
    the client sent is "sent" in it, so that a report shows the client under test.
    """

    def __init__(self, recording: Recording, deadline: float) -> None:
        self.recording = recording
        self.deadline = deadline
        self.tcp = "open"
        self.ended_by_client = False
        self._transport: asyncio.Transport | None = None
        self._finished = False
        self._lost = asyncio.Event()
        self._changed = asyncio.Event()
        self._drained = asyncio.Event()
        self._drained.set()

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keeps the transport; asyncio calls this."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        plug = transport.get_extra_info("socket")
        with contextlib.suppress(OSError):
            plug.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def eof_received(self) -> bool:
        """Notes the client's FIN; asyncio calls this. The server's half stays open; TLS has no halves."""
        self._end("closed", "TCP closed by the client", by_client=True)
        return self._transport is not None and self._transport.get_extra_info("ssl_object") is None

    def connection_lost(self, exc: Exception | None) -> None:
        """Notes how TCP ended; asyncio calls this."""
        if isinstance(exc, ConnectionError):
            self._end("reset", "TCP reset by the client", by_client=True)
        else:
            self._end("closed", "TCP closed by the server", by_client=False)
        self._lost.set()
        self._drained.set()

    def pause_writing(self) -> None:
        """Holds writers back; asyncio calls this."""
        self._drained.clear()

    def resume_writing(self) -> None:
        """Lets writers go on; asyncio calls this."""
        self._drained.set()

    # Writing

    async def send_bytes(self, data: bytes) -> None:
        """Writes ``data`` as it is, in a write of its own; nothing when TCP has ended.

        Raises ExpectationFailed when the client does not read it within the deadline.
        """
        if self._write(data):
            await self._drain(len(data))

    async def send_in_pieces(self, data: bytes, size: int) -> None:
        """Writes ``data`` in writes of ``size`` bytes each."""
        for start in range(0, len(data), size):
            await self.send_bytes(data[start : start + size])

    def half_close(self) -> None:
        """Sends FIN and goes on reading."""
        self._finished = True
        if (
            self._transport is not None
            and not self._transport.is_closing()
            and self._transport.can_write_eof()
        ):
            self.recording.note("the server closed its half of TCP")
            with contextlib.suppress(OSError):
                self._transport.write_eof()

    def abort(self) -> None:
        """Drops TCP at once without a Close frame, as a crash of the server would."""
        self._end("closed", "TCP dropped by the server", by_client=False)
        if self._transport is not None:
            self._transport.abort()

    def reset(self) -> None:
        """Ends TCP with RST."""
        self._end("reset", "TCP reset by the server", by_client=False)
        if self._transport is None:
            return
        plug = self._transport.get_extra_info("socket")
        with contextlib.suppress(OSError):
            plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self._transport.abort()

    def close_tcp(self) -> None:
        """Sends what is still to be sent, then closes TCP."""
        if self._transport is not None:
            self._transport.close()

    # Reading

    def stop_reading(self) -> None:
        """Leaves the client's bytes unread, so that TCP holds the client back."""
        if self._transport is not None and self._transport.is_reading():
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Reads again after `stop_reading`."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    async def wait_lost(self, seconds: float) -> bool:
        """Waits until the transport is gone; False when it is not after ``seconds``."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._lost.wait(), seconds)
        return self._lost.is_set()

    async def comes_true(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Waits for ``condition``, at most ``seconds``; returns whether it holds."""
        until = asyncio.get_running_loop().time() + seconds
        while not condition():
            self._changed.clear()
            try:
                await asyncio.wait_for(self._changed.wait(), until - asyncio.get_running_loop().time())
            except TimeoutError:
                return condition()
        return True

    # Inside

    def _write(self, data: bytes) -> bool:
        if self._transport is None or self._transport.is_closing() or self._finished:
            return False
        self.recording.received(data)
        self._transport.write(data)
        return True

    async def _drain(self, size: int) -> None:
        try:
            await asyncio.wait_for(self._drained.wait(), self.deadline)
        except TimeoutError:
            raise self._failure(
                f"the client stopped reading: {size} bytes could not be sent within {self.deadline:g} s"
            ) from None
        # Lets the reader run between two writes, and the kernel send each as a segment of its own.
        await asyncio.sleep(0)

    def _end(self, tcp: str, how: str, *, by_client: bool) -> None:
        if self.tcp == "open":
            self.tcp = tcp
            self.ended_by_client = by_client
            self.recording.end(how)
        self._changed.set()

    def _failure(self, headline: str, *rows: tuple[str, str]) -> ExpectationFailed:
        return failure(ExpectationFailed, headline, rows, self.recording)
