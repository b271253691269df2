"""Fixture `ws_server`: scripted servers for tests of one's own client."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Generator
from typing import Any, Protocol

import pytest
import pytest_asyncio

from pytest_websocket.client import DEFAULT_DEADLINE
from pytest_websocket.plugin.options import option_value
from pytest_websocket.plugin.recordings import Recordings
from pytest_websocket.server.scripted import ScriptedServer


class Checked(Protocol):
    """Whatever is looked at after a test that passed."""

    async def check(self) -> None:
        """Raises AssertionError when something happened that the test did not ask for."""


RUNNING = pytest.StashKey[list[tuple[asyncio.AbstractEventLoop, Checked]]]()
"""What a test has running, each with the event loop that it runs in."""


class StartServer(Protocol):
    """Starts a scripted server."""

    async def __call__(
        self,
        *,
        tls: ssl.SSLContext | None = None,
        allow_unexpected: bool = False,
        allow_unread: bool = False,
        deadline: float | None = None,
    ) -> ScriptedServer:
        """A server that listens. ``tls`` makes its URL a wss one; ``deadline`` is in seconds, for every wait.

        ``allow_unexpected`` permits connections, ``allow_unread`` messages that the test did not ask for.
        """


@pytest_asyncio.fixture
async def ws_server(request: pytest.FixtureRequest, recordings: Recordings) -> AsyncIterator[StartServer]:
    """Factory of servers for tests of one's own client: ``server = await ws_server()``.

    They stop when the test ends. A connection or a message that the test did not ask for fails it.
    """
    servers: list[ScriptedServer] = []
    running = request.node.stash.setdefault(RUNNING, [])
    scale = option_value(request.config, "ws-time-scale") or 1.0
    usual = (option_value(request.config, "ws-timeout") or DEFAULT_DEADLINE) * scale

    async def start(
        *,
        tls: ssl.SSLContext | None = None,
        allow_unexpected: bool = False,
        allow_unread: bool = False,
        deadline: float | None = None,
    ) -> ScriptedServer:
        server = ScriptedServer(
            recordings.new,
            deadline=usual if deadline is None else deadline,
            tls=tls,
            allow_unexpected=allow_unexpected,
            allow_unread=allow_unread,
        )
        await server.start()
        servers.append(server)
        running.append((asyncio.get_running_loop(), server))
        return server

    yield start
    # pytest keeps its items to the end of the run.
    running.clear()
    for server in servers:
        await server.stop()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """Fails a test that passed although its server's clients did what it did not ask for."""
    result = yield
    for loop, server in item.stash.get(RUNNING, []):
        loop.run_until_complete(server.check())
    return result
