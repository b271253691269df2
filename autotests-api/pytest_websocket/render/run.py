"""Says what became of the tests of a run, as plain data."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from pytest_websocket.protocol.frames import CLOSE
from pytest_websocket.protocol.rules import Rule
from pytest_websocket.protocol.weaknesses import Weakness
from pytest_websocket.render.conversation import Conversation

# Round trips of one test that count for the run's metrics.
_MOST_SAMPLES = 200
_MOST_VIOLATIONS = 5


class Outcome(StrEnum):
    """What a test's end means to a reader of the report."""

    PASSED = "passed"
    FAILED = "failed"
    DEVIATES = "deviates"
    KNOWN = "known failure"
    SKIPPED = "skipped"
    BROKEN = "broken"
    WEAK = "weakness"


RED = frozenset({Outcome.FAILED, Outcome.BROKEN})


@dataclass
class Record:
    """One test: what it is, where the report shows it, how it ended and why, times in milliseconds.

    ``place`` is its file and line in the suite. ``weakness`` is what it looks for, ``dialogue`` the
    conversations as text where it was found.
    ``violations`` are the rules that frames of the server broke, in words; ``spoiled`` says that what turned
    the test red is not what it is about: such frames, or a handshake before it that failed. ``details`` is
    the failure as pytest shows it, ``transcript`` the conversations of a failed test as a part of a page.
    """

    nodeid: str
    title: str = ""
    link: str = ""
    epic: str = ""
    feature: str = ""
    topic: str = ""
    rule: Rule | None = None
    weakness: Weakness | None = None
    place: tuple[str, int] = ("", 1)
    dialogue: str = ""
    outcome: Outcome = Outcome.PASSED
    spoiled: bool = False
    reason: str = ""
    details: str = ""
    transcript: str = ""
    duration: float = 0.0
    close_code: int | None = None
    violations: list[str] = field(default_factory=list)
    opened: list[float] = field(default_factory=list)
    trips: list[float] = field(default_factory=list)

    @property
    def anchor(self) -> str:
        """Returns the id of the test on a page that shows it."""
        return "t" + hashlib.md5(self.nodeid.encode("utf-8", "replace"), usedforsecurity=False).hexdigest()

    @property
    def is_about_client(self) -> bool:
        """Returns whether the test is about a client, by its folder (``tests/clients``)."""
        return "clients" in self.nodeid.partition("::")[0].split("/")


@dataclass
class Run:
    """All tests of a run, by node id, and those during which a process died.

    ``is_whole`` is false for a run that was interrupted: tests are missing in it.
    """

    records: dict[str, Record] = field(default_factory=dict)
    crashes: list[str] = field(default_factory=list)
    is_whole: bool = True

    @property
    def conformance(self) -> list[Record]:
        """Returns the tests that are tied to a rule."""
        return [record for record in self.records.values() if record.rule is not None]

    @property
    def weaknesses(self) -> list[Record]:
        """Returns the tests that found a weakness, the worst first."""
        found = [record for record in self.records.values() if record.outcome is Outcome.WEAK]
        return sorted(found, key=lambda record: -(record.weakness.severity.score if record.weakness else 0))

    def count(self, *outcomes: Outcome) -> int:
        """Returns how many tests ended so."""
        return sum(record.outcome in outcomes for record in self.records.values())


@dataclass(frozen=True)
class Measured:
    """What the conversations of a test say about the server, times in milliseconds."""

    close_code: int | None
    violations: list[str]
    opened: list[float]
    trips: list[float]

    @classmethod
    def of(cls, conversations: Sequence[Conversation]) -> Measured:
        """Returns the last close code, each violation once, connect times and round trips."""
        received = [frame for each in conversations for frame in each.frames if not frame.sent]
        closes = [frame.data for frame in received if frame.opcode == CLOSE and len(frame.data) >= 2]
        violations = [
            f"{violation.rule.title}: {violation.words}"
            for frame in received
            for violation in frame.violations
            if violation.rule is not None
        ]
        trips = [trip.seconds * 1000 for each in conversations for trip in each.trips]
        return cls(
            close_code=int.from_bytes(closes[-1][:2], "big") if closes else None,
            violations=list(dict.fromkeys(violations))[:_MOST_VIOLATIONS],
            opened=[round(each.opened_at * 1000, 3) for each in conversations if each.opened_at],
            trips=[round(trip, 3) for trip in trips[:_MOST_SAMPLES]],
        )
