"""Large messages on many connections at once."""

from __future__ import annotations

import pytest

from pytest_websocket.fixtures import Abilities, Load
from pytest_websocket.load.workload import MessageKind, Workload
from pytest_websocket.protocol.frames import BINARY

pytestmark = [pytest.mark.load, pytest.mark.needs("echo", "binary")]

SENDERS = 50


async def test_large_messages_on_many_connections_come_back_unchanged(
    load: Load, abilities: Abilities
) -> None:
    connections = await load.connect(min(SENDERS, load.size.users))
    workload = Workload((MessageKind(BINARY, min(2**18, abilities.max_message)),))
    load.check(
        await load.run(
            connections, "Large messages on many connections", flat_out=True, workload=workload, duration=2
        )
    )
