"""Clients that read slowly, or not at all for a while, beside clients that read at once."""

from __future__ import annotations

import asyncio

import pytest

from pytest_websocket.load.workload import Mix

pytestmark = [pytest.mark.load, pytest.mark.needs("echo", size=16 * 1024)]


MOST = 50
"""Slow readers: what they do not read lies in the server's memory, here 16 MiB per second."""


async def test_slow_readers_do_not_slow_the_others(load) -> None:
    crowd = await load.crowd()
    some = min(MOST, max(1, len(crowd.connections) // 20))
    slow, fast = crowd.connections[:some], crowd.connections[some:] or crowd.connections
    for connection in slow:
        connection.pause()
    duration = load.size.duration / 2
    # More than the buffers between them hold, so that the server has to wait for them.
    unread = asyncio.ensure_future(
        load.run(
            crowd, "Slow readers", users=slow, mix=Mix.parse("text:16k"), rate=some * 20, duration=duration
        )
    )
    quick = await load.run(crowd, "Beside slow readers", users=fast, duration=duration)
    for connection in slow:
        connection.resume()
    caught_up = await unread
    assert caught_up.is_clean, f"slow readers must find everything when they read:\n{caught_up}"
    load.judge(quick)
