"""The guide's own API: where it is, and how a test gets a client that is logged in."""

from contextlib import AsyncExitStack

import pytest

from examples.pubsub_api import PASSWORDS, open_newsroom
from pytest_websocket.client import client as websocket_client
from pytest_websocket.server.background import run_in_background


@pytest.fixture(scope="session")
def newsroom():
    """The URL of the API under test."""
    with run_in_background(open_newsroom) as server:
        yield server.url


@pytest.fixture
async def visit(newsroom, recordings):
    """Open a connection that is not logged in: ``client = await visit("anna")``."""
    async with AsyncExitStack() as stack:

        async def open_client(name):
            connection = websocket_client.connect(newsroom, recording=recordings.new(name, newsroom))
            return await stack.enter_async_context(connection)

        yield open_client


@pytest.fixture
def log_in(visit):
    """Open a connection and log in: ``anna = await log_in("anna")``."""

    async def open_and_log_in(user):
        client = await visit(user)
        await client.send_json({"type": "login", "user": user, "password": PASSWORDS[user]})
        await client.expect({"type": "welcome", "user": user})
        return client

    return open_and_log_in
