"""Several tasks wait on one client: each gets its own message, and none is lost."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection

from pytest_websocket.client import Client, ConnectionEnded, ExpectationFailed, json_with
from verification.unit.client.handlers import BRIEF, echo, lines_of, says


async def double_in_reverse_order(connection: ServerConnection) -> None:
    """A JSON-RPC server that has three calls before it answers them, the last one first."""
    calls = [json.loads(await connection.recv()) for _ in range(3)]
    for call in reversed(calls):
        if call["method"] == "double":
            result = 2 * call["params"]["x"]
            await connection.send(json.dumps({"jsonrpc": "2.0", "id": call["id"], "result": result}))
    await connection.wait_closed()


async def call(client: Client, number: int, method: str = "double", **settings: Any) -> Any:
    request = {"jsonrpc": "2.0", "id": number, "method": method, "params": {"x": number}}
    await client.send_json(request)
    return json.loads(await client.wait_for(json_with(id=number), **settings))["result"]


async def test_calls_at_the_same_time_get_their_own_answers(peer: Any) -> None:
    client = await peer(double_in_reverse_order)
    assert await asyncio.gather(*(call(client, number) for number in (1, 2, 3))) == [2, 4, 6]
    assert not client.skipped


async def test_lost_answer_fails_its_own_call_alone(peer: Any) -> None:
    client = await peer(double_in_reverse_order)
    calls = (call(client, 1), call(client, 2, "lost", deadline=BRIEF), call(client, 3))
    results: Any = await asyncio.gather(*calls, return_exceptions=True)
    first, lost, third = results
    assert (first, third) == (2, 6)
    assert isinstance(lost, ExpectationFailed)
    assert lost.headline.startswith("no message that matches came within")


async def test_tasks_that_take_any_message_get_them_in_order(peer: Any) -> None:
    client = await peer(says("1", "2", "3"))
    assert [*await asyncio.gather(client.receive(), client.receive(), client.receive())] == ["1", "2", "3"]


async def test_message_goes_to_the_task_that_wants_it_before_one_that_takes_any(peer: Any) -> None:
    client = await peer(echo)
    waits = asyncio.gather(client.receive(), client.wait_for("wanted"))
    await client.send("wanted")
    await client.send("any")
    assert [*await waits] == ["any", "wanted"]


async def test_task_that_reads_for_the_others_may_be_cancelled(peer: Any) -> None:
    client = await peer(echo)
    reads = asyncio.ensure_future(client.wait_for("for none"))
    waits = asyncio.ensure_future(client.wait_for("for the second"))
    await asyncio.sleep(0)
    reads.cancel()
    await client.send("for the second")
    assert await waits == "for the second"
    await asyncio.wait([reads])


async def test_message_of_a_cancelled_task_is_the_next_for_another(peer: Any) -> None:
    client = await peer(echo)

    def is_wanted(_: Any) -> bool:
        waits.cancel()
        return True

    reads = asyncio.ensure_future(client.wait_for("last"))
    waits = asyncio.ensure_future(client.wait_for(is_wanted))
    await client.send("first")
    await asyncio.wait([waits])
    assert waits.cancelled()
    await client.send("last")
    await reads
    assert await client.receive() == "first"


async def test_end_of_the_connection_ends_every_wait(peer: Any) -> None:
    client = await peer(says(then="close"))
    waits = (client.wait_for("one"), client.wait_for("other"), client.receive())
    ended = await asyncio.gather(*waits, return_exceptions=True)
    assert [type(one) for one in ended] == [ConnectionEnded] * 3


async def test_expect_says_that_wait_for_passed_the_message_over(peer: Any) -> None:
    client = await peer(says('{"id": 1, "type": "next"}', '{"id": 1, "type": "complete"}'))
    await client.wait_for(json_with(type="complete"))
    with pytest.raises(ExpectationFailed) as failure:
        await client.expect(json_with(id=1, type="next"), deadline=BRIEF)
    assert (
        "skipped:  a message that matches was passed over by an earlier wait_for: it is in client.skipped: "
        'text, 25 characters: “{"id": 1, "type": "next"}”'
    ) in lines_of(failure)


async def test_collect_returns_everything_up_to_the_message_that_ends_it(peer: Any) -> None:
    client = await peer(says("1", "2", "complete", "3"))
    assert await client.collect(until="complete") == ["1", "2", "complete"]
    assert await client.receive() == "3"


async def test_collection_that_nothing_ends_shows_the_nearest_and_loses_nothing(peer: Any) -> None:
    client = await peer(says('{"type": "next"}', '{"type": "error"}'))
    with pytest.raises(ExpectationFailed) as failure:
        await client.collect(until=json_with(type="errors"), deadline=BRIEF)
    lines = lines_of(failure)
    assert lines[0] == f"no message that ends the collection came within {BRIEF:g} s, but 2 messages"
    assert "error" in lines[2]
    assert await client.collect(2) == ['{"type": "next"}', '{"type": "error"}']
