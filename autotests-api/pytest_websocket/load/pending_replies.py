"""Who waits for which reply: what is lost, duplicated, crossed, reordered or wrong is found and listed."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field

from pytest_websocket.load.workload import identity_of
from pytest_websocket.protocol.frames import opcode_name

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
    """The open accounts of one connection, in the order in which the replies are due.

    An account that a later reply has passed by is kept apart: its own may still come, out of order, or never.
    """

    __slots__ = ("_faults", "_passed", "_user", "awaited")

    def __init__(self, user: int, faults: Faults) -> None:
        self.awaited: deque[Awaited] = deque()
        self._passed: deque[Awaited] = deque()
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
        given_up = [*self._passed, *self.awaited]
        for number, *_ in given_up:
            self._faults.add("lost", f"user {self._user}: no reply to message {number} ({why})")
        self._passed.clear()
        self.awaited.clear()
        return len(given_up)

    def _explain(self, opcode: int, payload: bytes) -> Awaited | None:
        for place, account in enumerate(self.awaited):
            if payload == account[4] and opcode == account[3]:
                for _ in range(place):
                    self._passed.append(self.awaited.popleft())
                self.awaited.popleft()
                return account
        for account in self._passed:
            if payload == account[4] and opcode == account[3]:
                self._passed.remove(account)
                self._faults.add(
                    "reordered",
                    f"user {self._user}: the reply to message {account[0]} came behind that to a later one",
                )
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
        for account in (*self._passed, *self.awaited):
            expected = account[4]
            if account[0] == number:
                (self._passed if account in self._passed else self.awaited).remove(account)
                self._faults.add(
                    "wrong",
                    f"user {self._user}: the reply to message {number} is {len(payload)} bytes, "
                    f"{payload[:60]!r}, expected {len(expected)}, {expected[:60]!r}",
                )
                return account
        self._faults.add("duplicated", f"user {self._user}: another reply to message {number}")
        return None
