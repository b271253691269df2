"""Half close: one direction ends, the other goes on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

from pytest_websocket.network.noop import Fault, Finish


@dataclass(eq=False)
class HalfClose(Fault):
    """Ends its direction with FIN when ``after`` bytes have passed; what comes later is lost."""

    after: int = 0

    async def passes(self, data: bytes, seen: int) -> AsyncIterator[bytes]:
        """See `Fault.passes`."""
        if seen + len(data) < self.after:
            yield data
            return
        if piece := data[: self.after - seen]:
            yield piece
        raise Finish
