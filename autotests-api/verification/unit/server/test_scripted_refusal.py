"""A scripted server that refuses further clients keeps those that it has."""

import asyncio

import pytest
import websockets

from pytest_websocket.fixtures import StartServer


async def hello(url: str) -> None:
    async with websockets.connect(url) as client:
        await client.send("hello")
        await client.recv()


async def test_server_refuses_further_clients(ws_server: StartServer) -> None:
    server = await ws_server(allow_unexpected=True)
    waiting = asyncio.create_task(hello(f"{server.url}/not-answered"))
    talking = asyncio.create_task(hello(f"{server.url}/answered"))
    conversation = await server.accept("/answered")
    await conversation.expect("hello")
    server.refuse_clients()
    with pytest.raises((websockets.InvalidMessage, ConnectionError)):
        await waiting
    with pytest.raises(ConnectionRefusedError):
        await hello(server.url)
    await conversation.send("still here")
    await conversation.expect_closed(1000)
    await talking
