"""A fuzzingserver in the test's loop, the loop of a client, and servers to be tested."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import websockets
from websockets.asyncio.client import ClientConnection, connect

from pytest_websocket.wstest.cases import reference_cases
from pytest_websocket.wstest.progress import Progress
from pytest_websocket.wstest.results import Results
from pytest_websocket.wstest.selection import select
from pytest_websocket.wstest.settings import Settings
from pytest_websocket.wstest.spec import parse_spec
from pytest_websocket.wstest.testing_clients import FuzzingServer

Talk = Callable[[ClientConnection], Awaitable[Any]]


@dataclass
class Loop:
    """A running fuzzingserver, and what a client does with it."""

    server: FuzzingServer
    serving: asyncio.Task[None]
    results: Results
    out: io.StringIO
    outdir: Path

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.server.port}"

    async def told(self, path: str) -> Any:
        """Returns what the server says on a path: one message as JSON, or None."""
        async with connect(self.url + path) as connection:
            try:
                return json.loads(await connection.recv())
            except websockets.ConnectionClosed:
                return None

    async def run(self, number: str, talk: Talk | None = None, agent: str = "own") -> tuple[str, str]:
        """Runs a case with a client that echoes, or does ``talk``; returns both words."""
        path = f"/runCase?casetuple={number}&agent={quote(agent)}"
        try:
            async with connect(self.url + path, max_size=None, ping_interval=None) as connection:
                await (talk or echo)(connection)
        except websockets.ConnectionClosed:
            pass
        result = await asyncio.wait_for(self.results.wait_for(agent, number), 10)
        return str(result.verdict.behavior), str(result.verdict.behavior_close)


async def echo(connection: ClientConnection) -> None:
    async for message in connection:
        await connection.send(message)


StartLoop = Callable[..., Awaitable[Loop]]


@pytest.fixture
async def start_loop(tmp_path: Path) -> AsyncIterator[StartLoop]:
    started: list[Loop] = []

    async def start(*patterns: str, round_trips: int = 3, **spec: Any) -> Loop:
        content = {"url": "ws://127.0.0.1:0", "outdir": str(tmp_path / "out"), **spec}
        parsed = parse_spec(content, for_servers=False, settings=Settings(answer=0.5))
        results, out = Results(), io.StringIO()
        cases = select(reference_cases(round_trips), patterns or ("*",), ())
        server = FuzzingServer(parsed, cases, results, Progress(out=out))
        await server.start(0)
        loop = Loop(server, asyncio.ensure_future(server.serve()), results, out, parsed.outdir)
        started.append(loop)
        return loop

    yield start
    for loop in started:
        loop.server.stop()
        await loop.serving
