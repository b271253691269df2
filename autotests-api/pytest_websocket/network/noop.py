"""Noop: changes nothing; the file to copy for a new impairment."""

from __future__ import annotations

from collections.abc import AsyncIterator

from pytest_websocket.network.impairment import Impairment


class Noop(Impairment):
    """Delivers all data unchanged."""

    async def apply(self, data: bytes, seen: int) -> AsyncIterator[bytes]:
        """See `Impairment.apply`."""
        yield data
