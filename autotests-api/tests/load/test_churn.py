"""Connections that come and go in storms, politely and not."""

from __future__ import annotations

import asyncio

import pytest

pytestmark = [pytest.mark.load, pytest.mark.needs("echo")]

STORMS = 3


@pytest.mark.parametrize("politely", [True, False], ids=["with a Close frame", "without"])
async def test_storms_of_connections_leave_the_server_as_it_was(load, politely) -> None:
    for _ in range(STORMS):
        crowd = await load.crowd(max(1, load.size.users // 4))
        assert not crowd.errors
        if politely:
            await crowd.close()
        else:
            for connection in crowd.connections:
                connection.abort()
    crowd = await load.crowd(max(1, load.size.users // 4))
    load.judge(await load.run(crowd, "After the storms", duration=load.size.duration / 4))


async def test_crowd_that_comes_and_goes_does_not_disturb_those_who_stay(load) -> None:
    staying = await load.crowd(max(1, load.size.users // 10))
    talk = asyncio.ensure_future(load.run(staying, "Those who stay", duration=load.size.duration / 2))
    while not talk.done():
        guests = await load.crowd(max(1, load.size.users // 20))
        for connection in guests.connections:
            connection.abort()
    load.judge(await talk)
