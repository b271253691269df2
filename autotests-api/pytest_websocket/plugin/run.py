"""What became of every test of a run, collected where the run is controlled: also from xdist's workers."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import pytest

from pytest_websocket.allure.labels import place_of, title_of
from pytest_websocket.plugin.marks import Level, Rule
from pytest_websocket.protocol.frames import CLOSE
from pytest_websocket.render.conversation import Conversation

# Round trips of one test that count for the run's metrics.
_MOST_SAMPLES = 200
_MOST_VIOLATIONS = 5
_RULE_BEHIND = re.compile(r"^(.*) \((RFC \d+ §[\d.]+)\)$")


class Outcome(StrEnum):
    """What a test's end means to a reader of the report."""

    PASSED = "passed"
    FAILED = "failed"
    DEVIATES = "deviates"
    KNOWN = "known failure"
    SKIPPED = "skipped"
    BROKEN = "broken"


@dataclass
class Record:
    """One test: what it is, where the report shows it, how it ended and why, times in milliseconds.

    ``violations`` are the rules that frames of the server broke, in words; ``spoiled`` says that what turned
    the test red is not what it is about: such frames, or a handshake before it that failed.
    """

    nodeid: str
    title: str = ""
    link: str = ""
    epic: str = ""
    feature: str = ""
    topic: str = ""
    rule: Rule | None = None
    outcome: Outcome = Outcome.PASSED
    spoiled: bool = False
    reason: str = ""
    duration: float = 0.0
    close_code: int | None = None
    violations: list[str] = field(default_factory=list)
    opened: list[float] = field(default_factory=list)
    trips: list[float] = field(default_factory=list)


def facts_of(item: pytest.Item, uuid: str, conversations: list[Conversation]) -> dict[str, Any]:
    """What only the process that ran a test knows of it, as plain data that crosses to the controller."""
    place = place_of(item)
    rule = place.rule
    closes = [
        int.from_bytes(frame.data[:2], "big")
        for conversation in conversations
        for frame in conversation.frames
        if frame.opcode == CLOSE and not frame.sent and len(frame.data) >= 2
    ]
    trips = [trip.seconds * 1000 for conversation in conversations for trip in conversation.trips]
    return {
        "title": title_of(item),
        # Allure 3 names the page of a result so.
        "link": hashlib.md5(uuid.encode(), usedforsecurity=False).hexdigest() if uuid else "",
        "epic": place.epic,
        "feature": place.feature,
        "topic": place.topic,
        "rule": None
        if rule is None
        else [rule.rfc, rule.section, rule.level.value, rule.text, *rule.autobahn],
        "close_code": closes[-1] if closes else None,
        "violations": _violations(conversations),
        "opened": [round(each.opened_at * 1000, 3) for each in conversations if each.opened_at],
        "trips": [round(trip, 3) for trip in trips[:_MOST_SAMPLES]],
    }


def _violations(conversations: list[Conversation]) -> list[str]:
    """Each violation once, its rule first: ``RFC 6455 §5.1: a server's frame is masked``."""
    said = [
        _RULE_BEHIND.sub(r"\2: \1", words)
        for conversation in conversations
        for frame in conversation.frames
        if frame.violation and not frame.sent
        for words in frame.violation.split("; ")
    ]
    return list(dict.fromkeys(said))[:_MOST_VIOLATIONS]


class Run:
    """Collects records from the reports that reach the controlling process."""

    def __init__(self) -> None:
        self.records: dict[str, Record] = {}
        self.crashes: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take from each phase what it adds."""
        record = self.records.setdefault(report.nodeid, Record(report.nodeid))
        record.duration += report.duration * 1000
        outcome = _outcome(report)
        if outcome is not Outcome.PASSED and record.outcome is Outcome.PASSED:
            record.outcome, record.reason = outcome, _reason(report)
        for name, value in getattr(report, "facts", {}).items():
            setattr(record, name, _rule(value) if name == "rule" else value)

    @property
    def conformance(self) -> list[Record]:
        """The tests that are tied to a rule."""
        return [record for record in self.records.values() if record.rule is not None]

    def count(self, *outcomes: Outcome) -> int:
        """How many tests ended so."""
        return sum(record.outcome in outcomes for record in self.records.values())


def _outcome(report: pytest.TestReport) -> Outcome:
    if hasattr(report, "known_failure"):
        return Outcome.KNOWN
    if hasattr(report, "wasxfail"):
        return Outcome.DEVIATES if report.skipped else Outcome.PASSED
    if report.skipped:
        return Outcome.SKIPPED
    if report.failed:
        return Outcome.FAILED if report.when == "call" else Outcome.BROKEN
    return Outcome.PASSED


def _reason(report: pytest.TestReport) -> str:
    if hasattr(report, "wasxfail"):
        return str(report.wasxfail)
    if isinstance(report.longrepr, tuple):
        return report.longrepr[2].removeprefix("Skipped: ")
    crash = getattr(report.longrepr, "reprcrash", None)
    words = str(crash.message if crash is not None else report.longreprtext)
    # xdist puts a line about the worker before it.
    return re.sub(r"\A\[gw\d+\] .*\n", "", words).strip()


def _rule(value: list[Any] | None) -> Rule | None:
    if value is None:
        return None
    number, section, level, text, *autobahn = value
    return Rule(number, section, Level(level), text, tuple(autobahn))
