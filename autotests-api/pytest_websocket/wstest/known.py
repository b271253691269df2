"""Failures that are known, by the numbers of cases: a list in the format of ``--ws-known-failures``.

A line is a number or a pattern, with the agent before it where it is not for all, and a reason::

    "7.1.5" = "ticket 12: 1002 instead of 1000"
    "our-client 6.4.*" = "ticket 13"
    "RFC 6455 §7.4" = "ticket 14"
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_websocket.wstest.results import Result
from pytest_websocket.wstest.selection import matches
from pytest_websocket.wstest.spec import SpecError

if TYPE_CHECKING:
    from pytest_websocket.plugin.known_failures import Entry


class KnownFailures:
    """The list, and which of its entries are still true."""

    def __init__(self, entries: Sequence[Entry] = ()) -> None:
        self.entries = entries

    @classmethod
    def read(cls, path: Path | None) -> KnownFailures:
        """Reads a list; an empty one where there is no path. Raises SpecError."""
        if path is None:
            return cls()
        # Brings pytest, which costs more than many a run.
        import pytest

        from pytest_websocket.plugin.known_failures import read_known_failures

        try:
            return cls(read_known_failures(path))
        except pytest.UsageError as error:
            raise SpecError(str(error)) from None

    def lists(self, result: Result) -> bool:
        """Returns whether a failure of this case is known."""
        return any(_lists(entry, result) for entry in self.entries)

    def out_of_date(self, results: Sequence[Result], *, strict: bool) -> list[str]:
        """Returns the entries whose cases ran and all passed: they have to be taken out of the list."""
        passed = []
        for entry in self.entries:
            listed = [result for result in results if _lists(entry, result)]
            if listed and not any(result.verdict.is_failure(strict=strict) for result in listed):
                passed.append(entry.key)
        return passed


def _lists(entry: Entry, result: Result) -> bool:
    if entry.section:
        from pytest_websocket.plugin.known_failures import Case as KnownCase

        section = result.case.rule.removeprefix("RFC ").replace("§", "")
        return entry.matches(KnownCase(result.case.number, section))
    agent, blank, pattern = entry.key.rpartition(" ")
    return matches(result.case.number, pattern) and (not blank or agent == result.agent)
