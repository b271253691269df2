"""Tests of GraphQL subscriptions: the entry, all events of a subscription, two at once, the close codes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pytest
import pytest_asyncio

from examples.conftest import OpenClient, Serving
from examples.graphql_api import (
    SUBPROTOCOL,
    SUBPROTOCOL_NOT_ACCEPTABLE,
    SUBSCRIBER_EXISTS,
    TOKEN,
    UNAUTHORIZED,
    serve_graphql,
)
from pytest_websocket import Client, JsonCodec, json_with

QUERY = "subscription Countdown($start: Int!) { countdown(start: $start) }"


@pytest.fixture(scope="module")
def url(serving: Serving) -> Iterator[str]:
    with serving(serve_graphql) as url:
        yield url


@pytest_asyncio.fixture
async def graphql(open_client: OpenClient, url: str) -> Client:
    """Returns a client that has entered; the server's pings of the application go to no wait."""
    client = await open_client(
        "graphql", url, subprotocols=[SUBPROTOCOL], codec=JsonCodec(), ignore=json_with(type="ping")
    )
    await client.send({"type": "connection_init", "payload": {"token": TOKEN}})
    await client.expect({"type": "connection_ack"})
    return client


async def subscribe(client: Client, key: str, start: int) -> None:
    payload = {"query": QUERY, "variables": {"start": start}}
    await client.send({"id": key, "type": "subscribe", "payload": payload})


def counted(messages: Iterable[Any], key: str) -> list[int]:
    """Returns the numbers of the events of one subscription."""
    return [
        message["payload"]["data"]["countdown"]
        for message in messages
        if (message["id"], message["type"]) == (key, "next")
    ]


async def test_subscription_brings_every_event_and_completes(graphql: Client) -> None:
    await subscribe(graphql, "1", 5)
    events = await graphql.collect(until=json_with(id="1", type="complete"))
    assert counted(events, "1") == [5, 4, 3, 2, 1]


async def test_two_subscriptions_run_at_once(graphql: Client) -> None:
    await subscribe(graphql, "a", 3)
    await subscribe(graphql, "b", 2)
    await graphql.wait_for(json_with(id="a", type="complete"))
    await graphql.wait_for(json_with(id="b", type="complete"))
    # What wait_for passed over is kept.
    assert (counted(graphql.skipped, "a"), counted(graphql.skipped, "b")) == ([3, 2, 1], [2, 1])


async def test_nothing_comes_after_the_client_has_completed(graphql: Client) -> None:
    await subscribe(graphql, "1", 100_000)
    await graphql.expect(json_with(id="1", type="next"))
    await graphql.send({"id": "1", "type": "complete"})
    await graphql.send({"type": "ping"})
    await graphql.wait_for({"type": "pong"})
    await graphql.expect_silence({"type": "ping"}, {"type": "pong"})


@pytest.mark.parametrize("token", ["wrong", ""])
async def test_wrong_token_is_refused(open_client: OpenClient, url: str, token: str) -> None:
    client = await open_client("unauthorised", url, subprotocols=[SUBPROTOCOL])
    await client.send_json({"type": "connection_init", "payload": {"token": token}})
    await client.expect_closed(4403, "Forbidden")


async def test_subscription_before_the_entry_is_refused(open_client: OpenClient, url: str) -> None:
    client = await open_client("hasty", url, subprotocols=[SUBPROTOCOL], codec=JsonCodec())
    await subscribe(client, "1", 1)
    await client.expect_closed(UNAUTHORIZED)


async def test_id_in_use_is_refused(graphql: Client) -> None:
    await subscribe(graphql, "1", 100_000)
    await subscribe(graphql, "1", 1)
    await graphql.expect_closed(SUBSCRIBER_EXISTS, "Subscriber for 1 already exists")


async def test_other_subprotocol_is_refused(open_client: OpenClient, url: str) -> None:
    client = await open_client("chat", url, subprotocols=["chat"])
    await client.expect_closed(SUBPROTOCOL_NOT_ACCEPTABLE)
