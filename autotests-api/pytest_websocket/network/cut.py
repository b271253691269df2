"""Cut: the cable is torn out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

from pytest_websocket.network.noop import Fault, Reset


@dataclass(eq=False)
class Cut(Fault):
    """Resets the connection (RST to both sides, no Close frame) when ``after`` bytes have passed."""

    after: int = 0

    async def passes(self, data: bytes, seen: int) -> AsyncIterator[bytes]:
        """See `Fault.passes`."""
        if seen + len(data) < self.after:
            yield data
            return
        if piece := data[: self.after - seen]:
            yield piece
        raise Reset
