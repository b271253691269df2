"""Tests of the JSON-RPC API: calls at the same time, errors, batches, notifications."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
import pytest_asyncio

from examples.conftest import OpenClient, Serving
from examples.jsonrpc_api import INVALID_PARAMS, METHOD_NOT_FOUND, serve_jsonrpc
from pytest_websocket import Client, JsonCodec, json_with


class Calls:
    """Calls over one connection; each has an id of its own, and waits for the reply with this id."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self._last = 0

    async def __call__(self, method: str, **params: Any) -> Any:
        self._last += 1
        number = self._last
        await self.client.send({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
        return await self.client.wait_for(json_with(id=number))


@pytest.fixture(scope="module")
def url(serving: Serving) -> Iterator[str]:
    with serving(serve_jsonrpc) as url:
        yield url


@pytest_asyncio.fixture
async def call(open_client: OpenClient, url: str) -> Calls:
    """Calls a method: ``reply = await call("divide", number=6, by=2)``."""
    return Calls(await open_client("caller", url, codec=JsonCodec()))


async def test_reply_has_the_result(call: Calls) -> None:
    assert (await call("divide", number=6, by=2))["result"] == 3


async def test_calls_at_the_same_time_get_their_own_replies(call: Calls) -> None:
    replies = await asyncio.gather(
        call("divide", number=6, by=2, digits=9),
        call("divide", number=8, by=2),
        call("divide", number=9, by=3),
    )
    assert [reply["result"] for reply in replies] == [3, 4, 3]


@pytest.mark.parametrize(
    ("method", "params", "code"),
    [("multiply", {}, METHOD_NOT_FOUND), ("divide", {"number": 1, "by": 0}, INVALID_PARAMS)],
)
async def test_call_that_cannot_be_answered_is_an_error(
    call: Calls, method: str, params: dict[str, Any], code: int
) -> None:
    assert (await call(method, **params))["error"]["code"] == code


async def test_batch_is_answered_by_a_batch(call: Calls) -> None:
    params = {"number": 6, "by": 2}
    await call.client.send(
        [{"jsonrpc": "2.0", "id": n, "method": "divide", "params": params} for n in (7, 8)]
    )
    await call.client.expect([{"jsonrpc": "2.0", "id": n, "result": 3} for n in (7, 8)])


async def test_notification_is_not_answered(call: Calls) -> None:
    notification = {"jsonrpc": "2.0", "method": "divide", "params": {"number": 6, "by": 2}}
    await call.client.send(notification)
    # The next message is the reply to the marker.
    marker = {**notification, "id": "marker", "params": {"number": 1, "by": 1, "digits": 1}}
    await call.client.expect_silence(marker, json_with(id="marker"))
