"""What every test said and heard: the journals of its connections, kept for the report and for failures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator
from typing import Any

import pytest

from pytest_websocket.client.client import Journal

JOURNALS = pytest.StashKey[list[Journal]]()
"""Journals of the connections that a test opened, in order."""

EVIDENCE = pytest.StashKey[list[tuple[str, "str | bytes", str]]]()
"""Further evidence for the report: name, body and media type of each attachment."""

TAIL = 12
"""Frames of each connection that a failure shows in the terminal."""

LAST = 4
"""Connections whose dialogue a failure shows: the last ones, and before them as many with a broken rule."""


class Journals:
    """The journals of one test."""

    def __init__(self, kept: list[Journal]) -> None:
        self._kept = kept
        self._names: Counter[str] = Counter()

    def new(self, name: str, url: str = "") -> Journal:
        """A new journal, already registered; a repeated name gets a number."""
        self._names[name] += 1
        number = self._names[name]
        return self.add(Journal(name if number == 1 else f"{name} {number}", url))

    def add(self, journal: Journal) -> Journal:
        """Register a journal that exists."""
        self._kept.append(journal)
        return journal


def worth_showing(journals: list[Journal]) -> list[Journal]:
    """The last of many journals, and before them the first in which the server broke a rule."""
    broken = [journal for journal in journals[:-LAST] if any(frame.violation for frame in journal.frames)]
    return [*broken[:LAST], *journals[-LAST:]]


@pytest.fixture
def journals(request: pytest.FixtureRequest) -> Journals:
    """Where a test's connections leave their journals."""
    return Journals(request.node.stash.setdefault(JOURNALS, []))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the end of the dialogue with a failure, in the terminal and in JUnit XML."""
    report = yield
    if report.failed and item.stash.get(JOURNALS, []):
        tails = [journal.tail(TAIL) for journal in worth_showing(item.stash[JOURNALS])]
        # The client's own failures carry theirs already.
        told = report.longreprtext
        untold = [tail for tail in tails if tail.partition(" with ")[0] not in told]
        if untold:
            report.sections.append(("WebSocket dialogue", "\n\n".join(untold)))
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, Any, Any]:
    """Let go of the journals when everybody has read them: pytest keeps its items to the end of the run."""
    try:
        return (yield)
    finally:
        for kept in (item.stash.get(JOURNALS, []), item.stash.get(EVIDENCE, [])):
            kept.clear()
