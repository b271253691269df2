"""Bandwidth: so many bytes a second and no more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

from pytest_websocket.network.noop import Fault

TICK = 0.01
"""Seconds between two pieces: short enough for an even flow."""


@dataclass(eq=False)
class Bandwidth(Fault):
    """Lets ``rate`` bytes pass in a second, on each connection and in each direction by itself."""

    rate: int

    async def passes(self, data: bytes, seen: int) -> AsyncIterator[bytes]:
        """See `Fault.passes`."""
        size = max(1, int(self.rate * TICK))
        for start in range(0, len(data), size):
            piece = data[start : start + size]
            await asyncio.sleep(len(piece) / self.rate)
            yield piece
