"""Many connections that are opened and closed again and again, with a Close frame and without."""

from __future__ import annotations

import asyncio

import pytest

from pytest_websocket.fixtures import Load

pytestmark = [pytest.mark.load, pytest.mark.needs("answer")]

ROUNDS = 3


@pytest.mark.parametrize("with_close", [True, False], ids=["with a Close frame", "without"])
async def test_server_is_unchanged_after_many_short_connections(load: Load, with_close: bool) -> None:
    for _ in range(ROUNDS):
        connections = await load.connect(max(1, load.size.users // 4))
        assert not connections.errors
        if with_close:
            await connections.close()
        else:
            for connection in connections.opened:
                connection.abort()
    connections = await load.connect(max(1, load.size.users // 4))
    load.check(await load.run(connections, "After many short connections", duration=load.size.duration / 4))


async def test_short_connections_do_not_disturb_lasting_ones(load: Load) -> None:
    lasting = await load.connect(max(1, load.size.users // 10))
    running = asyncio.ensure_future(load.run(lasting, "Lasting connections", duration=load.size.duration / 2))
    while not running.done():
        short = await load.connect(max(1, load.size.users // 20))
        for connection in short.opened:
            connection.abort()
    load.check(await running)
