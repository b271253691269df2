"""A wait ends at its deadline; closing costs no more, and the end of a connection is explained."""

from __future__ import annotations

import asyncio
import re
from time import perf_counter
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection

from pytest_websocket.client import (
    Closing,
    ConnectionEnded,
    ExpectationFailed,
    connect,
)
from verification.unit.client.handlers import (
    BRIEF,
    echo,
    flood,
    lines_of,
    never_read,
    says,
)


@pytest.mark.parametrize(
    "wait",
    [
        lambda client: client.receive(deadline=BRIEF),
        lambda client: client.receive_json(deadline=BRIEF),
        lambda client: client.ask("?", deadline=BRIEF),
        lambda client: client.expect("!", deadline=BRIEF),
        lambda client: client.wait_for("!", deadline=BRIEF),
        lambda client: client.collect(1, deadline=BRIEF),
        lambda client: client.expect_silence("?", "!", deadline=BRIEF),
        lambda client: client.expect_closed(deadline=BRIEF),
    ],
    ids=[
        "receive",
        "receive_json",
        "ask",
        "expect",
        "wait_for",
        "collect",
        "expect_silence",
        "expect_closed",
    ],
)
async def test_silent_server_costs_the_deadline_and_no_more(peer: Any, wait: Any, deadline: float) -> None:
    client = await peer(says())
    started = perf_counter()
    with pytest.raises(ExpectationFailed, match=rf"{BRIEF} s"):
        await wait(client)
    assert BRIEF <= perf_counter() - started < deadline


async def test_server_that_never_reads_costs_a_sender_the_deadline(peer: Any) -> None:
    client = await peer(never_read, compression=False)
    with pytest.raises(ExpectationFailed, match="the server did not take a message within"):
        await client.send(bytes(2**25), deadline=BRIEF)
    client.abort()


async def test_deadline_of_the_connection_is_the_default(peer: Any) -> None:
    client = await peer(says(), deadline=BRIEF)
    with pytest.raises(ExpectationFailed, match=rf"no message came within {BRIEF} s"):
        await client.receive()


async def test_shorter_deadline_is_kept_beside_a_longer_one(peer: Any, deadline: float) -> None:
    client = await peer(never_read)
    longer = asyncio.ensure_future(client.receive(deadline=10 * deadline))
    await asyncio.sleep(0)
    with pytest.raises(ExpectationFailed, match=f"no Pong came within {BRIEF} s"):
        await client.ping(deadline=BRIEF)
    assert not longer.done()
    client.abort()
    with pytest.raises(ConnectionEnded):
        await longer


async def test_cancelling_from_outside_stays_a_cancellation(peer: Any) -> None:
    client = await peer(says())
    waiting = asyncio.ensure_future(client.receive())
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait([waiting])
    assert waiting.cancelled()


async def test_closing_is_not_held_up_by_a_flood(peer: Any, deadline: float) -> None:
    client = await peer(flood)
    await client.receive()
    started = perf_counter()
    await client.close(deadline=BRIEF)
    assert not client.is_open
    assert perf_counter() - started < deadline


async def test_closing_a_mute_server_costs_the_deadline(speaks_tcp: Any, deadline: float) -> None:
    client = await connect(await speaks_tcp(accepts=True))
    started = perf_counter()
    await client.close(deadline=BRIEF)
    assert BRIEF <= perf_counter() - started < deadline
    assert client.recording.ended == "TCP closed by the client"


async def test_code_and_reason_are_readable_afterwards(peer: Any) -> None:
    client = await peer(says(then="close"))
    assert await client.expect_closed(4001, "said all") == Closing(4001, "said all")
    assert (client.close_code, client.close_reason, client.is_open) == (4001, "said all", False)


async def test_open_connection_has_no_code_yet(client: Any) -> None:
    assert (client.close_code, client.close_reason, client.is_open) == (None, None, True)


async def test_one_of_several_codes_and_a_pattern_are_enough(peer: Any) -> None:
    client = await peer(says(then="close"))
    await client.expect_closed((1000, 4001), re.compile("all$"))


@pytest.mark.parametrize("code, reason", [(1000, None), (4001, "other"), (None, re.compile("^all"))])
async def test_other_end_than_expected_is_shown(peer: Any, code: int, reason: Any) -> None:
    client = await peer(says(then="close"))
    with pytest.raises(ExpectationFailed, match="the connection ended in another way") as failure:
        await client.expect_closed(code, reason)
    assert (
        lines_of(failure)[2]
        == "received: closed by the server with 4001 (private to the application) “said all”"
    )


async def test_wait_on_a_connection_that_ends_says_how_it_ended(peer: Any) -> None:
    client = await peer(says(then="close"))
    with pytest.raises(ConnectionEnded) as failure:
        await client.expect("more")
    assert failure.value.headline == (
        "no message came: "
        "the connection was closed by the server with 4001 (private to the application) “said all”"
    )


async def test_reset_is_told_from_a_close(peer: Any) -> None:
    client = await peer(says(then="reset"))
    assert await client.expect_closed(1006) == Closing(1006, "")
    with pytest.raises(ConnectionEnded, match=r"ended without a Close frame \(1006\)"):
        await client.send("too late")


async def test_close_of_the_test_itself_is_called_so(peer: Any) -> None:
    client = await peer(echo)
    await client.close(4000, "enough")
    with pytest.raises(ConnectionEnded, match=r"closed by the client with 4000"):
        await client.receive()


async def test_message_that_is_too_large_for_the_client_is_refused_with_1009(peer: Any) -> None:
    client = await peer(says("x" * 1000), max_size=100, compression=False)
    with pytest.raises(ConnectionEnded) as failure:
        await client.receive()
    assert "closed by the client with 1009 (message too big)" in failure.value.headline


async def test_close_without_end_of_tcp_is_named(peer: Any) -> None:
    async def half_close(connection: ServerConnection) -> None:
        connection.transport.write(b"\x88\x02\x03\xe8")
        connection.transport.pause_reading()
        await connection.wait_closed()

    client = await peer(half_close)
    with pytest.raises(ExpectationFailed, match="did not close TCP"):
        await client.expect_closed(1000, deadline=BRIEF)
    client.abort()


async def test_reply_in_more_fragments_than_the_client_takes_is_no_fault_of_the_server(peer: Any) -> None:
    async def answer_in_fragments(connection: ServerConnection) -> None:
        await connection.recv()
        await connection.send(["x"] * 5_000)
        await connection.wait_closed()

    client = await peer(answer_in_fragments)
    await client.send("long?")
    with pytest.raises(ExpectationFailed, match="WEBSOCKETS_MAX_FRAGMENTS"):
        await client.receive()
