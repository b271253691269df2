"""Servers of a case's own: the program of ``--ws-command``, started once more, to be stopped by the case."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol
from urllib.parse import urlsplit

import pytest

from pytest_websocket.plugin.option_values import PORT
from pytest_websocket.plugin.options import option_value
from pytest_websocket.plugin.raw_assertions import RawConnection
from pytest_websocket.plugin.raw_connections import NotOpened
from pytest_websocket.plugin.recordings import Recordings
from pytest_websocket.plugin.server_under_test import SERVER
from pytest_websocket.server.process import describe_end, free_port
from pytest_websocket.target.dial import Unusable, connect_to, opening_for
from pytest_websocket.target.started_server import StartedServer
from pytest_websocket.target.target import Abilities, Target

CLEAN_ENDS = {0, -signal.SIGTERM, 128 + signal.SIGTERM}
"""Exit statuses after SIGTERM: of a program that handles it, of one that does not, of a shell or a JVM."""

_POLL = 0.05
"""Seconds between two looks at what a process holds."""


class OwnServer:
    """A running server; what it is asked to do at its end, it does without harm to other cases."""

    def __init__(self, started: StartedServer, abilities: Abilities, recordings: Recordings) -> None:
        self.started = started
        self.target = started.target
        self._abilities = abilities
        self._recordings = recordings
        self._connections: list[RawConnection] = []

    @property
    def end_deadline(self) -> float:
        """Seconds that the server may take to end: twice the deadline of a wait, by default ten."""
        return 2 * self.target.deadline

    async def dial(self, name: str = "raw", *, small_buffers: bool = False) -> RawConnection:
        """Returns a raw connection on which nothing has been sent yet; for ``small_buffers`` see `Dial`."""
        recording = self._recordings.new(name, self.target.url)
        connection = RawConnection(recording, self.target.deadline, self.target, self._abilities)
        self._connections.append(connection)
        return await connect_to(self.target, connection, small_buffers=small_buffers)

    async def open(self, name: str = "raw", *, small_buffers: bool = False) -> RawConnection:
        """Returns a raw connection after the handshake. Raises NotOpened when it is refused."""
        connection = await self.dial(name, small_buffers=small_buffers)
        response = await connection.handshake(opening_for(self.target))
        if not response.accepted:
            raise NotOpened(f"the opening handshake was refused: {response}")
        await connection.enter()
        return connection

    async def open_many(self, count: int) -> list[RawConnection]:
        """Returns ``count`` raw connections after the handshake."""
        return list(await asyncio.gather(*(self.open() for _ in range(count))))

    def terminate(self) -> None:
        """Sends SIGTERM to the program, as an operating system or a container does."""
        self.started.running.terminate()

    async def kill(self) -> None:
        """Ends the server and all that it has started at once, as a crash would."""
        await asyncio.to_thread(self.started.running.kill)

    async def expect_end(self) -> None:
        """Asserts that the program ends within `end_deadline` and cleanly."""
        __tracebackhide__ = True
        status = await self.end()
        if status is None:
            raise AssertionError(
                f"expected the server to end after SIGTERM, but it still runs after {self.end_deadline:g} s"
                f"{self.started.shown_output()}"
            )
        if status not in CLEAN_ENDS:
            raise AssertionError(
                f"expected the server to end cleanly after SIGTERM, but it {describe_end(status)}"
                f"{self.started.shown_output()}"
            )

    async def end(self) -> int | None:
        """Waits `end_deadline` for the end; returns the exit status, None where the program still runs."""
        return await asyncio.to_thread(self.started.running.wait, self.end_deadline)

    async def start_again(self) -> None:
        """Starts the server on the same port. Raises AssertionError where it does not start."""
        __tracebackhide__ = True
        try:
            await self.started.start()
        except Unusable as error:
            raise AssertionError(f"expected the server to start again on its port, but {error}") from None

    async def fewest_descriptors(self, *, until: int) -> int | None:
        """Returns how many descriptors the server holds once they are ``until`` at most, or at the deadline.

        None where that is not known.
        """
        loop = asyncio.get_running_loop()
        give_up = loop.time() + self.end_deadline
        while (usage := self.started.usage()) is not None:
            if usage.descriptors <= until or loop.time() >= give_up:
                return usage.descriptors
            await asyncio.to_thread(self.started.running.wait, _POLL)
        return None

    def close(self) -> None:
        """Closes the connections, and stops the server if it still runs."""
        for connection in self._connections:
            connection.abort()
        self._connections.clear()
        self.started.close()


class StartOwnServer(Protocol):
    """The type of the fixture `start_own_server`."""

    async def __call__(self) -> OwnServer:
        """Returns another server of the program under test, on a port of its own."""


def another_server(config: pytest.Config, target: Target) -> StartedServer:
    """Returns a server like the one under test, not started yet; skips the test where there can be none."""
    if target.embedded:
        from pytest_websocket.load.server_process import COMMAND, FOLDER

        if target.secure:
            pytest.skip("the embedded server has TLS only inside the process of the tests")
        url = f"ws://127.0.0.1:{free_port()}"
        return StartedServer(COMMAND, replace(target, url=url, embedded=False), folder=FOLDER)
    if app := option_value(config, "ws-app"):
        pytest.skip(f"an application has no process of its own: --ws-command 'uvicorn {app} --port {PORT}'")
    running = config.stash.get(SERVER, None)
    if running is None:
        pytest.skip("the case starts and stops the server, which needs its command: --ws-command")
    if not _chooses_port(running.command):
        pytest.skip(f"the case starts a second server, which needs a port of its own: {PORT} in --ws-command")
    parts = urlsplit(target.url)
    url = parts._replace(netloc=f"{parts.netloc.rpartition(':')[0]}:{free_port()}").geturl()
    return replace(running, target=replace(target, url=url), process=None, last_lines="")


def _chooses_port(command: Sequence[str]) -> bool:
    return any(PORT in word for word in command)
