"""Bandwidth: a limit of bytes per second."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

from pytest_websocket.network.impairment import Impairment

INTERVAL = 0.01
"""Seconds between two pieces."""


@dataclass(eq=False)
class Bandwidth(Impairment):
    """Delivers ``rate`` bytes per second, counted for each connection and direction separately."""

    rate: int

    async def apply(self, data: bytes, seen: int) -> AsyncIterator[bytes]:
        """See `Impairment.apply`."""
        size = max(1, int(self.rate * INTERVAL))
        for start in range(0, len(data), size):
            piece = data[start : start + size]
            await asyncio.sleep(len(piece) / self.rate)
            yield piece
