"""Large messages from many sides at once."""

from __future__ import annotations

import pytest

from pytest_websocket.load.workload import Kind, Mix
from pytest_websocket.protocol.frames import BINARY

pytestmark = [pytest.mark.load, pytest.mark.needs("echo", "binary")]

SENDERS = 50


async def test_large_messages_from_many_sides_come_back_whole(load, abilities) -> None:
    crowd = await load.crowd(min(SENDERS, load.size.users))
    mix = Mix((Kind(BINARY, min(2**18, abilities.max_message)),))
    load.judge(await load.run(crowd, "Fan-in of large messages", flat_out=True, mix=mix, duration=2))
