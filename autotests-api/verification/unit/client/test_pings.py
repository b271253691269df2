"""The server's Pings: a client that expects them, and one that does not answer them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection

from pytest_websocket.client import ConnectionEnded, ExpectationFailed
from verification.unit.client.handlers import BRIEF, says

HEARTBEAT = {"ping_interval": BRIEF, "ping_timeout": 2 * BRIEF}


async def wait(connection: ServerConnection) -> None:
    await connection.wait_closed()


async def test_client_that_answers_no_ping_is_dropped(peer: Any) -> None:
    client = await peer(wait, server=HEARTBEAT, answer_pings=False)
    await client.expect_ping(within=2)
    await client.expect_closed(1011)
    assert "PONG" not in client.recording.tail()


async def test_client_that_answers_every_ping_stays(peer: Any) -> None:
    client = await peer(wait, server=HEARTBEAT)
    for _ in range(4):
        await client.expect_ping(within=2)
    assert client.is_open
    assert "PONG" in client.recording.tail()


async def test_client_without_pongs_can_still_ping(peer: Any) -> None:
    client = await peer(wait, answer_pings=False)
    assert await client.ping() > 0


async def test_payload_of_the_ping_is_returned_and_messages_stay_to_be_read(peer: Any) -> None:
    async def handler(connection: ServerConnection) -> None:
        await connection.recv()
        # More messages than the client reads ahead of a test.
        for number in range(100):
            await connection.send(str(number))
        await asyncio.sleep(0)
        await connection.ping(b"beat")
        await connection.wait_closed()

    client = await peer(handler)
    payload, _ = await asyncio.gather(client.expect_ping(), client.send("ping me"))
    assert payload == b"beat"
    assert await client.collect(100) == [str(number) for number in range(100)]


async def test_missing_ping_is_told_with_the_last_one(peer: Any) -> None:
    async def handler(connection: ServerConnection) -> None:
        await connection.recv()
        await connection.ping()
        await connection.wait_closed()

    client = await peer(says())
    with pytest.raises(ExpectationFailed) as failure:
        await client.expect_ping(within=BRIEF)
    assert failure.value.headline == "no Ping came within 0.15 s"
    client = await peer(handler)
    await asyncio.gather(client.expect_ping(), client.send("ping me"))
    with pytest.raises(ExpectationFailed, match=r"the last: 0\.\d s ago, 1 Ping so far"):
        await client.expect_ping(within=BRIEF)


async def test_end_of_the_connection_is_no_ping(peer: Any) -> None:
    client = await peer(says("last words", then="close"))
    with pytest.raises(
        ConnectionEnded, match="no Ping came: the connection was closed by the server with 4001"
    ):
        await client.expect_ping()
    assert await client.receive() == "last words"


async def test_two_tasks_expect_the_same_ping(peer: Any) -> None:
    client = await peer(wait, server=HEARTBEAT)
    await asyncio.gather(client.expect_ping(within=2), client.expect_ping(within=2))


async def test_pong_comes_behind_more_messages_than_are_read_ahead(peer: Any) -> None:
    async def handler(connection: ServerConnection) -> None:
        for number in range(100):
            await connection.send(str(number))
        await connection.wait_closed()

    client = await peer(handler)
    assert await client.ping() > 0
    assert await client.collect(100) == [str(number) for number in range(100)]


async def test_ping_that_comes_when_its_wait_has_just_ended_breaks_nothing(peer: Any) -> None:
    async def handler(connection: ServerConnection) -> None:
        async for message in connection:
            await connection.ping(b"late")
            await connection.send(message)

    client = await peer(handler)
    ended = asyncio.get_running_loop().create_future()
    ended.cancel()
    client._connection.awaiting_ping.add(ended)
    payload, _ = await asyncio.gather(client.expect_ping(), client.send("ping me"))
    assert payload == b"late"
    assert await client.receive() == "ping me"
