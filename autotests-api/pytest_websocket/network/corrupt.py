"""Corrupt: one byte is changed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

from pytest_websocket.network.impairment import Impairment


@dataclass(eq=False)
class Corrupt(Impairment):
    """Flips the bits of ``mask`` in byte ``at``, counted from 0 since the impairment was added.

    TCP's checksum of 16 bits misses some corrupted segments, and a middlebox may compute it anew.
    """

    at: int
    mask: int = 0xFF

    async def apply(self, data: bytes, seen: int) -> AsyncIterator[bytes]:
        """See `Impairment.apply`."""
        place = self.at - seen
        if 0 <= place < len(data):
            data = data[:place] + bytes([data[place] ^ self.mask]) + data[place + 1 :]
        yield data
