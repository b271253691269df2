"""Clients that read slowly, or not at all for a while, beside clients that read at once."""

from __future__ import annotations

import asyncio

import pytest

from pytest_websocket.fixtures import Load
from pytest_websocket.load.workload import Workload

pytestmark = [pytest.mark.load, pytest.mark.needs("echo", size=16 * 1024)]


MAX_SLOW = 50
"""Slow readers at most: what they do not read is buffered by the server, here 16 MiB per second."""


async def test_slow_readers_do_not_slow_the_others(load: Load) -> None:
    connections = await load.connect()
    some = min(MAX_SLOW, max(1, len(connections.opened) // 20))
    slow, fast = connections.opened[:some], connections.opened[some:] or connections.opened
    for connection in slow:
        connection.pause()
    duration = load.size.duration / 2
    # More than the buffers between them hold, so that the server has to wait for them.
    unread = asyncio.ensure_future(
        load.run(
            connections,
            "Slow readers",
            subset=slow,
            workload=Workload.parse("text:16k"),
            rate=some * 20,
            duration=duration,
        )
    )
    quick = await load.run(connections, "Beside slow readers", subset=fast, duration=duration)
    for connection in slow:
        connection.resume()
    late = await unread
    assert late.is_clean, f"slow readers must get every reply when they read again:\n{late}"
    load.check(quick)
