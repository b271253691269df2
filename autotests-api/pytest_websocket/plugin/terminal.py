"""The end of a run in the terminal: failures, of those alike only a few, their causes, and the verdict."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from pytest_websocket.plugin import environment
from pytest_websocket.plugin.last_run import CHANGES
from pytest_websocket.plugin.run import RUN
from pytest_websocket.plugin.target import TARGET
from pytest_websocket.render.changes import Changes
from pytest_websocket.render.conformance import Conformance
from pytest_websocket.render.failure_grouping import Cause, causes
from pytest_websocket.render.overview import verdict
from pytest_websocket.render.run import Outcome, Run
from pytest_websocket.text import printable, quantity

_FEW = 20
"""So many failures are shown in full, alike or not."""
_OF_EACH = 2
_MOST_CAUSES = 15
_MOST_CHANGES = 10
_WIDTH = 150
_STATS = ("failed", "error", "xfailed")
# Outcomes that pytest lists only when it is asked, with the letter that asks.
_LISTED = (
    ("x", Outcome.DEVIATES, "deviation from SHOULD", "deviations from SHOULD"),
    ("x", Outcome.KNOWN, "known failure", "known failures"),
    ("s", Outcome.SKIPPED, "skipped", "skipped"),
)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> Generator[None]:
    """Folds what is alike, lets pytest print the rest, and says after it what it comes from.

    ``-v`` shows every failure in full all the same.
    """
    if RUN not in config.stash:
        return (yield)
    run = config.stash[RUN]
    red = causes(run.records.values())
    aside = [causes(run.records.values(), outcomes={each}) for each in (Outcome.DEVIATES, Outcome.WEAK)]
    stats = terminalreporter.stats
    whole = {name: stats[name] for name in _STATS if name in stats}
    hidden = set[str]()
    if terminalreporter.verbosity <= 0:
        hidden = set[str]().union(*map(_alike, (red, *aside)))
    for name, reports in whole.items():
        stats[name] = [report for report in reports if report.nodeid not in hidden]
    try:
        return (yield)
    finally:
        stats |= whole
        _tell_causes(terminalreporter, red, hidden)
        _tell_verdict(terminalreporter, config, run)


def _alike(found: list[Cause]) -> set[str]:
    """Returns the tests that need not be shown, as others show the same."""
    if sum(len(cause.records) for cause in found) <= _FEW:
        return set()
    return {record.nodeid for cause in found for record in cause.records[_OF_EACH:]}


def _tell_causes(terminal: Any, found: list[Cause], hidden: set[str]) -> None:
    count = sum(len(cause.records) for cause in found)
    if count < 2:
        return
    terminal.section(f"what is behind {count:,} failures", red=True)
    most = _MOST_CAUSES if terminal.verbosity <= 0 else len(found)
    for cause in found[:most]:
        terminal.write_line(f"{len(cause.records):5,} × {cause.words}")
        for line in cause.example:
            terminal.write_line(f"          {line[:_WIDTH]}")
    if len(found) > most:
        rest = sum(len(cause.records) for cause in found[most:])
        terminal.write_line(f"{rest:5,} of {quantity(len(found) - most, 'other cause')}: -v lists them")
    if hidden:
        terminal.write_line(f"Of each the first {_OF_EACH} are shown above; -v shows all.")


def _tell_verdict(terminal: Any, config: pytest.Config, run: Run) -> None:
    if run.conformance and terminal.verbosity > -2:
        name = environment.name() or environment.facts(config)["Target"]
        found = verdict(run, Conformance.of(run.records.values(), name), name)
        colour = {"kept": "green", "broken": "red"}.get(found.colour, "yellow")
        terminal.write_line(f"{found.mark} {found.headline}", bold=True, **{colour: True})
    if CHANGES in config.stash:
        for line in _changed(config.stash[CHANGES]):
            terminal.write_line(printable(config.stash[TARGET].mask(line)))
    quiet = [entry for entry in _LISTED if not {entry[0], "a", "A"} & set(terminal.reportchars)]
    counted = [(run.count(outcome), one, many, letter) for letter, outcome, one, many in quiet]
    if found_any := [entry for entry in counted if entry[0]]:
        words = ", ".join(f"{count:,} {one if count == 1 else many}" for count, one, many, _ in found_any)
        letters = "".join(sorted({letter for *_, letter in found_any}, reverse=True))
        terminal.write_line(f"{words}: -r{letters} lists them")


def _changed(changes: Changes) -> list[str]:
    if not changes.broken and not changes.mended:
        return []
    lines = [f"Since the run of {changes.since}: {changes.words}"]
    lines += [f"  now broken: {words}"[:_WIDTH] for words, _ in changes.broken[:_MOST_CHANGES]]
    lines += [f"  no longer broken: {words}"[:_WIDTH] for words in changes.mended[:_MOST_CHANGES]]
    return lines
