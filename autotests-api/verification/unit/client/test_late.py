"""After a wait that failed the client listens on for a while, and tells a late message from a missing one."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from time import perf_counter
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection

from pytest_websocket.client import Client, ExpectationFailed
from verification.unit.client.handlers import BRIEF, Handler, says


def slowly(*messages: str, seconds: float = 2 * BRIEF) -> Handler:
    """Returns a server that takes its time before each message."""

    async def handler(connection: ServerConnection) -> None:
        async for _ in connection:
            for message in messages:
                await asyncio.sleep(seconds)
                await connection.send(message)

    return handler


WAITS: list[Callable[[Client], Any]] = [
    lambda client: client.receive(deadline=BRIEF),
    lambda client: client.expect("reply", deadline=BRIEF),
    lambda client: client.wait_for("reply", deadline=BRIEF),
    lambda client: client.ask("again", deadline=BRIEF),
]


@pytest.mark.parametrize("wait", WAITS, ids=["receive", "expect", "wait_for", "ask"])
async def test_late_message_is_told_with_its_delay(peer: Any, wait: Any) -> None:
    client = await peer(slowly("reply"), listen_on=5)
    await client.send("request")
    with pytest.raises(ExpectationFailed) as failure:
        await wait(client)
    assert re.search(r"within 0\.15 s; it came 0\.\d s too late$", failure.value.headline)
    assert await client.receive() == "reply"


async def test_other_message_that_is_late_is_told_as_another(peer: Any) -> None:
    client = await peer(slowly("other"), listen_on=5)
    await client.send("request")
    with pytest.raises(ExpectationFailed) as failure:
        await client.expect("reply", deadline=BRIEF)
    assert failure.value.headline == "no message came within 0.15 s"
    assert re.search(
        r"late: +another message came 0\.\d s too late: text, 5 characters: “other”", str(failure.value)
    )


async def test_messages_before_the_late_one_are_passed_over(peer: Any) -> None:
    client = await peer(slowly("tick", "tick", "reply", seconds=BRIEF), listen_on=5)
    await client.send("request")
    with pytest.raises(ExpectationFailed, match="too late"):
        await client.wait_for("reply", deadline=BRIEF / 2)


async def test_missing_message_costs_no_more_than_the_time_to_listen_on(peer: Any) -> None:
    client = await peer(says(), listen_on=BRIEF)
    begun = perf_counter()
    with pytest.raises(ExpectationFailed) as failure:
        await client.receive(deadline=BRIEF)
    assert "late" not in str(failure.value)
    assert perf_counter() - begun < 10 * BRIEF


async def test_nothing_is_listened_for_where_the_message_was_passed_over(peer: Any) -> None:
    client = await peer(says("passed over", "wanted"), listen_on=60)
    await client.wait_for("wanted")
    with pytest.raises(ExpectationFailed, match=r"client\.skipped"):
        await client.expect("passed over", deadline=BRIEF)
