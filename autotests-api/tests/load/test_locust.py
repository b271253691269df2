"""Locust with one master and two workers: its users are ours, and its numbers add up."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import json
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from servers.background import run_in_background
from websocket_server import reply_to

pytestmark = [
    pytest.mark.load,
    pytest.mark.skipif(
        importlib.util.find_spec("locust") is None, reason="pip install -r requirements-load.txt"
    ),
]

LOCUSTFILE = Path(__file__).parents[3] / "load" / "locustfile.py"

WORKERS = 2
USERS = 20
MESSAGES = 10
EVERY = 5
RUN_TIME = "5s"
"""Workers report every second: all that the users do in the first three has arrived by then."""

SPARE = 60.0
"""Seconds for three interpreters to start, run and stop."""


class Counting:
    """The lesson's echo, which counts, and spoils every fifth reply."""

    def __init__(self) -> None:
        self.connections = self.messages = 0

    async def __call__(self, connection: ServerConnection) -> None:
        self.connections += 1
        with contextlib.suppress(ConnectionClosed):
            async for message in connection:
                self.messages += 1
                right = self.messages % EVERY
                await connection.send(reply_to(message) if right else "something else")


@pytest.fixture
def counting() -> Iterator[tuple[Counting, str]]:
    """A server that counts, and its URL."""
    handler = Counting()
    with run_in_background(lambda: serve(handler, "127.0.0.1", 0)) as server:
        yield handler, server.url


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def run_locust(url: str, *options: str) -> tuple[int | None, dict[str, dict], str]:
    """Exit status of the master, its statistics by name, and what it wrote."""
    port = str(free_port())
    locust = (sys.executable, "-m", "locust", "-f", str(LOCUSTFILE))
    master = await asyncio.create_subprocess_exec(
        *locust,
        *("--master", "--master-bind-host", "127.0.0.1", "--master-bind-port", port),
        *("--headless", "--json", "--expect-workers", str(WORKERS)),
        *("--run-time", RUN_TIME, "--ws-url", url, *options),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    workers = [
        await asyncio.create_subprocess_exec(
            *locust,
            *("--worker", "--master-host", "127.0.0.1", "--master-port", port),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        for _ in range(WORKERS)
    ]
    try:
        output, words = await asyncio.wait_for(master.communicate(), SPARE)
        await asyncio.wait_for(asyncio.gather(*(worker.wait() for worker in workers)), SPARE)
    finally:
        for process in (master, *workers):
            if process.returncode is None:
                process.kill()
                await process.wait()
    statistics = {entry["name"]: entry for entry in json.loads(output)}
    return master.returncode, statistics, words.decode()


async def test_numbers_of_two_workers_add_up_at_the_master(counting) -> None:
    server, url = counting
    users = ("--users", str(USERS), "--spawn-rate", str(USERS))
    status, statistics, words = await run_locust(
        url, *users, "--ws-messages", str(MESSAGES), "--ws-pace", "0.1"
    )
    assert status == 1, words
    echoes = statistics["echo of text of 100 bytes"]
    assert statistics["connect"]["num_requests"] == server.connections == USERS
    assert echoes["num_requests"] == server.messages == USERS * MESSAGES
    assert echoes["num_failures"] == USERS * MESSAGES // EVERY
    assert "the next message is not the expected one" in words
    assert 0 < echoes["min_response_time"] <= echoes["max_response_time"] < 5000


async def test_crowds_of_two_workers_are_one_load_at_the_master(counting) -> None:
    server, url = counting
    users = ("--users", str(WORKERS), "--spawn-rate", str(WORKERS))
    status, statistics, words = await run_locust(url, *users, "--ws-crowd", str(USERS), "--ws-rate", "100")
    assert status == 1, words
    assert statistics["connect"]["num_requests"] == server.connections == USERS * WORKERS
    load = statistics["crowd of 100% text of 100 bytes"]
    # Figures come once a second: those of the last second may be missing, and so may a worker's last report.
    assert 100 < load["num_requests"] <= server.messages
    assert load["num_failures"] > 0
