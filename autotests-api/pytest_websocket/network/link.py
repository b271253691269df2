"""A TCP link to a server, in the form of an HTTP proxy, that impairments are added to and removed from.

Because it is a proxy, the client connects to the URL of its target: Host header, TLS and certificates are
those of the server.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from pytest_websocket.network.impairment import BOTH, FIN, TO_CLIENT, TO_SERVER, Direction, Ended, Impairment

CHUNK = 1 << 16


class Link:
    """Relays connections to one server; made by `open_link`. ``opened`` counts its connections."""

    def __init__(self, host: str, port: int, *, relay: bool) -> None:
        self.opened = 0
        self._upstream = (host, port)
        self._relay = relay
        self._impairments: list[tuple[Impairment, Direction]] = []
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        """The URL of the proxy, for the client's ``proxy=``."""
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def add(self, impairment: Impairment, direction: Direction = BOTH) -> Impairment:
        """Adds an impairment after those the link has; open connections get it with their next byte."""
        self._impairments.append((impairment, direction))
        return impairment

    def remove(self, impairment: Impairment) -> None:
        """Removes an impairment."""
        self._impairments = [entry for entry in self._impairments if entry[0] is not impairment]
        impairment.removed()

    def reset(self) -> None:
        """Ends every open connection with RST to both sides. New ones can be made."""
        for writer in tuple(self._writers):
            _reset(writer)

    async def close(self) -> None:
        """Closes the link and its connections."""
        assert self._server is not None
        self._server.close()
        for impairment, _ in self._impairments:
            impairment.removed()
        self.reset()
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
        # Connections end in every way on purpose.
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
        direction: Direction,
        ends: Iterable[asyncio.StreamWriter],
    ) -> None:
        seen: dict[Impairment, int] = {}
        try:
            while data := await reader.read(CHUNK):
                async for piece in self._apply(self._impairments_of(direction), data, seen):
                    writer.write(piece)
                    await writer.drain()
            if all(impairment.passes_fin() for impairment in self._impairments_of(direction)):
                writer.write_eof()
        except (Ended, ConnectionError) as reason:
            if isinstance(reason, Ended) and reason.how is FIN:
                writer.write_eof()
                return
            # A reset of one side is passed on to the other.
            for end in ends:
                _reset(end)

    def _impairments_of(self, direction: Direction) -> list[Impairment]:
        return [impairment for impairment, directions in self._impairments if direction in directions]

    async def _apply(
        self, impairments: list[Impairment], data: bytes, seen: dict[Impairment, int]
    ) -> AsyncIterator[bytes]:
        if not impairments:
            yield data
            return
        first, *others = impairments
        before = seen.get(first, 0)
        seen[first] = before + len(data)
        async for piece in first.apply(data, before):
            async for rest in self._apply(others, piece, seen):
                yield rest


@asynccontextmanager
async def open_link(
    host: str, port: int, *impairments: Impairment, relay: bool = False
) -> AsyncIterator[Link]:
    """Yields a link to ``host`` and ``port`` with these impairments in both directions, and closes it.

    With ``relay`` the server is itself an HTTP proxy and gets the client's CONNECT request unchanged.
    """
    link = Link(host, port, relay=relay)
    for impairment in impairments:
        link.add(impairment)
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
