"""End: the connection ends in the middle of the data."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

from pytest_websocket.network.impairment import RESET, Ended, How, Impairment


@dataclass(eq=False)
class End(Impairment):
    """Ends the connection when ``after`` bytes have been delivered; the rest is lost.

    ``how`` is RESET (RST to both sides) or FIN (this direction only; the other one stays open). A Close
    frame is not sent in either case.
    """

    after: int = 0
    how: How = RESET

    async def apply(self, data: bytes, seen: int) -> AsyncIterator[bytes]:
        """See `Impairment.apply`."""
        if seen + len(data) < self.after:
            yield data
            return
        if piece := data[: self.after - seen]:
            yield piece
        raise Ended(self.how)
