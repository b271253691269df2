"""Listens where a server has no business: a connection to it was made in the server's name."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pytest_websocket.text import printable

_LONGEST = 200
"""Bytes of a request that are kept."""


class Canary:
    """A listener on loopback; ``called`` are the beginnings of what was sent to it."""

    def __init__(self) -> None:
        self.called: list[str] = []
        self.port = 0
        self._writers: set[asyncio.StreamWriter] = set()

    @property
    def authority(self) -> str:
        """Host and port, as a URL names them."""
        return f"127.0.0.1:{self.port}"

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Listens on a free port until the block ends, which drops whatever has connected."""
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield
        finally:
            server.close()
            for writer in self._writers:
                writer.transport.abort()

    def expect_never_called(self) -> None:
        """Raises AssertionError where something has connected."""
        assert not self.called, (
            f"the server connected to an inner address that a request named: {self.called[0]}"
        )

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.called.append("a connection without a request")
        self._writers.add(writer)
        # That something connected is all that matters: it may reset the connection at once.
        with contextlib.suppress(ConnectionError):
            if data := await reader.read(_LONGEST):
                self.called[-1] = printable(data.decode("latin-1"))
            writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        writer.close()
