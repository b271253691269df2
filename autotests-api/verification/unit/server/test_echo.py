"""What `serve` promises to its callers."""

from __future__ import annotations

import asyncio
import re

import pytest
from websockets.asyncio.client import connect
from websockets.asyncio.server import Server
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Origin, Subprotocol

from pytest_websocket.server.echo import reply_to, serve
from pytest_websocket.server.promises import PREFIX


async def assert_serves(url: str) -> None:
    async with connect(url) as client:
        await client.send("still there?")
        assert await client.recv() == "Сервер получил: still there?"


def url_of(server: Server) -> str:
    host, port = server.sockets[0].getsockname()
    return f"ws://{host}:{port}"


async def test_serve_offers_compression_and_keepalive() -> None:
    async with serve() as server, connect(url_of(server)) as client:
        assert [extension.name for extension in client.protocol.extensions] == ["permessage-deflate"]
        await client.send("by now the server knows the connection")
        await client.recv()
        (connection,) = server.connections
        assert connection.ping_interval == 20


async def test_message_above_one_mebibyte_ends_the_connection_with_1009() -> None:
    async with serve() as server, connect(url_of(server), max_size=None) as client:
        await client.send(bytes(2**20))
        assert await client.recv() == PREFIX.encode() + bytes(2**20)
        await client.send(bytes(2**20 + 1))
        with pytest.raises(ConnectionClosed):
            await client.recv()
        assert client.close_code == 1009


@pytest.mark.parametrize(
    "offered, chosen",
    [
        pytest.param(["echo"], "echo", id="the known one"),
        pytest.param(["mqtt", "echo"], "echo", id="the known one among others"),
        pytest.param(["echo.v2", "echo"], "echo.v2", id="the client's first of two known"),
        pytest.param(["mqtt"], None, id="none of the known"),
        pytest.param(None, None, id="nothing offered"),
    ],
)
async def test_subprotocol_is_the_first_known_one_offered(
    offered: list[Subprotocol], chosen: str | None
) -> None:
    async with (
        serve(subprotocols=["echo", "echo.v2"]) as server,
        connect(url_of(server), subprotocols=offered) as client,
    ):
        assert client.subprotocol == chosen


async def test_origin_list_lets_in_named_pages_and_programs() -> None:
    async with serve(origins=["http://localhost:8000"]) as server:
        await assert_serves(url_of(server))
        async with connect(url_of(server), origin=Origin("http://localhost:8000")):
            pass
        with pytest.raises(InvalidStatus) as refused:
            await connect(url_of(server), origin=Origin("http://localhost:8001"))
    assert refused.value.response.status_code == 403


async def test_any_page_may_connect_without_an_origin_list() -> None:
    async with serve() as server, connect(url_of(server), origin=Origin("http://anywhere.example")) as client:
        assert client.request is not None
        assert client.request.headers["Origin"] == "http://anywhere.example"


async def test_connection_whose_peer_says_goodbye_leaves_no_line(caplog: pytest.LogCaptureFixture) -> None:
    async with serve() as server, connect(url_of(server)) as client:
        await client.close(4001, "причина")
    assert caplog.messages == []


async def test_connection_whose_peer_breaks_a_rule_leaves_one_line(
    caplog: pytest.LogCaptureFixture, deadline: float
) -> None:
    async with serve(max_size=10) as server:
        async with connect(url_of(server)) as client:
            await client.send("eleven bytes")
            await asyncio.wait_for(client.wait_closed(), deadline)
        while server.handler_tasks:
            await asyncio.wait(server.handler_tasks, timeout=deadline)
    (line,) = caplog.messages
    assert re.fullmatch(r"Connection from 127\.0\.0\.1:\d+ ended abnormally: .*1009.*", line)


async def test_server_ends_although_a_peer_does_not_answer(deadline: float) -> None:
    async with asyncio.timeout(deadline):
        async with serve(stop_grace=0.1) as server:
            port = server.sockets[0].getsockname()[1]
            _, before_handshake = await asyncio.open_connection("127.0.0.1", port)
            client = await connect(url_of(server))
            client.transport.pause_reading()
    before_handshake.close()
    client.transport.abort()


def test_reply_has_the_type_of_the_message() -> None:
    assert reply_to("текст") == "Сервер получил: текст"
    assert reply_to(b"\x00\xff") == "Сервер получил: ".encode() + b"\x00\xff"
