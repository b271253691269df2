"""The client loses nothing, and its factory closes what it opened."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from pytest_websocket.client import (
    Closing,
    ExpectationFailed,
)
from pytest_websocket.plugin.clients import Connect
from verification.unit.client.handlers import (
    echo,
    says,
)


async def test_messages_that_came_before_the_wait_are_read_in_order(peer: Any) -> None:
    client = await peer(says("1", b"2", "3", then="close"))
    await client.expect_closed(4001)
    assert [await client.receive() for _ in range(3)] == ["1", b"2", "3"]


async def test_more_messages_than_the_library_buffers_survive_the_end(peer: Any) -> None:
    client = await peer(says(*map(str, range(500)), then="close"))
    assert await client.expect_closed() == Closing(4001, "said all")
    assert await client.collect(500) == [str(number) for number in range(500)]


async def test_wait_that_failed_loses_no_message(peer: Any) -> None:
    client = await peer(echo)
    for number in range(50):
        waiting = asyncio.ensure_future(client.receive())
        await client.send(str(number))
        waiting.cancel()
        await asyncio.wait([waiting])
        if waiting.cancelled():
            assert await client.receive() == str(number)
        else:
            assert waiting.result() == str(number)


async def test_close_leaves_the_unread_messages_to_be_read(peer: Any) -> None:
    client = await peer(says(*map(str, range(40))))
    await client.expect("0")
    await client.close()
    assert (await client.collect())[:16] == [str(number) for number in range(1, 17)]


async def test_ask_returns_the_next_message(peer: Any) -> None:
    client = await peer(echo)
    assert await client.ask("Привет") == "Привет"
    assert await client.ask(b"\x00\xff") == b"\x00\xff"


async def test_iterable_goes_as_fragments_of_one_message(peer: Any) -> None:
    client = await peer(echo)
    await client.send(["one ", "two"])
    await client.expect("one two")
    assert [frame.fin for frame in client.recording.frames if frame.sent] == [False, False, True]


async def test_json_travels_as_readable_text(peer: Any) -> None:
    client = await peer(echo)
    await client.send_json({"имя": "Ёж", "n": [1, 2.5, None]})
    assert await client.receive_json() == {"имя": "Ёж", "n": [1, 2.5, None]}
    assert "Ёж" in client.recording.frames[0].data.decode()


@pytest.mark.parametrize("message", ["not json", "[" * 100_000], ids=["words", "too deep"])
async def test_message_that_is_not_json_is_shown(peer: Any, message: Any) -> None:
    client = await peer(says(message))
    with pytest.raises(ExpectationFailed, match="the next message is not JSON") as failure:
        await client.receive_json()
    assert message[:20] in str(failure.value)


async def test_ping_returns_the_round_trip_in_seconds(peer: Any, deadline: float) -> None:
    client = await peer(echo)
    assert 0 < await client.ping() < deadline


async def test_clients_of_the_factory_are_open_until_the_test_ends(connect: Any, target: Any) -> None:
    one, other = await connect(), await connect(name="other")
    assert await one.ask("1") == target.answer("1")
    assert await other.ask("2") == target.answer("2")
    assert (one.recording.name, other.recording.name) == ("client", "other")


async def test_factory_asks_for_another_resource_with_the_targets_settings(
    connect: Any, deadline: float
) -> None:
    client = await connect("/other?x=1")
    assert client.request.path == "/other?x=1"
    assert client.deadline == deadline


async def test_factory_closes_all_that_it_opened(target: Any, recordings: Any, deadline: float) -> None:
    factory = Connect(target, recordings, deadline)
    clients = [await factory() for _ in range(20)]
    await factory.close()
    assert {client.close_code for client in clients} == {1000}
