"""What every fault is, and the one that does no harm: the place to start when you write another."""

from __future__ import annotations

from collections.abc import AsyncIterator
from enum import Flag, auto


class Direction(Flag):
    """Which way data goes on a link."""

    TO_SERVER = auto()
    TO_CLIENT = auto()
    BOTH = TO_SERVER | TO_CLIENT


TO_SERVER, TO_CLIENT, BOTH = Direction.TO_SERVER, Direction.TO_CLIENT, Direction.BOTH


class Reset(Exception):
    """Raised by a fault to end both directions of the connection with a reset (RST)."""


class Finish(Exception):
    """Raised by a fault to end its direction of the connection with FIN; the other one goes on."""


class Fault:
    """What happens to the data of one direction. One object serves any number of connections."""

    def passes(self, data: bytes, seen: int) -> AsyncIterator[bytes]:
        """The pieces that go on in place of ``data``, each in a write of its own.

        ``seen`` is how many bytes this fault was given before on this connection and in this direction.
        Raises `Reset` or `Finish` to end the connection, or one direction of it, there.
        """
        raise NotImplementedError

    def passes_the_end(self) -> bool:
        """Whether the end of the data (FIN) goes on."""
        return True

    def removed(self) -> None:
        """The fault was taken from its link: nothing may wait for it any longer."""


class Noop(Fault):
    """Passes everything on as it came."""

    async def passes(self, data: bytes, seen: int) -> AsyncIterator[bytes]:
        """See `Fault.passes`."""
        yield data
