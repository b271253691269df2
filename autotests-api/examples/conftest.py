"""The APIs under test, and clients of them: connected, or logged in."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AbstractContextManager, AsyncExitStack, contextmanager
from typing import Any, Protocol

import pytest
import pytest_asyncio
from websockets.asyncio.server import Server

from examples.pubsub_api import PASSWORDS, serve_pubsub
from pytest_websocket import Client, connect
from pytest_websocket.plugin.recordings import Recordings
from pytest_websocket.server.background import run_in_background

Serving = Callable[[Callable[[], AbstractAsyncContextManager[Server]]], AbstractContextManager[str]]
"""Serves an API, and gives its URL: ``with serving(serve_jsonrpc) as url``."""

LogIn = Callable[[str], Awaitable[Client]]
"""Opens a connection and logs in: ``anna = await log_in("anna")``."""


class OpenClient(Protocol):
    """Opens a connection whose name stands in the report; ``url`` is that of the pub/sub API by default."""

    def __call__(self, name: str, url: str = "", **settings: Any) -> Awaitable[Client]: ...


@pytest.fixture(scope="session")
def serving() -> Serving:
    """Serves an API in a thread of its own."""

    @contextmanager
    def start(serve: Callable[[], AbstractAsyncContextManager[Server]]) -> Iterator[str]:
        with run_in_background(serve) as server:
            yield server.url

    return start


@pytest.fixture(scope="session")
def pubsub_url(serving: Serving) -> Iterator[str]:
    """Yields the URL of the publish/subscribe API."""
    with serving(serve_pubsub) as url:
        yield url


@pytest_asyncio.fixture
async def open_client(pubsub_url: str, recordings: Recordings) -> AsyncIterator[OpenClient]:
    """Opens connections that are closed after the test: ``client = await open_client("anna")``."""
    async with AsyncExitStack() as stack:

        async def factory(name: str, url: str = "", **settings: Any) -> Client:
            recording = recordings.new(name, url or pubsub_url)
            return await stack.enter_async_context(
                connect(url or pubsub_url, recording=recording, **settings)
            )

        yield factory


@pytest.fixture
def log_in(open_client: OpenClient) -> LogIn:
    """Opens a connection and logs in: ``anna = await log_in("anna")``."""

    async def factory(user: str) -> Client:
        client = await open_client(user)
        await client.send_json({"type": "login", "user": user, "password": PASSWORDS[user]})
        await client.expect({"type": "welcome", "user": user})
        return client

    return factory
