"""Locust with one master and two workers: its statistics add up to what the server has counted."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import json
import socket
import sys
from pathlib import Path

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from pytest_websocket.server.background import run_in_background
from pytest_websocket.server.echo import reply_to

pytestmark = [
    pytest.mark.load,
    pytest.mark.skipif(
        importlib.util.find_spec("locust") is None, reason="pip install pytest-websocket[load]"
    ),
]

LOCUSTFILE = Path(__file__).parents[3] / "autotests-api" / "examples" / "locustfile.py"

WORKERS = 2
USERS = 8
"""One half of them `EchoUser`, the other `EchoConnections`."""

CONNECTIONS = 10
EVERY = 5
RUN_TIME = "2s"

SPARE = 60.0
"""Seconds for three interpreters to start, run and stop."""


class Counting:
    """An echo server that counts connections and messages, and changes every fifth reply."""

    def __init__(self) -> None:
        self.connections = self.messages = 0

    async def __call__(self, connection: ServerConnection) -> None:
        self.connections += 1
        with contextlib.suppress(ConnectionClosed):
            async for message in connection:
                self.messages += 1
                reply = reply_to(message)
                is_wrong = self.messages % EVERY == 0
                await connection.send(f"{reply!s}!" if is_wrong else reply)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def run_locust(url: str, *options: str) -> tuple[int | None, dict[str, dict[str, int]], str]:
    """Exit status of the master, its statistics by name, and what it wrote."""
    port = str(free_port())
    here = ("--master-bind-host", "127.0.0.1", "--master-bind-port", port)
    there = ("--master-host", "127.0.0.1", "--master-port", port)
    run = ("--headless", "--json", "--run-time", RUN_TIME, "--ws-url", url, *options)
    worker = ("--worker", *there)
    commands = [("--master", *here, "--expect-workers", str(WORKERS), *run), *[worker] * WORKERS]
    processes = [
        await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "locust", "-f", str(LOCUSTFILE), *command),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        for command in commands
    ]
    try:
        said = await asyncio.wait_for(asyncio.gather(*(one.communicate() for one in processes)), SPARE)
    finally:
        for process in processes:
            if process.returncode is None:
                process.kill()
                await process.wait()
    output, words = said[0]
    statistics = {entry["name"]: entry for entry in json.loads(output)}
    return processes[0].returncode, statistics, words.decode()


async def test_numbers_of_two_workers_add_up_at_the_master() -> None:
    server = Counting()
    users = ("--users", str(USERS), "--spawn-rate", str(USERS), "--ws-pace", "0.1")
    connections = ("--ws-connections", str(CONNECTIONS), "--ws-rate", "50")
    with run_in_background(lambda: serve(server, "127.0.0.1", 0)) as running:
        status, statistics, words = await run_locust(
            running.url, *users, *connections, "EchoUser", "EchoConnections"
        )
    assert status == 1, words
    echoes, loads = (statistics[f"{name} text of 100 bytes"] for name in ("echo of", "load of 100%"))
    assert statistics["connect"]["num_requests"] == server.connections == USERS // 2 * (1 + CONNECTIONS)
    assert min(echoes["num_requests"], loads["num_requests"]) > USERS
    assert echoes["num_requests"] + loads["num_requests"] == server.messages
    assert echoes["num_failures"] + loads["num_failures"] == server.messages // EVERY
    assert "the next message is not the expected one" in words
    for entry in (echoes, loads):
        assert 0 <= entry["min_response_time"] <= entry["max_response_time"] < 5000
