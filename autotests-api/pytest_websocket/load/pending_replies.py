"""The replies that a connection waits for, and what is wrong with those that come."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field

from pytest_websocket.load.workload import identity_in
from pytest_websocket.protocol.frames import opcode_name

MAX_LISTED = 100

MAX_OVERTAKEN = 1000
"""Replies of one connection that may still come after later ones; the oldest of more are taken for lost."""

PendingReply = tuple[int, int, int, int, bytes]
"""An expected reply: number of the message, when it was due and sent (ns), opcode and payload."""


@dataclass
class WrongReplies:
    """Counts by kind (lost, duplicated, crossed, reordered, wrong), and the first `MAX_LISTED` as text."""

    counts: Counter[str] = field(default_factory=Counter)
    listed: list[str] = field(default_factory=list)

    def add(self, kind: str, description: str) -> None:
        """Counts one wrong reply and lists it while the list is not full."""
        self.counts[kind] += 1
        if len(self.listed) < MAX_LISTED:
            self.listed.append(f"{kind}: {description}")

    def __bool__(self) -> bool:
        return bool(self.counts)

    def __str__(self) -> str:
        if not self.counts:
            return "none"
        numbers = ", ".join(f"{count} {kind}" for kind, count in sorted(self.counts.items()))
        return "\n  ".join([numbers, *self.listed[:20]])


class PendingReplies:
    """The expected replies of one connection, in the order in which they are due.

    Requests overtaken by a later reply are kept separately; their replies may still arrive out of order.
    ``dropped`` counts those that were taken for lost since the caller last set it to 0.
    """

    __slots__ = ("_connection", "_overtaken", "_wrong", "dropped", "replies")

    def __init__(self, connection: int, wrong: WrongReplies) -> None:
        self.replies: deque[PendingReply] = deque()
        self._overtaken: deque[PendingReply] = deque()
        self.dropped = 0
        self._connection = connection
        self._wrong = wrong

    def match(self, opcode: int, payload: bytes) -> PendingReply | None:
        """Removes and returns the expected reply that this message is.

        Returns None when it is none of them; a wrong reply is listed in either case.
        """
        replies = self.replies
        if replies:
            first = replies[0]
            if payload == first[4] and opcode == first[3]:
                replies.popleft()
                return first
        return self._match_out_of_order(opcode, payload)

    def give_up(self, reason: str) -> int:
        """Lists all expected replies as lost, and returns how many they are."""
        lost = [*self._overtaken, *self.replies]
        for number, *_ in lost:
            self._add("lost", f"no reply to message {number} ({reason})")
        self._overtaken.clear()
        self.replies.clear()
        return len(lost)

    def _match_out_of_order(self, opcode: int, payload: bytes) -> PendingReply | None:
        for place, pending in enumerate(self.replies):
            if payload == pending[4] and opcode == pending[3]:
                for _ in range(place):
                    self._overtaken.append(self.replies.popleft())
                self.replies.popleft()
                while len(self._overtaken) > MAX_OVERTAKEN:
                    number = self._overtaken.popleft()[0]
                    self._add(
                        "lost", f"no reply to message {number} ({MAX_OVERTAKEN} later ones lack theirs)"
                    )
                    self.dropped += 1
                return pending
        for pending in self._overtaken:
            if payload == pending[4] and opcode == pending[3]:
                self._overtaken.remove(pending)
                self._add("reordered", f"the reply to message {pending[0]} came after that to a later one")
                return pending
        identity = identity_in(payload)
        if identity is None:
            self._add("wrong", f"{opcode_name(opcode)} {payload[:60]!r} answers no message")
        elif identity[0] != self._connection:
            self._add("crossed", f"got the reply to message {identity[1]} of user {identity[0]}")
        else:
            return self._match_by_number(identity[1], payload)
        return None

    def _match_by_number(self, number: int, payload: bytes) -> PendingReply | None:
        for pending in (*self._overtaken, *self.replies):
            expected = pending[4]
            if pending[0] == number:
                (self._overtaken if pending in self._overtaken else self.replies).remove(pending)
                self._add(
                    "wrong",
                    f"the reply to message {number} is {len(payload)} bytes, {payload[:60]!r}, "
                    f"expected {len(expected)}, {expected[:60]!r}",
                )
                return pending
        self._add("duplicated", f"another reply to message {number}")
        return None

    def _add(self, kind: str, description: str) -> None:
        self._wrong.add(kind, f"user {self._connection}: {description}")
