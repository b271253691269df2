"""Accepting connections and ending them all (RFC 6455 §7.4.1 for the code at shutdown)."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Sequence
from typing import ClassVar

from verification.faulty_servers.correct.connection import Connection


class EchoServer:
    """An echo server; the class of its connections is what most faults replace."""

    connection_class: ClassVar[type[Connection]] = Connection
    max_size = 1 << 20
    backlog = 4096
    send_buffer = 32 << 10
    """Bytes of the kernel's send buffer, so that it is full after the same replies on every machine."""

    def __init__(
        self, *, subprotocols: Sequence[str] = ("echo",), origins: Sequence[str] | None = None
    ) -> None:
        self.subprotocols = tuple(subprotocols)
        self.origins = origins
        self.connections: set[Connection] = set()
        self.tasks: set[asyncio.Task[None]] = set()
        self.listener: asyncio.Server | None = None

    @property
    def sockets(self) -> tuple[socket.socket, ...]:
        """The listening sockets."""
        return () if self.listener is None else tuple(self.listener.sockets)

    @contextlib.asynccontextmanager
    async def serve(self, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[EchoServer]:
        """Listens until the block ends; then closes every connection with 1001."""
        self.listener = await asyncio.start_server(self.accept, host, port, backlog=self.backlog)
        for listening in self.sockets:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, self.send_buffer)
        try:
            yield self
        finally:
            self.listener.close()
            await self.shut_down()

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serves one TCP connection; whatever happens in it stays in it."""
        connection = self.new_connection(reader, writer)
        task = asyncio.current_task()
        assert task is not None
        self.tasks.add(task)
        self.connections.add(connection)
        try:
            await connection.run()
        except (OSError, asyncio.CancelledError):
            pass  # An abrupt end is the client's business.
        finally:
            self.connections.discard(connection)
            self.tasks.discard(task)
            self.release(connection)
            writer.close()

    def new_connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Connection:
        """Returns the object that speaks with one client."""
        return self.connection_class(self, reader, writer)

    def release(self, connection: Connection) -> None:
        """Is called when a connection has ended in whatever way."""

    async def shut_down(self) -> None:
        """Sends every client a Close, then ends TCP."""
        await asyncio.gather(*(connection.go_away() for connection in list(self.connections)))
        for task in list(self.tasks):
            task.cancel()
        if self.tasks:
            await asyncio.wait(self.tasks)
