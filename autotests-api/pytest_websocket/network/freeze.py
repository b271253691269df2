"""Freeze: no data is delivered until the impairment is removed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from pytest_websocket.network.impairment import Impairment


class Freeze(Impairment):
    """Holds all data back until it is removed; nothing is lost.

    Nothing is read in the meantime, so the sender's buffers fill up as with a receiver that does not read.
    """

    def __init__(self) -> None:
        self._removed = asyncio.Event()

    async def apply(self, data: bytes, seen: int) -> AsyncIterator[bytes]:
        """See `Impairment.apply`."""
        await self._removed.wait()
        yield data

    def removed(self) -> None:
        """See `Impairment.removed`."""
        self._removed.set()
