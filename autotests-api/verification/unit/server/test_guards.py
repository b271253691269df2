"""The echo server's list of origins, and that it drops connections that have ended."""

from __future__ import annotations

import asyncio

import pytest
from websockets.asyncio.server import Server

from pytest_websocket.client import connect, expect_rejected
from pytest_websocket.server.echo import reply_to, serve

ALLOWED = "https://app.example.com"
FOREIGN = {
    "another site": "https://evil.example",
    "after the name": "https://app.example.com.evil.example",
    "before the name": "https://evil-app.example.com",
    "a part of the name": "https://example.com",
    "below the name": "https://evil.app.example.com",
    "another scheme": "http://app.example.com",
    "another port": "https://app.example.com:8443",
    "as a user name": "https://app.example.com@evil.example",
    "as a path": "https://evil.example/https://app.example.com",
    "null": "null",
    "with a slash": "https://app.example.com/",
    "a dot for a letter": "https://appxexample.com",
    "two": "https://app.example.com https://evil.example",
}


def url_of(server: Server) -> str:
    return f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@pytest.mark.parametrize("origin", FOREIGN.values(), ids=FOREIGN.keys())
async def test_page_of_another_origin_is_refused_with_403(origin: str) -> None:
    async with serve(origins=[ALLOWED]) as server:
        await expect_rejected(url_of(server), 403, origin=origin)


@pytest.mark.parametrize("origin", [ALLOWED, None], ids=["the page", "no browser"])
async def test_page_on_the_list_is_accepted(origin: str | None) -> None:
    async with serve(origins=[ALLOWED]) as server, connect(url_of(server), origin=origin) as client:
        assert await client.ask("hello") == reply_to("hello")


async def test_aborted_connections_are_dropped_by_the_server() -> None:
    async with serve() as server:
        for _ in range(20):
            client = await connect(url_of(server))
            await client.ask("here")
            client.abort()
        async with asyncio.timeout(5), connect(url_of(server)) as again:
            while len(server.connections) > 1:
                await again.ask("still?")
