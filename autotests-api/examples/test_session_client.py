"""Tests that share one client, which logs in once for the whole session.

The fixture and the tests need the same event loop: ``loop_scope`` says so in both places. What a test leaves
behind, the next one finds.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from examples.pubsub_api import PASSWORDS
from pytest_websocket import Client, connect, json_with
from pytest_websocket.plugin.recordings import Recordings

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def logged_in(pubsub_url: str) -> AsyncIterator[Client]:
    """Yields a client that logs in before the first test, and leaves after the last."""
    async with connect(pubsub_url) as client:
        await client.send_json({"type": "login", "user": "anna", "password": PASSWORDS["anna"]})
        await client.expect({"type": "welcome", "user": "anna"})
        yield client


@pytest.fixture
def anna(logged_in: Client, recordings: Recordings) -> Client:
    """Returns the same client; its conversation is in the report of every test."""
    recordings.add(logged_in.recording)
    return logged_in


async def test_client_of_the_session_subscribes(anna: Client) -> None:
    await anna.send_json({"type": "subscribe", "topic": "sport"})
    await anna.expect({"type": "subscribed", "topic": "sport"})


async def test_client_of_the_session_publishes(anna: Client) -> None:
    await anna.send_json({"type": "publish", "topic": "weather", "text": "rain"})
    await anna.wait_for(json_with(type="published"))
