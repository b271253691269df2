"""What is sent: a mix of messages of several sizes and kinds, each with its sender and number in it."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pytest_websocket.protocol.frames import BINARY, TEXT

DEFAULT_MIX = "text:100"

_PART = re.compile(r"(text|binary):(\d+)([kKmM]?)(?:=(\d+))?")
_UNITS = {"": 1, "k": 1024, "m": 1024 * 1024}
_IDENTITY = re.compile(rb"u(\d+)m(\d+) ")


@dataclass(frozen=True)
class Kind:
    """One kind of message: opcode, payload size in bytes, and its share in the mix."""

    opcode: int
    size: int
    weight: int = 1

    def __str__(self) -> str:
        return f"{'text' if self.opcode == TEXT else 'binary'} of {self.size} bytes"


@dataclass(frozen=True)
class Mix:
    """Kinds of messages and how often each comes; the order repeats and is the same in every run."""

    kinds: tuple[Kind, ...]

    @classmethod
    def parse(cls, text: str) -> Mix:
        """Read ``text:100=8,binary:1k=1``: kind, size in bytes (k and m are units), and weight (1).

        Raises ValueError for anything else.
        """
        kinds = []
        for part in text.replace(" ", "").split(","):
            match = _PART.fullmatch(part)
            if match is None:
                raise ValueError(
                    "expected KIND:SIZE=WEIGHT, with commas between, as in text:100=8,binary:1k=1"
                )
            kind, size, unit, weight = match.groups()
            opcode = TEXT if kind == "text" else BINARY
            kinds.append(Kind(opcode, int(size) * _UNITS[unit.lower()], int(weight or 1)))
        if not any(kind.weight for kind in kinds):
            raise ValueError("expected a weight above 0")
        return cls(tuple(kinds))

    @property
    def largest(self) -> int:
        """Bytes of the largest message."""
        return max(kind.size for kind in self.kinds)

    def __str__(self) -> str:
        total = sum(kind.weight for kind in self.kinds)
        return ", ".join(f"{kind.weight / total:.0%} {kind}" for kind in self.kinds)

    def turns(self) -> list[Kind]:
        """One round of the mix: each kind as often as its weight says, spread evenly."""
        turns = sorted(
            ((number + 0.5) / kind.weight, index)
            for index, kind in enumerate(self.kinds)
            for number in range(kind.weight)
        )
        return [self.kinds[index] for _, index in turns]

    def cycle(self) -> Iterator[Kind]:
        """The kinds without end, round after round."""
        return itertools.cycle(self.turns())


def writer_of(kind: Kind) -> Callable[[int, int], bytes]:
    """A function of sender and number that writes the payload: an identity, filled up to the size."""
    filler = (b"abcdefghijklmnopqrstuvwxyz" * (kind.size // 26 + 1))[: kind.size]

    def write(user: int, number: int) -> bytes:
        identity = b"u%dm%d " % (user, number)
        return identity + filler[len(identity) :]

    return write


def identity_of(payload: bytes) -> tuple[int, int] | None:
    """Sender and number of the message that a reply carries; None when there is none in it."""
    match = _IDENTITY.search(payload[:4096])
    return (int(match[1]), int(match[2])) if match else None
