"""Tests of an ASGI app, and of a flow over REST and WebSocket: what one does, the other brings."""

from __future__ import annotations

import socket
import threading
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
import pytest_asyncio
import uvicorn

from examples.conftest import OpenClient
from examples.orders_app import TOKEN, UNAUTHORISED, Orders
from pytest_websocket import Client, JsonCodec, json_with

BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Serves the app with uvicorn in a thread: HOST:PORT."""
    config = uvicorn.Config(Orders(), log_level="error", lifespan="off", ws="websockets-sansio")
    server = uvicorn.Server(config)
    # The socket listens before the server runs, so that no wait for it is needed.
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join()


@pytest_asyncio.fixture
async def rest(address: str) -> AsyncIterator[httpx.AsyncClient]:
    """Yields a client of the REST part."""
    async with httpx.AsyncClient(base_url=f"http://{address}", headers=BEARER, trust_env=False) as client:
        yield client


@pytest_asyncio.fixture
async def events(open_client: OpenClient, address: str) -> Client:
    """Returns a client of the WebSocket part."""
    return await open_client("events", f"ws://{address}/events", headers=BEARER, codec=JsonCodec())


async def test_order_that_is_made_over_rest_is_an_event(rest: httpx.AsyncClient, events: Client) -> None:
    answer = await rest.post("/orders", json={"item": "tea"})
    assert answer.status_code == 201
    await events.expect({"type": "order", "id": answer.json()["id"], "item": "tea", "status": "new"})


async def test_order_that_is_confirmed_over_websocket_is_so_over_rest(
    rest: httpx.AsyncClient, events: Client
) -> None:
    order = (await rest.post("/orders", json={"item": "cake"})).json()
    await events.send({"type": "confirm", "id": order["id"]})
    await events.wait_for(json_with(id=order["id"], status="confirmed"))
    assert (await rest.get(f"/orders/{order['id']}")).json() == {**order, "status": "confirmed"}


async def test_every_client_gets_the_event(
    rest: httpx.AsyncClient, events: Client, open_client: OpenClient, address: str
) -> None:
    other = await open_client("other", f"ws://{address}/events", headers=BEARER, codec=JsonCodec())
    order = (await rest.post("/orders", json={"item": "jam"})).json()
    for client in (events, other):
        await client.expect(json_with(id=order["id"], item="jam"))


async def test_client_without_a_token_is_refused_by_both(
    rest: httpx.AsyncClient, open_client: OpenClient, address: str
) -> None:
    assert (await rest.get("/orders/1", headers={"Authorization": ""})).status_code == 401
    unauthorised = await open_client("unauthorised", f"ws://{address}/events")
    await unauthorised.expect_closed(UNAUTHORISED, "unauthorised")
