"""Freeze: the link stands still, and goes on as if nothing had been."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from pytest_websocket.network.noop import Fault


class Freeze(Fault):
    """Holds all data back until the fault is removed; nothing is lost.

    Nothing is read meanwhile, so the sender's buffers fill up as with a receiver that does not read.
    """

    def __init__(self) -> None:
        self._thawed = asyncio.Event()

    async def passes(self, data: bytes, seen: int) -> AsyncIterator[bytes]:
        """See `Fault.passes`."""
        await self._thawed.wait()
        yield data

    def removed(self) -> None:
        """Let everything go on."""
        self._thawed.set()
