"""A clean TCP link to a server, as an HTTP proxy, on which faults are put and taken away while it is used.

As a proxy the client keeps the URL of its target: Host header, TLS and certificates are those of the
server, whatever the link does to the bytes.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from pytest_websocket.network.noop import BOTH, TO_CLIENT, TO_SERVER, Direction, Fault, Finish, Reset

CHUNK = 1 << 16
LONGEST_REQUEST = 1 << 14


class Link:
    """Relays connections to one server. Made by `open_link`.

    ``opened`` counts the connections so far.
    """

    def __init__(self, host: str, port: int, *, relay: bool) -> None:
        self.opened = 0
        self._upstream = (host, port)
        self._relay = relay
        self._faults: list[tuple[Fault, Direction]] = []
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        """The proxy that a client has to go through."""
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def add(self, fault: Fault, towards: Direction = BOTH) -> Fault:
        """Put a fault on the link, behind those it has; living connections suffer it from their next byte."""
        self._faults.append((fault, towards))
        return fault

    def remove(self, fault: Fault) -> None:
        """Take a fault away."""
        self._faults = [entry for entry in self._faults if entry[0] is not fault]
        fault.removed()

    def cut(self) -> None:
        """Tear the cable: every connection ends with a reset on both sides. New ones can be made."""
        for writer in tuple(self._writers):
            _reset(writer)

    async def close(self) -> None:
        """Close the link and everything on it."""
        assert self._server is not None
        self._server.close()
        for fault, _ in self._faults:
            fault.removed()
        self.cut()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, limit=CHUNK)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        ends = [writer]
        self._writers.add(writer)
        # A connection that ends in any way is what links are for.
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            try:
                if not self._relay:
                    await reader.readuntil(b"\r\n\r\n")
                up_reader, up_writer = await asyncio.open_connection(*self._upstream, limit=CHUNK)
                ends.append(up_writer)
                self._writers.add(up_writer)
                self.opened += 1
                if not self._relay:
                    writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
                await asyncio.gather(
                    self._pump(reader, up_writer, TO_SERVER, ends),
                    self._pump(up_reader, writer, TO_CLIENT, ends),
                )
            finally:
                for end in ends:
                    self._writers.discard(end)
                    end.close()
                self._tasks.discard(task)

    async def _pump(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        towards: Direction,
        ends: Iterable[asyncio.StreamWriter],
    ) -> None:
        seen: dict[Fault, int] = {}
        try:
            while data := await reader.read(CHUNK):
                async for piece in self._through(self._those_on(towards), data, seen):
                    writer.write(piece)
                    await writer.drain()
            if all(fault.passes_the_end() for fault in self._those_on(towards)):
                writer.write_eof()
        except Finish:
            writer.write_eof()
        except (Reset, ConnectionError):
            # A reset of one side is a reset of the other: the link itself adds nothing.
            for end in ends:
                _reset(end)

    def _those_on(self, towards: Direction) -> list[Fault]:
        return [fault for fault, direction in self._faults if towards in direction]

    async def _through(
        self, faults: list[Fault], data: bytes, seen: dict[Fault, int]
    ) -> AsyncIterator[bytes]:
        if not faults:
            yield data
            return
        first, *others = faults
        before = seen.get(first, 0)
        seen[first] = before + len(data)
        async for piece in first.passes(data, before):
            async for rest in self._through(others, piece, seen):
                yield rest


@asynccontextmanager
async def open_link(host: str, port: int, *faults: Fault, relay: bool = False) -> AsyncIterator[Link]:
    """A link to ``host`` and ``port`` with these faults in both directions.

    With ``relay`` the server is an HTTP proxy itself and gets the client's CONNECT request unread.
    """
    link = Link(host, port, relay=relay)
    for fault in faults:
        link.add(fault)
    await link._listen()
    try:
        yield link
    finally:
        await link.close()


def _reset(writer: asyncio.StreamWriter) -> None:
    raw: socket.socket | None = writer.get_extra_info("socket")
    if raw is not None:
        with contextlib.suppress(OSError):
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
