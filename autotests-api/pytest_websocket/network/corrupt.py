"""Corrupt: a byte is not what was sent."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

from pytest_websocket.network.noop import Fault


@dataclass(eq=False)
class Corrupt(Fault):
    """Flips the bits of ``mask`` in the byte number ``at``, counted from 0 since the fault was added.

    TCP's checksum lets one broken segment in some ten thousand pass, and broken middleboxes more.
    """

    at: int
    mask: int = 0xFF

    async def passes(self, data: bytes, seen: int) -> AsyncIterator[bytes]:
        """See `Fault.passes`."""
        place = self.at - seen
        if 0 <= place < len(data):
            data = data[:place] + bytes([data[place] ^ self.mask]) + data[place + 1 :]
        yield data
