"""Each impairment does what it says, no more, and only until it is removed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, suppress

import pytest

from pytest_websocket.network import (
    FIN,
    RESET,
    TO_CLIENT,
    TO_SERVER,
    Bandwidth,
    Blackhole,
    Corrupt,
    End,
    Freeze,
    Latency,
    Link,
    Noop,
    Slicer,
    open_link,
)

SILENCE = 0.05
"""Seconds without data that show that none is on its way over loopback."""


class Peer:
    """A TCP server that keeps what it receives; ``how`` is "closed" or "reset" once its connection ended."""

    writer: asyncio.StreamWriter

    def __init__(self) -> None:
        self.received = bytearray()
        self.segments: list[bytes] = []
        self.changed = asyncio.Event()
        self.ended = asyncio.Event()
        self.how = ""

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writer = writer
        try:
            while data := await reader.read(1 << 16):
                self.segments.append(data)
                self.received += data
                self.changed.set()
            self.how = "closed"
        except ConnectionError:
            self.how = "reset"
        self.ended.set()


class Path:
    """A client's streams, a server, and the link between them."""

    def __init__(
        self, link: Link, peer: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.link, self.peer, self.reader, self.writer = link, peer, reader, writer

    async def send(self, data: bytes) -> None:
        """Sends to the server and waits until all of it has arrived."""
        size = len(self.peer.received) + len(data)
        self.writer.write(data)
        async with asyncio.timeout(5):
            while len(self.peer.received) < size:
                self.peer.changed.clear()
                await self.peer.changed.wait()

    async def receives_nothing(self) -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(self.reader.read(1), SILENCE)


NewPath = Callable[[], Awaitable[Path]]


async def abort(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()
    with suppress(OSError):
        await writer.wait_closed()


@pytest.fixture
async def new_path() -> AsyncIterator[NewPath]:
    """Connects to a new server over a link without impairments."""
    async with AsyncExitStack() as stack:

        async def factory() -> Path:
            peer = Peer()
            server = await asyncio.start_server(peer, "127.0.0.1", 0)
            stack.callback(server.close)
            link = await stack.enter_async_context(
                open_link(*server.sockets[0].getsockname()[:2], relay=True)
            )
            host, port = link.url.removeprefix("http://").split(":")
            reader, writer = await asyncio.open_connection(host, int(port))
            stack.push_async_callback(abort, writer)
            path = Path(link, peer, reader, writer)
            # The server's end exists when the first byte has arrived.
            await path.send(b"?")
            peer.received.clear()
            peer.segments.clear()
            stack.push_async_callback(abort, peer.writer)
            return path

        yield factory


async def test_link_delivers_everything_in_both_directions(new_path: NewPath) -> None:
    path = await new_path()
    path.link.add(Noop())
    await path.send(bytes(range(256)) * 4_000)
    assert path.peer.received == bytes(range(256)) * 4_000
    path.peer.writer.write(b"answer" * 100_000)
    assert await path.reader.readexactly(600_000) == b"answer" * 100_000


async def test_link_passes_on_the_end_of_one_direction(new_path: NewPath) -> None:
    path = await new_path()
    path.writer.write_eof()
    await asyncio.wait_for(path.peer.ended.wait(), 5)
    assert path.peer.how == "closed"
    path.peer.writer.write(b"still open")
    assert await path.reader.readexactly(10) == b"still open"


async def test_link_passes_on_a_reset(new_path: NewPath) -> None:
    path = await new_path()
    path.peer.writer.transport.abort()
    assert await asyncio.wait_for(path.reader.read(1), 5) == b""


async def test_slicer_delivers_in_pieces_and_in_order(new_path: NewPath) -> None:
    path = await new_path()
    path.link.add(Slicer(3, pause=0.001), TO_SERVER)
    await path.send(b"0123456789")
    assert path.peer.received == b"0123456789"
    assert len(path.peer.segments) >= 3, "the pieces came as one segment"


async def test_latency_delays_by_what_it_says(new_path: NewPath) -> None:
    path = await new_path()
    path.link.add(Latency(0.05), TO_SERVER)
    began = time.monotonic()
    await path.send(b"late")
    assert time.monotonic() - began >= 0.05


async def test_bandwidth_is_no_more_than_it_says(new_path: NewPath) -> None:
    path = await new_path()
    path.link.add(Bandwidth(100_000), TO_SERVER)
    began = time.monotonic()
    await path.send(bytes(10_000))
    assert time.monotonic() - began >= 0.095


async def test_end_by_reset_ends_both_sides_after_so_many_bytes(new_path: NewPath) -> None:
    path = await new_path()
    path.link.add(End(after=4, how=RESET), TO_SERVER)
    path.writer.write(b"never whole")
    await asyncio.wait_for(path.peer.ended.wait(), 5)
    assert path.peer.how == "reset"
    assert len(path.peer.received) <= 4
    with pytest.raises(ConnectionResetError):
        await asyncio.wait_for(path.reader.read(1), 5)


async def test_reset_of_the_link_resets_both_sides(new_path: NewPath) -> None:
    path = await new_path()
    path.link.reset()
    await asyncio.wait_for(path.peer.ended.wait(), 5)
    assert path.peer.how == "reset"
    with pytest.raises(ConnectionResetError):
        await asyncio.wait_for(path.reader.read(1), 5)


async def test_end_by_fin_ends_one_direction_only(new_path: NewPath) -> None:
    path = await new_path()
    path.link.add(End(after=4, how=FIN), TO_SERVER)
    path.writer.write(b"half of it")
    await asyncio.wait_for(path.peer.ended.wait(), 5)
    assert (path.peer.how, bytes(path.peer.received)) == ("closed", b"half")
    path.peer.writer.write(b"reply")
    assert await path.reader.readexactly(5) == b"reply"


async def test_blackhole_drops_data_and_fin(new_path: NewPath) -> None:
    path = await new_path()
    path.link.add(Blackhole(after=2), TO_CLIENT)
    path.peer.writer.write(b"good bye")
    assert await path.reader.readexactly(2) == b"go"
    path.peer.writer.close()
    await path.receives_nothing()


async def test_freeze_delays_and_loses_nothing(new_path: NewPath) -> None:
    path = await new_path()
    freeze = path.link.add(Freeze(), TO_CLIENT)
    path.peer.writer.write(b"held ")
    await path.receives_nothing()
    path.peer.writer.write(b"back")
    path.link.remove(freeze)
    assert await asyncio.wait_for(path.reader.readexactly(9), 5) == b"held back"


async def test_corrupt_changes_one_byte_and_no_other(new_path: NewPath) -> None:
    path = await new_path()
    path.link.add(Corrupt(at=5, mask=0x20), TO_SERVER)
    await path.send(b"abc")
    await path.send(b"defghi")
    assert path.peer.received == b"abcdeFghi"


async def test_impairment_works_until_it_is_removed(new_path: NewPath) -> None:
    path = await new_path()
    await path.send(b"a")
    corrupt = path.link.add(Corrupt(at=0), TO_SERVER)
    await path.send(b"b")
    path.link.remove(corrupt)
    await path.send(b"c")
    assert path.peer.received == b"a\x9dc"


async def test_impairments_are_applied_in_the_order_in_which_they_were_added(new_path: NewPath) -> None:
    path = await new_path()
    path.link.add(Slicer(1), TO_SERVER)
    path.link.add(Corrupt(at=2, mask=0x20), TO_SERVER)
    await path.send(b"abcd")
    assert path.peer.received == b"abCd"


async def test_link_closes_although_data_is_frozen(new_path: NewPath) -> None:
    path = await new_path()
    path.link.add(Freeze())
    path.writer.write(b"stuck")
    await asyncio.wait_for(path.link.close(), 5)
    with pytest.raises(ConnectionResetError):
        await asyncio.wait_for(path.reader.read(1), 5)
