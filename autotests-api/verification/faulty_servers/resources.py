"""Faults in slots, throttles and waiting: what one client uses others lack (the contract; RFC 6455 §10)."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from typing import ClassVar

from pytest_websocket.protocol.frames import Header, parse_header
from verification.faulty_servers.correct import Connection, EchoServer
from verification.faulty_servers.correct.framing import Message, Violation
from verification.faulty_servers.correct.request import Refusal, Request
from verification.faulty_servers.registry import fault

MANY_REPLIES = 32 << 10
"""Bytes of earlier replies; less than the server keeps before it stops reading."""


class SlotServer(EchoServer):
    """Has a number of slots, and keeps one when a connection ends in the way that `leaks` names."""

    slots = 8

    class SlotConnection(Connection):
        """Says how it ended."""

        ending = "reset"

        async def run(self) -> None:
            server = self.server
            assert isinstance(server, SlotServer)
            if server.slots <= 0:
                self.ending = "turned away"
                return
            await super().run()

        async def open(self) -> bool:
            opened = await super().open()
            if not opened:
                self.ending = "refused"
            return opened

        def end_of_stream(self) -> None:
            self.ending = "lost"
            super().end_of_stream()

        def fail(self, violation: Violation) -> None:
            self.ending = "failed"
            super().fail(violation)

        def on_close(self, payload: bytes) -> None:
            super().on_close(payload)
            self.ending = "closed"

    connection_class = SlotConnection
    leaks: ClassVar[tuple[str, ...]] = ()

    def release(self, connection: Connection) -> None:
        assert isinstance(connection, SlotServer.SlotConnection)
        self.slots -= connection.ending in self.leaks


@fault("contract", caught_by="test_client_is_served_again_after_it_broke_off")
class LeaksASlotWhenAConnectionIsLost(SlotServer):
    """A client that vanishes without a Close keeps its slot; after eight no client is served."""

    leaks = ("lost", "reset")


@fault("contract", caught_by="test_client_that_disconnects_does_not_disturb_another[disconnects by reset]")
class LeaksASlotWhenAConnectionIsReset(SlotServer):
    """A client that resets TCP keeps its slot; after three no client is served."""

    slots = 3
    leaks = ("reset",)


@fault("contract", caught_by="test_many_refused_requests_do_not_stop_the_server")
class LeaksASlotWhenARequestIsRefused(SlotServer):
    """A refused handshake keeps its slot; after eight no client is served."""

    leaks = ("refused",)


@fault(
    "contract",
    caught_by="test_client_that_disconnects_does_not_disturb_another[disconnects after a violation]",
)
class LeaksASlotAtAViolation(SlotServer):
    """A connection that ended in a violation keeps its slot; after eight no client is served."""

    leaks = ("failed",)


@fault("contract", caught_by="test_connections_one_after_another_are_all_served")
class LeaksASlotAtAGoodClose(SlotServer):
    """A connection that was closed well keeps its slot; after a hundred no client is served."""

    slots = 100
    leaks = ("closed",)


@fault("contract", caught_by="test_thousand_connections_at_once_receive_their_own_replies_only")
class ServesAHundredClientsAtOnce(EchoServer):
    """The hundred and first connection at a time is hung up."""

    capacity = 100

    class CountedConnection(Connection):
        """Looks around before it begins."""

        async def run(self) -> None:
            assert isinstance(self.server, ServesAHundredClientsAtOnce)
            if len(self.server.connections) <= self.server.capacity:
                await super().run()

    connection_class = CountedConnection


@fault("contract", caught_by="test_client_is_served_again_after_its_connection_failed")
class ServesOneClientAtATime(EchoServer):
    """A second client waits for its handshake until the first has left."""

    def __init__(self) -> None:
        super().__init__()
        self.turn = asyncio.Lock()

    class WaitingConnection(Connection):
        """Waits for its turn."""

        async def run(self) -> None:
            assert isinstance(self.server, ServesOneClientAtATime)
            async with self.server.turn:
                await super().run()

    connection_class = WaitingConnection


@fault("contract", caught_by="test_silent_connections_do_not_stop_the_server")
class OpensOneConnectionAtATime(EchoServer):
    """A client that is slow in its handshake keeps the others from theirs."""

    def __init__(self) -> None:
        super().__init__()
        self.turn = asyncio.Lock()

    class WaitingConnection(Connection):
        """Waits for its turn."""

        async def open(self) -> bool:
            assert isinstance(self.server, OpensOneConnectionAtATime)
            async with self.server.turn:
                return await super().open()

    connection_class = WaitingConnection


@fault("contract", caught_by="test_connections_one_after_another_are_all_served")
class RefusesFastReconnects(EchoServer):
    """More than twenty handshakes in a second are too many."""

    def __init__(self) -> None:
        super().__init__()
        self.recent: deque[float] = deque(maxlen=20)

    class ThrottledConnection(Connection):
        """Looks at the clock."""

        def judge(self, request: Request) -> None:
            super().judge(request)
            assert isinstance(self.server, RefusesFastReconnects)
            recent, now = self.server.recent, asyncio.get_running_loop().time()
            if len(recent) == recent.maxlen and now - recent[0] < 1:
                raise Refusal(429, "not so fast")
            recent.append(now)

    connection_class = ThrottledConnection


@fault("contract", caught_by="test_second_burst_is_answered_like_the_first")
class ThrottlesMessages(Connection):
    """More than fifty messages in a tenth of a second are too many; the rest is dropped."""

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)  # type: ignore[arg-type]
        self.recent: deque[float] = deque(maxlen=50)

    def message(self, message: Message) -> None:
        now = asyncio.get_running_loop().time()
        if len(self.recent) < 50 or now - self.recent[0] >= 0.1:
            self.recent.append(now)
            super().message(message)


@fault("contract", caught_by="test_unfinished_messages_of_many_do_not_stop_the_server")
class StopsTheLoopForAnUnfinishedMessage(EchoServer):
    """While a client is in the middle of a message, no other is answered."""

    class GreedyConnection(Connection):
        """Answers only when no other connection is inside a message."""

        async def serve(self) -> None:
            self.waiting: list[Message] = []
            await super().serve()

        def message(self, message: Message) -> None:
            others = [c for c in self.server.connections if c is not self and (c.in_message or c.header)]
            if others:
                asyncio.get_running_loop().call_later(0.01, self.message, message)
            else:
                super().message(message)

    connection_class = GreedyConnection


@fault("contract", caught_by="test_replies_that_are_read_late_all_come[long messages]")
class WaitsForTheSlowestReader(EchoServer):
    """No client is read from while one client does not read its replies."""

    class PoliteConnection(Connection):
        """Reads on when all others have taken what was sent to them."""

        async def fill(self) -> bool:
            for connection in self.server.connections - {self}:
                with contextlib.suppress(ConnectionError):
                    await connection.writer.drain()
            return await super().fill()

    connection_class = PoliteConnection


@fault("contract", caught_by="test_replies_that_are_read_late_all_come[empty messages]")
class HangsUpOnSlowReaders(Connection):
    """A client that does not read its replies as fast as they come is cut off."""

    def write(self, data: bytes) -> None:
        super().write(data)
        if self.writer.transport.get_write_buffer_size() > MANY_REPLIES + len(data):
            self.writer.transport.abort()


@fault("RFC 6455 §5.2", caught_by="test_length_with_its_top_bit_set_fails_the_connection[text-2^63]")
class ReadsAPayloadBeforeItLooksAtTheHeader(Connection):
    """A frame is judged when it is complete, so that a huge one is waited for."""

    def parse_header(self) -> Header | None:
        header = parse_header(self.buffer)
        if header is None or len(self.buffer) < min(header.total, 1 << 40):
            return None
        return header


@fault("contract", caught_by="test_thousand_connections_at_once_receive_their_own_replies_only")
class ServesAThousandClientsInAll(EchoServer):
    """Clients are counted when they come and not when they leave; after a thousand no client is accepted."""

    total = 0

    class CountedConnection(Connection):
        """Takes a number."""

        def judge(self, request: Request) -> None:
            super().judge(request)
            assert isinstance(self.server, ServesAThousandClientsInAll)
            self.server.total += 1
            if self.server.total > 1000:
                raise Refusal(503, "full")

    connection_class = CountedConnection


@fault("contract", caught_by="test_replies_that_are_read_late_all_come[empty messages]")
class NeverWakesAfterAFullBuffer(Connection):
    """A client that let replies pile up once is read no more, though it took them all in the end."""

    async def fill(self) -> bool:
        if self.piled_up:
            await asyncio.Event().wait()
        return await super().fill()

    piled_up = False

    def write(self, data: bytes) -> None:
        super().write(data)
        waiting = self.writer.transport.get_write_buffer_size()
        self.piled_up = self.piled_up or waiting > MANY_REPLIES + len(data)


class BooksMemory(Connection):
    """Asks the server whether there is room for what is announced."""

    server: NeverFreesWhatTheVanishedHeld

    def check_size(self, header: Header) -> None:
        super().check_size(header)
        if self.server.leaked + header.length > 2 * self.limit:
            raise self.too_big()


@fault(
    "contract", caught_by="test_unfinished_messages_of_many_do_not_stop_the_server", origin="blind round 3"
)
class NeverFreesWhatTheVanishedHeld(EchoServer):
    """What vanished clients had sent of a message is never freed, and taken from a total of 2 MiB."""

    connection_class: ClassVar[type[Connection]] = BooksMemory

    def __init__(self) -> None:
        super().__init__()
        self.leaked = 0

    def release(self, connection: Connection) -> None:
        if connection.in_message and not connection.close_sent:
            self.leaked += connection.received
