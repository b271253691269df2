"""The bad network is as bad as it says, no worse, and only as long as it is asked to be."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, suppress

import pytest

from pytest_websocket.network import (
    TO_CLIENT,
    TO_SERVER,
    Bandwidth,
    Blackhole,
    Corrupt,
    Cut,
    Freeze,
    HalfClose,
    Latency,
    Link,
    Noop,
    Slicer,
    open_link,
)

SOON = 0.05
"""Seconds in which a clean loopback delivers with ease; a silence this long is one."""


class Peer:
    """A TCP server that keeps what it hears, and says what it is told."""

    def __init__(self) -> None:
        self.heard = bytearray()
        self.segments: list[bytes] = []
        self.changed = asyncio.Event()
        self.ended = asyncio.Event()
        self.how = ""
        self.writer: asyncio.StreamWriter | None = None

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writer = writer
        try:
            while data := await reader.read(1 << 16):
                self.segments.append(data)
                self.heard += data
                self.changed.set()
            self.how = "closed"
        except ConnectionError:
            self.how = "reset"
        self.ended.set()


class Cable:
    """Two ends and the link between them."""

    def __init__(
        self, link: Link, peer: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.link, self.peer, self.reader, self.writer = link, peer, reader, writer

    async def carry(self, data: bytes) -> None:
        """Send to the server, and wait until all of it is there."""
        size = len(self.peer.heard) + len(data)
        self.writer.write(data)
        async with asyncio.timeout(5):
            while len(self.peer.heard) < size:
                self.peer.changed.clear()
                await self.peer.changed.wait()

    async def hears_nothing(self) -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(self.reader.read(1), SOON)


async def hang_up(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()
    with suppress(OSError):
        await writer.wait_closed()


@pytest.fixture
async def lay() -> AsyncIterator[Callable[[], Awaitable[Cable]]]:
    """Lay a clean cable to a server of its own."""
    async with AsyncExitStack() as stack:

        async def factory() -> Cable:
            peer = Peer()
            server = await asyncio.start_server(peer, "127.0.0.1", 0)
            stack.callback(server.close)
            link = await stack.enter_async_context(
                open_link(*server.sockets[0].getsockname()[:2], relay=True)
            )
            host, port = link.url.removeprefix("http://").split(":")
            reader, writer = await asyncio.open_connection(host, int(port))
            stack.push_async_callback(hang_up, writer)
            # The server's end is there when the first byte is.
            cable = Cable(link, peer, reader, writer)
            await cable.carry(b"?")
            peer.heard.clear()
            peer.segments.clear()
            stack.push_async_callback(hang_up, peer.writer)
            return cable

        yield factory


async def test_clean_link_carries_everything_both_ways(lay) -> None:
    cable = await lay()
    cable.link.add(Noop())
    await cable.carry(bytes(range(256)) * 4_000)
    assert cable.peer.heard == bytes(range(256)) * 4_000
    cable.peer.writer.write(b"answer" * 100_000)
    assert await cable.reader.readexactly(600_000) == b"answer" * 100_000


async def test_end_of_one_direction_goes_on_over_a_clean_link(lay) -> None:
    cable = await lay()
    cable.writer.write_eof()
    await asyncio.wait_for(cable.peer.ended.wait(), 5)
    assert cable.peer.how == "closed"
    cable.peer.writer.write(b"still open")
    assert await cable.reader.readexactly(10) == b"still open"


async def test_reset_of_one_side_goes_on_over_a_clean_link(lay) -> None:
    cable = await lay()
    cable.peer.writer.transport.abort()
    assert await asyncio.wait_for(cable.reader.read(1), 5) == b""


async def test_slicer_delivers_in_pieces_and_in_order(lay) -> None:
    cable = await lay()
    cable.link.add(Slicer(3, pause=0.001), TO_SERVER)
    await cable.carry(b"0123456789")
    assert cable.peer.heard == b"0123456789"
    assert len(cable.peer.segments) >= 3, "the pieces came as one segment"


async def test_latency_delays_by_what_it_says(lay) -> None:
    cable = await lay()
    cable.link.add(Latency(0.05), TO_SERVER)
    began = time.monotonic()
    await cable.carry(b"late")
    assert time.monotonic() - began >= 0.05


async def test_bandwidth_is_no_more_than_it_says(lay) -> None:
    cable = await lay()
    cable.link.add(Bandwidth(100_000), TO_SERVER)
    began = time.monotonic()
    await cable.carry(bytes(10_000))
    assert time.monotonic() - began >= 0.095


async def test_cut_resets_both_sides_after_so_many_bytes(lay) -> None:
    cable = await lay()
    cable.link.add(Cut(after=4), TO_SERVER)
    cable.writer.write(b"never whole")
    await asyncio.wait_for(cable.peer.ended.wait(), 5)
    assert cable.peer.how == "reset"
    assert len(cable.peer.heard) <= 4
    with pytest.raises(ConnectionResetError):
        await asyncio.wait_for(cable.reader.read(1), 5)


async def test_cut_of_the_link_resets_both_sides(lay) -> None:
    cable = await lay()
    cable.link.cut()
    await asyncio.wait_for(cable.peer.ended.wait(), 5)
    assert cable.peer.how == "reset"
    with pytest.raises(ConnectionResetError):
        await asyncio.wait_for(cable.reader.read(1), 5)


async def test_half_close_ends_one_direction_only(lay) -> None:
    cable = await lay()
    cable.link.add(HalfClose(after=4), TO_SERVER)
    cable.writer.write(b"half of it")
    await asyncio.wait_for(cable.peer.ended.wait(), 5)
    assert (cable.peer.how, bytes(cable.peer.heard)) == ("closed", b"half")
    cable.peer.writer.write(b"heard")
    assert await cable.reader.readexactly(5) == b"heard"


async def test_blackhole_swallows_what_comes_and_the_end_of_it(lay) -> None:
    cable = await lay()
    cable.link.add(Blackhole(after=2), TO_CLIENT)
    cable.peer.writer.write(b"good bye")
    assert await cable.reader.readexactly(2) == b"go"
    cable.peer.writer.close()
    await cable.hears_nothing()


async def test_freeze_holds_back_and_loses_nothing(lay) -> None:
    cable = await lay()
    freeze = cable.link.add(Freeze(), TO_CLIENT)
    cable.peer.writer.write(b"held ")
    await cable.hears_nothing()
    cable.peer.writer.write(b"back")
    cable.link.remove(freeze)
    assert await asyncio.wait_for(cable.reader.readexactly(9), 5) == b"held back"


async def test_corrupt_changes_one_byte_and_no_other(lay) -> None:
    cable = await lay()
    cable.link.add(Corrupt(at=5, mask=0x20), TO_SERVER)
    await cable.carry(b"abc")
    await cable.carry(b"defghi")
    assert cable.peer.heard == b"abcdeFghi"


async def test_fault_works_from_its_adding_to_its_removing(lay) -> None:
    cable = await lay()
    await cable.carry(b"a")
    corrupt = cable.link.add(Corrupt(at=0), TO_SERVER)
    await cable.carry(b"b")
    cable.link.remove(corrupt)
    await cable.carry(b"c")
    assert cable.peer.heard == b"a\x9dc"


async def test_faults_work_one_behind_the_other(lay) -> None:
    cable = await lay()
    cable.link.add(Slicer(1), TO_SERVER)
    cable.link.add(Corrupt(at=2, mask=0x20), TO_SERVER)
    await cable.carry(b"abcd")
    assert cable.peer.heard == b"abCd"


async def test_link_that_closes_lets_go_of_what_is_frozen(lay) -> None:
    cable = await lay()
    cable.link.add(Freeze())
    cable.writer.write(b"stuck")
    await asyncio.wait_for(cable.link.close(), 5)
    with pytest.raises(ConnectionResetError):
        await asyncio.wait_for(cable.reader.read(1), 5)
