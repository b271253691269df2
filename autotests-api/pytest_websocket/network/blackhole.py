"""Blackhole: data is accepted and not delivered."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

from pytest_websocket.network.impairment import Impairment


@dataclass(eq=False)
class Blackhole(Impairment):
    """Drops everything after the first ``after`` bytes, FIN included, as if the host had disappeared.

    Dropped data stays lost when the impairment is removed, where TCP would send it again: a connection
    that has lost data is of no use afterwards.
    """

    after: int = 0

    async def apply(self, data: bytes, seen: int) -> AsyncIterator[bytes]:
        """See `Impairment.apply`."""
        if piece := data[: max(0, self.after - seen)]:
            yield piece

    def passes_fin(self) -> bool:
        """See `Impairment.passes_fin`."""
        return False
