"""A correct server program in small methods, so that a fault can replace exactly one."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket

from verification.faulty_servers.correct import EchoServer


class Program:
    """Serves on a port until SIGTERM, tells every client that it goes, and ends."""

    server_class: type[EchoServer] = EchoServer

    def __init__(self, port: int) -> None:
        self.port = port
        self.stop = asyncio.Event()
        self.server = self.server_class()

    async def run(self) -> int:
        """Returns the exit status."""
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self.on_sigterm)
        listener = self.listening_socket()
        self.server.listener = await asyncio.start_server(self.server.accept, sock=listener, backlog=4096)
        await self.stop.wait()
        await self.end()
        return self.status()

    def listening_socket(self) -> socket.socket:
        """Returns a socket that may take over the port of a server that has just ended."""
        return socket.create_server(("127.0.0.1", self.port), backlog=4096)

    def on_sigterm(self) -> None:
        """Begins the end."""
        self.stop.set()

    async def end(self) -> None:
        """Accepts no more, closes every connection with 1001, and waits no longer than a moment."""
        self.stop_listening()
        await self.tell_all()
        await self.hang_up()

    def stop_listening(self) -> None:
        """Closes the listening socket."""
        assert self.server.listener is not None
        self.server.listener.close()

    async def tell_all(self) -> None:
        """Sends Close 1001 on every open connection."""
        await asyncio.gather(*(each.go_away() for each in list(self.server.connections)))

    async def hang_up(self) -> None:
        """Ends the connections that are left."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1):
                await asyncio.gather(*self.server.tasks, return_exceptions=True)
        for task in list(self.server.tasks):
            task.cancel()
        await asyncio.gather(*self.server.tasks, return_exceptions=True)

    def status(self) -> int:
        """Returns the exit status."""
        return 0
