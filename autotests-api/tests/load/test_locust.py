"""Locust with one master and two workers: its users are ours, and its numbers add up."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import json
import socket
import sys
from dataclasses import dataclass
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
EVERY = 5
RUN_TIME = "3s"

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
                await connection.send(reply_to(message) if right else f"{reply_to(message)}!")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def run_locust(url: str, *options: str) -> tuple[int | None, dict[str, dict], str]:
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


@dataclass(frozen=True)
class Run:
    """A run that has ended, and the server that has counted it."""

    server: Counting
    status: int | None
    statistics: dict[str, dict]
    words: str


async def run_beside(*options: str) -> Run:
    """Locust, on a server of its own."""
    server = Counting()
    with run_in_background(lambda: serve(server, "127.0.0.1", 0)) as running:
        return Run(server, *await run_locust(running.url, *options))


@pytest.fixture(scope="module")
def runs() -> tuple[Run, Run]:
    """A run of single users and one of crowds, side by side: most of a run is waiting."""

    async def both() -> tuple[Run, Run]:
        single = ("--users", str(USERS), "--spawn-rate", str(USERS), "--ws-pace", "0.1")
        crowds = ("--users", str(WORKERS), "--spawn-rate", str(WORKERS))
        size = ("--ws-crowd", str(USERS), "--ws-rate", "100")
        return await asyncio.gather(run_beside(*single), run_beside(*crowds, *size))

    return asyncio.run(both())


def test_numbers_of_two_workers_add_up_at_the_master(runs) -> None:
    run, _ = runs
    assert run.status == 1, run.words
    echoes = run.statistics["echo of text of 100 bytes"]
    assert run.statistics["connect"]["num_requests"] == run.server.connections == USERS
    assert echoes["num_requests"] == run.server.messages > USERS
    assert echoes["num_failures"] == run.server.messages // EVERY
    assert "the next message is not the expected one" in run.words
    assert 0 < echoes["min_response_time"] <= echoes["max_response_time"] < 5000


def test_crowds_of_two_workers_are_one_load_at_the_master(runs) -> None:
    _, run = runs
    assert run.status == 1, run.words
    assert run.statistics["connect"]["num_requests"] == run.server.connections == USERS * WORKERS
    load = run.statistics["crowd of 100% text of 100 bytes"]
    assert load["num_requests"] == run.server.messages > 0
    assert load["num_failures"] == run.server.messages // EVERY
