"""Tests of tokens that expire and are refreshed, and of a client that connects again and resumes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial

import pytest

from examples.conftest import OpenClient, Serving
from examples.feed_api import FIRST_TOKEN, REFRESH_TOKEN, TOKEN_EXPIRED, serve_feed
from pytest_websocket import expect_rejected, json_with

LIFETIME = 0.5
"""Seconds after which a token of the API expires."""


@pytest.fixture(scope="module")
def feed(serving: Serving) -> Iterator[str]:
    """Yields the URL of an API whose tokens outlive the test."""
    with serving(serve_feed) as url:
        yield url


@pytest.fixture(scope="module")
def brief(serving: Serving) -> Iterator[str]:
    """Yields the URL of an API whose tokens expire soon."""
    with serving(partial(serve_feed, lifetime=LIFETIME)) as url:
        yield url


def at(url: str, token: str = FIRST_TOKEN) -> str:
    return f"{url}/?token={token}"


async def test_unknown_token_is_refused_in_the_handshake(feed: str) -> None:
    await expect_rejected(at(feed, "unknown-token"), 401)


async def test_token_that_expires_ends_the_connection(open_client: OpenClient, brief: str) -> None:
    anna = await open_client("anna", at(brief))
    await anna.expect_closed(TOKEN_EXPIRED, "token expired")


async def test_refreshed_token_keeps_the_connection_and_opens_another(
    open_client: OpenClient, brief: str
) -> None:
    anna = await open_client("anna", at(brief))
    token = ""
    for _ in range(3):
        await anna.wait_for({"type": "expiring"})
        await anna.send_json({"type": "refresh", "refresh_token": REFRESH_TOKEN})
        token = json.loads(await anna.wait_for(json_with(type="refreshed")))["access_token"]
    # Without a refresh the connection would be closed by now.
    again = await open_client("anna again", at(brief, token))
    await again.wait_for({"type": "expiring"})


async def test_client_that_connects_again_gets_what_it_missed(open_client: OpenClient, feed: str) -> None:
    anna, boris = await open_client("anna", at(feed)), await open_client("boris", at(feed))
    await boris.send_json({"type": "publish", "text": "before"})
    number = int((await anna.receive_json())["number"])
    # The connection breaks without a Close frame, as in a tunnel.
    anna.abort()
    for text in ("missed", "missed, too"):
        await boris.send_json({"type": "publish", "text": text})
        await boris.wait_for(json_with(type="entry", text=text))
    again = await open_client("anna again", at(feed))
    await again.send_json({"type": "resume", "after": number})
    entries = await again.collect(until=json_with(type="resumed"))
    assert len(entries) == 3
    assert [text in entry for text, entry in zip(("missed", "missed, too"), entries, strict=False)] == [
        True,
        True,
    ]
