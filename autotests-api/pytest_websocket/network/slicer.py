"""Slicer: data arrives in small pieces."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

from pytest_websocket.network.noop import Fault


@dataclass(eq=False)
class Slicer(Fault):
    """Cuts data into pieces of ``size`` bytes, ``pause`` seconds apart, each in a segment of its own."""

    size: int
    pause: float = 0.0

    async def passes(self, data: bytes, seen: int) -> AsyncIterator[bytes]:
        """See `Fault.passes`."""
        for start in range(0, len(data), self.size):
            yield data[start : start + self.size]
            await asyncio.sleep(self.pause)
