"""The end of a run in the terminal: what is behind the failures, and of those that are alike only a few."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from pytest_websocket.render.failure_grouping import Cause, causes
from pytest_websocket.render.run import Outcome, Run

_FEW = 20
"""So many failures are shown in full, alike or not."""
_OF_EACH = 2
_MOST_CAUSES = 15
_WIDTH = 150
_STATS = ("failed", "error", "xfailed")


class Terminal:
    """Says once what turned many cases red; ``-v`` shows every failure in full all the same."""

    def __init__(self, run: Run) -> None:
        self._run = run

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_terminal_summary(self, terminalreporter: Any) -> Generator[None]:
        """Fold what is alike, let pytest print the rest, and say behind it what it comes from."""
        red = causes(self._run.records.values())
        deviations = causes(self._run.records.values(), outcomes={Outcome.DEVIATES})
        weak = causes(self._run.records.values(), outcomes={Outcome.WEAK})
        stats = terminalreporter.stats
        whole = {name: stats[name] for name in _STATS if name in stats}
        hidden = (
            set[str]() if terminalreporter.verbosity > 0 else _alike(red) | _alike(deviations) | _alike(weak)
        )
        for name, reports in whole.items():
            stats[name] = [report for report in reports if report.nodeid not in hidden]
        try:
            return (yield)
        finally:
            stats |= whole
            _tell(terminalreporter, red, "failures", len(hidden), red=True)
            if hidden:
                _tell(terminalreporter, deviations, "deviations from SHOULD", 0, yellow=True)


def _alike(found: list[Cause]) -> set[str]:
    """Tests that need not be shown, as others show the same."""
    if sum(len(cause.records) for cause in found) <= _FEW:
        return set()
    return {record.nodeid for cause in found for record in cause.records[_OF_EACH:]}


def _tell(terminal: Any, found: list[Cause], what: str, hidden: int, **colour: bool) -> None:
    count = sum(len(cause.records) for cause in found)
    if count < 2:
        return
    terminal.section(f"what is behind {count:,} {what}", **colour)
    for cause in found[:_MOST_CAUSES]:
        terminal.write_line(f"{len(cause.records):5,} × {cause.words}")
        for line in cause.example:
            terminal.write_line(f"          {line[:_WIDTH]}")
    if len(found) > _MOST_CAUSES:
        rest = sum(len(cause.records) for cause in found[_MOST_CAUSES:])
        terminal.write_line(f"{rest:5,} × {len(found) - _MOST_CAUSES} causes more")
    if hidden:
        terminal.write_line(f"Of each the first {_OF_EACH} are shown above; -v shows all.")
