"""The base class of impairments: what happens to the data of one direction of a link."""

from __future__ import annotations

from collections.abc import AsyncIterator
from enum import Enum, Flag, auto


class Direction(Flag):
    """The direction of data on a link."""

    TO_SERVER = auto()
    TO_CLIENT = auto()
    BOTH = TO_SERVER | TO_CLIENT


TO_SERVER, TO_CLIENT, BOTH = Direction.TO_SERVER, Direction.TO_CLIENT, Direction.BOTH


class How(Enum):
    """How an impairment ends a connection: RST in both directions, or FIN in its own direction only."""

    RESET = auto()
    FIN = auto()


RESET, FIN = How.RESET, How.FIN


class Ended(Exception):
    """Raised by an impairment to end the connection, or one direction of it."""

    def __init__(self, how: How) -> None:
        super().__init__(how)
        self.how = how


class Impairment:
    """Changes, delays or drops data. One object serves any number of connections."""

    def apply(self, data: bytes, seen: int) -> AsyncIterator[bytes]:
        """Yields what is delivered in place of ``data``, each piece in a write of its own.

        ``seen`` is the number of bytes that this impairment has had before on this connection and in this
        direction. Raises `Ended` to end the connection or the direction there.
        """
        raise NotImplementedError

    def passes_fin(self) -> bool:
        """Returns whether the sender's FIN is delivered."""
        return True

    def removed(self) -> None:
        """Ends every wait of `apply`; called when the impairment is removed from its link."""
