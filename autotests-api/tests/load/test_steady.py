"""Many connections at an even rate: each gets its own replies, in order."""

from __future__ import annotations

import pytest

from pytest_websocket.fixtures import Load
from pytest_websocket.load.workload import Workload

pytestmark = [pytest.mark.load, pytest.mark.needs("answer")]


async def test_each_of_many_connections_gets_its_own_replies(load: Load) -> None:
    connections = await load.connect()
    assert not connections.errors
    load.check(await load.run(connections, "Steady load"))


@pytest.mark.needs("binary")
async def test_messages_of_several_sizes_and_kinds_come_back_unchanged(load: Load) -> None:
    connections = await load.connect()
    workload = Workload.parse("text:20=4,binary:100=4,text:1k=2,binary:16k=1")
    load.check(
        await load.run(connections, "Mixed messages", workload=workload, duration=load.size.duration / 2)
    )
