"""What a load sends: kinds of messages and their shares. Each message carries its sender and number."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pytest_websocket.protocol.frames import BINARY, TEXT

DEFAULT_WORKLOAD = "text:100"

_PART = re.compile(r"(text|binary):(\d+)([kKmM]?)(?:=(\d+))?")
_UNITS = {"": 1, "k": 1024, "m": 1024 * 1024}
_IDENTITY = re.compile(rb"u(\d+)m(\d+) ")


@dataclass(frozen=True)
class MessageKind:
    """Opcode, payload size in bytes, and share in the workload."""

    opcode: int
    size: int
    weight: int = 1

    def __str__(self) -> str:
        return f"{'text' if self.opcode == TEXT else 'binary'} of {self.size} bytes"


@dataclass(frozen=True)
class Workload:
    """Kinds of messages by their shares; the order repeats and is the same in every run."""

    kinds: tuple[MessageKind, ...]

    @classmethod
    def parse(cls, text: str) -> Workload:
        """Reads ``text:100=8,binary:1k=1``: kind, size in bytes (k and m are units), weight (default 1).

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
            kinds.append(MessageKind(opcode, int(size) * _UNITS[unit.lower()], int(weight or 1)))
        if not any(kind.weight for kind in kinds):
            raise ValueError("expected a weight above 0")
        return cls(tuple(kinds))

    @property
    def largest(self) -> int:
        """The size of the largest message in bytes."""
        return max(kind.size for kind in self.kinds)

    def __str__(self) -> str:
        total = sum(kind.weight for kind in self.kinds)
        return ", ".join(f"{kind.weight / total:.0%} {kind}" for kind in self.kinds)

    def order(self) -> list[MessageKind]:
        """Returns the kinds of one round, each as often as its weight, spread evenly."""
        order = sorted(
            ((number + 0.5) / kind.weight, index)
            for index, kind in enumerate(self.kinds)
            for number in range(kind.weight)
        )
        return [self.kinds[index] for _, index in order]

    def cycle(self) -> Iterator[MessageKind]:
        """Yields the kinds, round after round, without end."""
        return itertools.cycle(self.order())


def payload_writer(kind: MessageKind) -> Callable[[int, int], bytes]:
    """Returns a function of sender and number that makes a payload: both, filled up to the size."""
    filler = (b"abcdefghijklmnopqrstuvwxyz" * (kind.size // 26 + 1))[: kind.size]

    def write(user: int, number: int) -> bytes:
        identity = b"u%dm%d " % (user, number)
        return identity + filler[len(identity) :]

    return write


def identity_in(payload: bytes) -> tuple[int, int] | None:
    """Returns sender and number of the message that a reply repeats; None when it repeats none."""
    match = _IDENTITY.search(payload[:4096])
    return (int(match[1]), int(match[2])) if match else None
