"""Faults by which what one client sends keeps the others waiting (the contract; RFC 6455 §10)."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time

from verification.faulty_servers.correct import Connection
from verification.faulty_servers.correct.framing import Message
from verification.faulty_servers.registry import fault

LARGE = 500_000
"""Bytes from which on a message takes its time."""


@fault("contract", caught_by="test_large_message_does_not_keep_others_waiting[text]", origin="a public bug")
class BlocksForALargeMessage(Connection):
    """What is made of a large message is made in the event loop, for a second and a half."""

    def reply_to(self, message: Message) -> Message:
        if len(message) >= LARGE:
            time.sleep(1.5)
        return super().reply_to(message)


@fault(
    "contract", caught_by="test_compressed_message_does_not_keep_others_waiting[zeros]", origin="a public bug"
)
class BlocksWhileItInflates(Connection):
    """A message that inflates to much is inflated in the event loop, slowly."""

    def inflate_end(self) -> bytes:
        if self.size >= LARGE:
            time.sleep(1.5)
        return super().inflate_end()


@fault(
    "contract",
    caught_by="test_large_message_does_not_keep_others_waiting[text in fragments]",
    origin="a public bug",
)
class JoinsFragmentsOneByOne(Connection):
    """Each fragment is appended to a copy of those before it, and the whole of it is looked at again."""

    def add(self, data: bytes) -> None:
        super().add(data)
        time.sleep(len(self.characters) * 2e-6)


@fault("contract", caught_by="test_large_message_does_not_keep_others_waiting[text in empty fragments]")
class LogsEveryFragment(Connection):
    """Every fragment costs a millisecond of the event loop."""

    def add(self, data: bytes) -> None:
        super().add(data)
        if not data and not self.compressed:
            time.sleep(0.001)


@fault("contract", caught_by="test_large_message_does_not_keep_others_waiting[brackets]")
class ParsesWhatLooksLikeJson(Connection):
    """Messages that begin like JSON are parsed, in time that grows with the square of their depth."""

    def reply_to(self, message: Message) -> Message:
        if isinstance(message, str) and message.startswith("[{"):
            time.sleep(min((len(message) / 100_000) ** 2 * 0.02, 3))
        return super().reply_to(message)


@fault(
    "contract",
    caught_by="test_flood_that_is_not_read_does_not_keep_others_waiting[pings]",
    origin="a public bug",
)
class ReadsOnWhileThereIsSomething(Connection):
    """A connection is read until it is empty, and one that is never empty starves the others."""

    unconnected: socket.socket | None = None

    def start_codecs(self) -> None:
        super().start_codecs()
        self.transport.pause_reading()
        self.unconnected = socket.socket(fileno=socket.dup(self.writer.get_extra_info("socket").fileno()))
        self.unconnected.setblocking(False)

    @property
    def transport(self) -> asyncio.Transport:
        """The transport, which does not read any more: the connection reads its socket itself."""
        transport = self.writer.transport
        assert isinstance(transport, asyncio.Transport)
        return transport

    async def fill(self) -> bool:
        if self.unconnected is None:
            return await super().fill()
        chunk = await asyncio.get_running_loop().sock_recv(self.unconnected, 1 << 16)
        self.buffer += chunk
        self.read_on(self.unconnected)
        return bool(chunk)

    def read_on(self, unconnected: socket.socket) -> None:
        """Reads and handles what the socket holds, as long as it holds something."""
        with contextlib.suppress(OSError):
            while not self.finished and (chunk := unconnected.recv(1 << 16)):
                self.buffer += chunk
                self.feed_safely()
                time.sleep(0.1)

    async def end_tcp(self) -> None:
        if self.unconnected is not None:
            self.unconnected.close()
            self.transport.resume_reading()
        await super().end_tcp()


@fault(
    "contract",
    caught_by="test_flood_that_is_not_read_does_not_keep_others_waiting[pings]",
    origin="a public bug",
)
class AnswersPingsOneAtATime(Connection):
    """A Ping is answered by a task that holds the event loop for half a millisecond."""

    def on_ping(self, payload: bytes) -> None:
        super().on_ping(payload)
        if len(payload) == 125:
            time.sleep(0.003)


@fault("contract", caught_by="test_flood_that_is_not_read_does_not_keep_others_waiting[pongs]")
class SearchesThePingOfEachPong(Connection):
    """A Pong is looked up among all pings that were ever sent."""

    def on_pong(self, payload: bytes) -> None:
        super().on_pong(payload)
        if payload:
            time.sleep(0.003)


@fault("contract", caught_by="test_peers_that_never_read_do_not_stop_the_server")
class DrainsInTheEventLoop(Connection):
    """A reply is written until the client has taken it, and no other client is served meanwhile."""

    def write(self, data: bytes) -> None:
        super().write(data)
        began = time.monotonic()
        while self.writer.transport.get_write_buffer_size() > 1 << 17 and time.monotonic() - began < 3:
            time.sleep(0.01)
