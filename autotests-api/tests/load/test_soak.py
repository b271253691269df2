"""The server's memory under a lasting load, which ``--ws-duration 10m`` turns into a soak test."""

from __future__ import annotations

import asyncio
import statistics

import pytest

from pytest_websocket.fixtures import Load

pytestmark = [pytest.mark.load, pytest.mark.needs("answer")]

NOISE = 8 * 2**20
"""Bytes by which a server's memory may vary without growing."""


async def test_memory_stays_flat_under_a_lasting_load(load: Load) -> None:
    if load.server is None or load.server.memory() is None:
        pytest.skip("the memory of a server is known where it is the embedded one, on a system with /proc")
    connections = await load.connect()
    # Buffers and pools grow to their size first.
    await load.run(connections, "Warming up", duration=load.size.duration / 4)
    samples: list[int] = []
    loop = asyncio.get_running_loop()
    interval = load.size.duration / 40

    server = load.server
    timer: asyncio.Handle

    def sample() -> None:
        samples.append(server.memory() or 0)
        nonlocal timer
        timer = loop.call_later(interval, sample)

    timer = loop.call_soon(sample)
    try:
        result = await load.run(connections, "Soak")
    finally:
        timer.cancel()
    quarter = len(samples) // 4
    first, last = statistics.median(samples[:quarter]), statistics.median(samples[-quarter:])
    load.report(f"memory of the server: {first / 2**20:.1f} MiB at first, {last / 2**20:.1f} MiB at last")
    assert last - first < NOISE + 0.05 * first, (
        f"{(last - first) / 2**20:.1f} MiB more after the load than before"
    )
    load.check(result)
