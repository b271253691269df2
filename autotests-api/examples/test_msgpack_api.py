"""Tests of the MessagePack API: values instead of bytes, in tests and in their failures."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import pytest_asyncio

from examples.conftest import OpenClient, Serving
from examples.msgpack_api import PRICES, serve_msgpack
from pytest_websocket import Client, ExpectationFailed, MessagePackCodec, json_with


@pytest.fixture(scope="module")
def url(serving: Serving) -> Iterator[str]:
    with serving(serve_msgpack) as url:
        yield url


@pytest_asyncio.fixture
async def prices(open_client: OpenClient, url: str) -> Client:
    """Returns a client for which ticks are no messages."""
    return await open_client("prices", url, codec=MessagePackCodec(), ignore=json_with(type="tick"))


@pytest.mark.parametrize("symbol", PRICES)
async def test_price_of_a_symbol_is_told(prices: Client, symbol: str) -> None:
    await prices.send({"symbol": symbol})
    await prices.expect({"type": "price", "symbol": symbol, "price": PRICES[symbol]})


async def test_unknown_symbol_is_an_error(prices: Client) -> None:
    await prices.send({"symbol": "NONE"})
    await prices.expect(json_with(type="error", reason="unknown"))


async def test_failure_shows_values_and_not_bytes(prices: Client) -> None:
    await prices.send({"symbol": "ACME"})
    with pytest.raises(ExpectationFailed, match=r"\$\.price: expected “43”, got “42”"):
        await prices.expect(json_with(type="price", price=43))
