"""Slicer: data is delivered in small pieces."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

from pytest_websocket.network.impairment import Impairment


@dataclass(eq=False)
class Slicer(Impairment):
    """Delivers data in pieces of ``size`` bytes, ``pause`` seconds apart, each in its own segment."""

    size: int
    pause: float = 0.0

    async def apply(self, data: bytes, seen: int) -> AsyncIterator[bytes]:
        """See `Impairment.apply`."""
        for start in range(0, len(data), self.size):
            yield data[start : start + self.size]
            await asyncio.sleep(self.pause)
