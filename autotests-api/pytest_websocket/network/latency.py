"""Latency: data takes its time."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from pytest_websocket.network.noop import Fault


@dataclass(eq=False)
class Latency(Fault):
    """Holds data back for ``delay`` seconds, give or take ``jitter``: the same jitter in every run."""

    delay: float
    jitter: float = 0.0
    _chance: random.Random = field(default_factory=lambda: random.Random(0), repr=False)

    async def passes(self, data: bytes, seen: int) -> AsyncIterator[bytes]:
        """See `Fault.passes`."""
        await asyncio.sleep(max(0.0, self.delay + self._chance.uniform(-self.jitter, self.jitter)))
        yield data
