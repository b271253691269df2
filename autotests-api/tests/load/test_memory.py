"""The memory that an idle connection takes on the server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pytest_websocket.fixtures import Load
from pytest_websocket.load.server_process import run_in_process
from pytest_websocket.plugin.target import TARGET
from pytest_websocket.target.started_server import StartedServer

pytestmark = pytest.mark.load

MAX_PER_CONNECTION = 64 * 1024
"""Bytes of resident memory per connection."""


@pytest.fixture(scope="module")
def load_server(request: pytest.FixtureRequest) -> Iterator[StartedServer]:
    """Yields a new server: one that has held connections would reuse their memory."""
    if not request.config.stash[TARGET].embedded or request.config.stash[TARGET].secure:
        pytest.skip("the memory of a server is known where it is the embedded one, in a process of its own")
    with run_in_process() as server:
        if server.memory() is None:
            pytest.skip("the memory of a process is known on systems with /proc")
        yield server


async def test_idle_connections_cost_the_server_little_memory(load: Load, load_server: StartedServer) -> None:
    before = load_server.memory() or 0
    connections = await load.connect()
    each = ((load_server.memory() or 0) - before) / len(connections.opened)
    load.report(f"memory of the server per idle connection: {each / 1024:.1f} KiB")
    assert each < MAX_PER_CONNECTION
