"""Fixture `ws_server`: scripted servers for tests of one's own client."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Generator
from typing import Any, Protocol

import pytest

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
        """Starts a server. ``tls`` makes its URL a wss one; ``deadline`` is in seconds, for every wait.

        ``allow_unexpected`` permits connections, ``allow_unread`` messages that the test did not ask for.
        """


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """Fails a test that passed although its server's clients did what it did not ask for."""
    result = yield
    for loop, server in item.stash.get(RUNNING, []):
        loop.run_until_complete(server.check())
    return result
