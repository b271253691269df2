"""Blackhole: data is taken and never delivered."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

from pytest_websocket.network.noop import Fault


@dataclass(eq=False)
class Blackhole(Fault):
    """Swallows everything behind the first ``after`` bytes, the end (FIN) too: the peer has vanished.

    What was swallowed stays lost when the fault is removed; TCP would have sent it again, so remove it
    only from a connection that you are done with.
    """

    after: int = 0

    async def passes(self, data: bytes, seen: int) -> AsyncIterator[bytes]:
        """See `Fault.passes`."""
        if piece := data[: max(0, self.after - seen)]:
            yield piece

    def passes_the_end(self) -> bool:
        """Never: the sender cannot be heard."""
        return False
