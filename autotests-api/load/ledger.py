"""Who waits for which reply: what is lost, duplicated, crossed, reordered or wrong is found and listed."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field

from load.mix import identity_of
from wire.frames import opcode_name

MOST_LISTED = 100


Awaited = tuple[int, int, int, int, bytes]
"""A reply that has to come: number of the message, when it was due and sent (ns), opcode and payload."""


@dataclass
class Faults:
    """What was wrong with replies: exact counts by kind, and the first hundred in words."""

    counts: Counter[str] = field(default_factory=Counter)
    listed: list[str] = field(default_factory=list)

    def add(self, kind: str, words: str) -> None:
        """Count one fault and list it while there is room."""
        self.counts[kind] += 1
        if len(self.listed) < MOST_LISTED:
            self.listed.append(f"{kind}: {words}")

    def __bool__(self) -> bool:
        return bool(self.counts)

    def __str__(self) -> str:
        if not self.counts:
            return "none"
        numbers = ", ".join(f"{count} {kind}" for kind, count in sorted(self.counts.items()))
        return "\n  ".join([numbers, *self.listed[:20]])


class Ledger:
    """The open accounts of one connection, in the order in which the replies are due."""

    __slots__ = ("_faults", "_user", "awaited")

    def __init__(self, user: int, faults: Faults) -> None:
        self.awaited: deque[Awaited] = deque()
        self._user = user
        self._faults = faults

    def settle(self, opcode: int, payload: bytes) -> Awaited | None:
        """The account that a reply settles; None when it settles none, and then the fault is listed."""
        awaited = self.awaited
        if awaited:
            first = awaited[0]
            if payload == first[4] and opcode == first[3]:
                awaited.popleft()
                return first
        return self._explain(opcode, payload)

    def give_up(self, why: str) -> int:
        """Write off everything that is still open; returns how many."""
        for number, *_ in self.awaited:
            self._faults.add("lost", f"user {self._user}: no reply to message {number} ({why})")
        count = len(self.awaited)
        self.awaited.clear()
        return count

    def _explain(self, opcode: int, payload: bytes) -> Awaited | None:
        for place, account in enumerate(self.awaited):
            number, _, _, kind_expected, expected = account
            if payload == expected and opcode == kind_expected:
                ahead = self.awaited[0][0]
                self._faults.add(
                    "reordered",
                    f"user {self._user}: the reply to message {number} came before that to {ahead}",
                )
                del self.awaited[place]
                return account
        identity = identity_of(payload)
        if identity is None:
            kind, words = (
                "wrong",
                f"user {self._user}: {opcode_name(opcode)} {payload[:60]!r} answers nothing",
            )
        elif identity[0] != self._user:
            kind, words = (
                "crossed",
                f"user {self._user} got the reply to message {identity[1]} of user {identity[0]}",
            )
        else:
            return self._claimed(identity[1], payload)
        self._faults.add(kind, words)
        return None

    def _claimed(self, number: int, payload: bytes) -> Awaited | None:
        for place, account in enumerate(self.awaited):
            expected = account[4]
            if account[0] == number:
                del self.awaited[place]
                self._faults.add(
                    "wrong",
                    f"user {self._user}: the reply to message {number} is {len(payload)} bytes, "
                    f"{payload[:60]!r}, expected {len(expected)}, {expected[:60]!r}",
                )
                return account
        self._faults.add("duplicated", f"user {self._user}: another reply to message {number}")
        return None
