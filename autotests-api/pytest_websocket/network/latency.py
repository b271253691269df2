"""Latency: data is delivered late."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from pytest_websocket.network.impairment import Impairment


@dataclass(eq=False)
class Latency(Impairment):
    """Delays data by ``delay`` seconds, plus or minus ``jitter``; the jitter is the same in every run."""

    delay: float
    jitter: float = 0.0
    _random: random.Random = field(default_factory=lambda: random.Random(0), repr=False)

    async def apply(self, data: bytes, seen: int) -> AsyncIterator[bytes]:
        """See `Impairment.apply`."""
        await asyncio.sleep(max(0.0, self.delay + self._random.uniform(-self.jitter, self.jitter)))
        yield data
