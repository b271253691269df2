"""The API under test, and clients of it: connected, or logged in."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack

import pytest

from examples.pubsub_api import PASSWORDS, serve_pubsub
from pytest_websocket import Client, connect
from pytest_websocket.plugin.recordings import Recordings
from pytest_websocket.server.background import run_in_background

OpenClient = Callable[[str], Awaitable[Client]]
"""Opens a connection for the user of this name."""


@pytest.fixture(scope="session")
def pubsub_url() -> Iterator[str]:
    """The URL of the API under test."""
    with run_in_background(serve_pubsub) as server:
        yield server.url


@pytest.fixture
async def open_client(pubsub_url: str, recordings: Recordings) -> AsyncIterator[OpenClient]:
    """Opens a connection that is not logged in: ``client = await open_client("anna")``."""
    async with AsyncExitStack() as stack:

        async def factory(name: str) -> Client:
            connection = connect(pubsub_url, recording=recordings.new(name, pubsub_url))
            return await stack.enter_async_context(connection)

        yield factory


@pytest.fixture
def log_in(open_client: OpenClient) -> OpenClient:
    """Opens a connection and logs in: ``anna = await log_in("anna")``."""

    async def factory(user: str) -> Client:
        client = await open_client(user)
        await client.send_json({"type": "login", "user": user, "password": PASSWORDS[user]})
        await client.expect({"type": "welcome", "user": user})
        return client

    return factory
