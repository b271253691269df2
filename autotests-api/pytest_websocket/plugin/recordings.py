"""The recordings of a test's connections, kept for the report and for failures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator
from typing import Any

import pytest

from pytest_websocket.recording import Recording

RECORDINGS = pytest.StashKey[list[Recording]]()
"""Recordings of the connections that a test opened, in order."""

ATTACHMENTS = pytest.StashKey[list[tuple[str, "str | bytes", str]]]()
"""What else a report gets of a test: name, body and media type of each attachment."""

TAIL = 12
"""Frames of each connection that a failure shows in the terminal."""

LAST = 4
"""Connections that a failure shows: the last ones, and before them as many with a broken rule."""


class Recordings:
    """The recordings of one test."""

    def __init__(self, kept: list[Recording]) -> None:
        self._kept = kept
        self._names: Counter[str] = Counter()

    def new(self, name: str, url: str = "") -> Recording:
        """Returns a new recording, already registered; a repeated name gets a number."""
        self._names[name] += 1
        number = self._names[name]
        return self.add(Recording(name if number == 1 else f"{name} {number}", url))

    def add(self, recording: Recording) -> Recording:
        """Registers a recording that exists, and returns it."""
        self._kept.append(recording)
        return recording


def worth_showing(recordings: list[Recording]) -> list[Recording]:
    """Returns the last of many recordings, after the first in which the server broke a rule."""
    broken = [
        recording for recording in recordings[:-LAST] if any(frame.violation for frame in recording.frames)
    ]
    return [*broken[:LAST], *recordings[-LAST:]]


def shown_with_a_failure(item: pytest.Item, text: str) -> str:
    """Returns the end of the test's recordings, but for those that the failure's ``text`` holds already."""
    tails = [recording.tail(TAIL) for recording in worth_showing(item.stash.get(RECORDINGS, []))]
    return "\n\n".join(tail for tail in tails if tail.partition(" with ")[0] not in text)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, Any, Any]:
    """Drops the recordings after the test: pytest keeps its items to the end of the run."""
    try:
        return (yield)
    finally:
        for kept in (item.stash.get(RECORDINGS, []), item.stash.get(ATTACHMENTS, [])):
            kept.clear()
