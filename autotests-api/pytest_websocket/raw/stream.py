"""A TCP connection on plain asyncio: writes any bytes, records how it ends, waits with a deadline."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable

from pytest_websocket.protocol.rules import Role
from pytest_websocket.raw.ending import NotReceived
from pytest_websocket.recording import Recording

MAX_TURNS = 200
"""Pieces of one `send_split` that wait for the server's turn; the others do not, which bounds the time."""


async def _return_at_once() -> None:
    """Waits for nothing."""


class Stream(asyncio.Protocol):
    """One side of a TCP connection, as client or as server; `pytest_websocket.raw.framed` reads its bytes.

    ``role`` is this side's, ``peer`` the other's. ``tcp`` is ``open``, ``closed`` or ``reset``; ``failure``
    is the exception that ended it, if any. ``deadline`` is in seconds, and bounds every wait that is given
    no other. ``await_server_turn`` is awaited between pieces that must not arrive together. ``recording`` is
    the client's: what the client sends is "sent" in it, whichever side this is.
    """

    def __init__(self, recording: Recording, deadline: float, role: Role = Role.CLIENT) -> None:
        self.recording = recording
        self.deadline = deadline
        self.role = role
        self.peer = Role.SERVER if role is Role.CLIENT else Role.CLIENT
        self.await_server_turn: Callable[[], Awaitable[None]] = _return_at_once
        self.tcp = "open"
        self.is_lost = False
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
        """Records that the peer closed its half; asyncio calls this. This side's half stays open."""
        self._end("closed", f"TCP closed by the {self.peer}")
        return not isinstance(self._transport, asyncio.Transport) or self._is_plain()

    def connection_lost(self, exc: Exception | None) -> None:
        """Records how TCP ended; asyncio calls this."""
        self.failure = exc
        if isinstance(exc, ConnectionError):
            self._end("reset", f"TCP reset by the {self.peer}")
        else:
            self._end("closed", "TCP closed")
        self.is_lost = True
        self._drained.set()

    def pause_writing(self) -> None:
        """Makes writers wait; asyncio calls this."""
        self._drained.clear()

    def resume_writing(self) -> None:
        """Lets writers go on; asyncio calls this."""
        self._drained.set()

    # Writing

    async def send_bytes(self, data: bytes) -> None:
        """Sends ``data`` as it is, in a write of its own; does nothing once the connection has ended.

        Raises NotReceived when the peer does not read it within the deadline.
        """
        self._begin_sending()
        await self._send_bytes(data)

    async def _send_bytes(self, data: bytes) -> None:
        if self._write(data):
            await self._drain(len(data))

    async def _drain(self, size: int) -> None:
        if not self._drained.is_set():
            try:
                async with asyncio.timeout(self.deadline):
                    await self._drained.wait()
            except TimeoutError:
                limit = f"within {self.deadline:g} s"
                raise self._unfulfilled(
                    f"the {self.peer} stopped reading: {size} bytes could not be sent {limit}"
                ) from None
        # The reader runs between two writes, and the kernel sends each as a segment of its own.
        await asyncio.sleep(0)

    @property
    def unsent(self) -> int:
        """Returns the bytes that the client has not passed to its kernel yet."""
        return self._transport.get_write_buffer_size() if self._transport is not None else 0

    async def send_split(self, data: bytes, *cuts: int) -> None:
        """Sends ``data`` cut at the offsets ``cuts``; between the pieces waits until the server has read."""
        self._begin_sending()
        for number, (start, end) in enumerate(itertools.pairwise((0, *cuts, len(data)))):
            if number and number < MAX_TURNS:
                await self.await_server_turn()
            await self._send_bytes(data[start:end])

    async def send_in_pieces(self, data: bytes, size: int) -> None:
        """Sends ``data`` in pieces of ``size`` bytes, see `send_split`."""
        await self.send_split(data, *range(size, len(data), size))

    def half_close(self) -> None:
        """Closes this side's direction of TCP (FIN) and goes on reading."""
        self.recording.note(f"the {self.role} closed its half of TCP")
        self._finished = True
        if self._transport is not None and not self._transport.is_closing():
            if self._transport.can_write_eof():
                # A peer that has just reset the connection left nothing to be closed.
                with contextlib.suppress(OSError):
                    self._transport.write_eof()
            else:
                self._transport.close()

    def reset(self) -> None:
        """Ends TCP with a reset (RST)."""
        self._end("reset", f"TCP reset by the {self.role}")
        if self._transport is None or self._socket is None:
            return
        with contextlib.suppress(OSError):
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()

    def shutdown(self) -> None:
        """Shuts the socket down at once (FIN); can be called outside the event loop, and twice."""
        if self._socket is None:
            return
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def abort(self) -> None:
        """Drops TCP at once: what is not sent yet is lost."""
        self._end("closed", f"TCP dropped by the {self.role}")
        if self._transport is not None:
            # One that closed with data unsent has no loop any more, and asyncio of Python 3.11 asks for it.
            with contextlib.suppress(AttributeError):
                self._transport.abort()

    def close_tcp(self) -> None:
        """Closes TCP after what is not sent yet."""
        if self._transport is not None:
            self._transport.close()

    async def start_tls(self, context: ssl.SSLContext, host: str) -> None:
        """Starts TLS; ``host`` is the name that the server's certificate must have."""
        assert self._transport is not None
        loop = asyncio.get_running_loop()
        wrapped = await loop.start_tls(self._transport, self, context, server_hostname=host)
        assert isinstance(wrapped, asyncio.Transport)
        self._transport = wrapped

    # Reading

    def pause_reading(self) -> None:
        """Stops reading until `resume_reading`, so that TCP's flow control stops the peer."""
        if not self._paused and self._transport is not None and not self._transport.is_closing():
            self._paused = True
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Reads again after `pause_reading`."""
        if self._paused and self._transport is not None and not self._transport.is_closing():
            self._paused = False
            self._transport.resume_reading()

    async def comes_true(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Waits for ``condition`` for at most ``seconds`` and returns whether it came true."""
        try:
            await self._until(condition, "", seconds, ends=False)
        except NotReceived:
            return False
        return True

    # Inside

    def _begin_sending(self) -> None:
        """Is called before something is sent, once for all pieces of it."""

    def _write(self, data: bytes) -> bool:
        """Writes without waiting; returns False once TCP, or this side's half of it, has ended."""
        if self._transport is None or self._transport.is_closing() or self._finished:
            return False
        (self.recording.sent if self.role is Role.CLIENT else self.recording.received)(data)
        self._transport.write(data)
        return True

    def _record(self, data: bytes) -> None:
        """Records what the peer sent."""
        (self.recording.received if self.role is Role.CLIENT else self.recording.sent)(data)

    def _end(self, tcp: str, how: str) -> None:
        """Records how TCP ended; only the first call counts."""
        if self.tcp == "open":
            self.tcp = tcp
            self.recording.end(how)
        self._changed.set()

    def _unfulfilled(self, words: str) -> Exception:
        """Returns the error of a wait that was not fulfilled."""
        return NotReceived(words)

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

    def _end_in_words(self) -> str:
        """Returns why nothing more can come, for a failure."""
        return f"the {self.peer} ended the connection: {self._state_in_words()}"

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
                raise NotReceived(f"expected {what}, but {self._end_in_words()}")
            self._changed.clear()
            try:
                # wait_for of Python 3.11 loses a cancellation, such as Ctrl+C, when something comes with it.
                async with asyncio.timeout_at(give_up):
                    await self._changed.wait()
            except TimeoutError:
                if condition():
                    return
                raise NotReceived(
                    f"expected {what}, but none came within {limit:g} s: {self._state_in_words()}"
                ) from None
