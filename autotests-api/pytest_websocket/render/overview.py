"""What a reader of any report wants first: the verdict in one sentence, what changed, and what is broken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pytest_websocket.render import conformance_page
from pytest_websocket.render.changes import Changes
from pytest_websocket.render.conformance import Conformance
from pytest_websocket.render.conformance_page import Href, Verdict
from pytest_websocket.render.failure_grouping import Cause, causes
from pytest_websocket.render.pages import render
from pytest_websocket.render.run import RED, Outcome, Run

COLOURS = {
    Outcome.PASSED: "kept",
    Outcome.FAILED: "broken",
    Outcome.BROKEN: "broken",
    Outcome.WEAK: "broken",
    Outcome.DEVIATES: "deviates",
    Outcome.KNOWN: "deviates",
    Outcome.SKIPPED: "unknown",
}
_NOUNS = {
    Outcome.DEVIATES: ("deviation from SHOULD", "deviations from SHOULD"),
    Outcome.KNOWN: ("known failure", "known failures"),
    Outcome.WEAK: ("weakness", "weaknesses"),
}
_MOST_TESTS = 12
"""Tests of a cause that Allure's page lists before its own tree."""


@dataclass(frozen=True)
class Circumstances:
    """What a run was made of; ``facts`` and ``options`` are free of credentials, ``seconds`` its duration."""

    target: str
    finished: datetime
    seconds: float
    facts: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)
    changes: Changes | None = None


def panel(run: Run, conformance: Conformance | None, around: Circumstances) -> str:
    """Returns a section for the beginning of Allure's page, whose links lead to tests there."""
    shown = values(run, conformance, around, lambda record: record.link, _MOST_TESTS)
    return render("overview.html.j2", **shown | {"button": "All rules" if conformance is not None else ""})


def values(
    run: Run, conformance: Conformance | None, around: Circumstances, href: Href, most: int
) -> dict[str, Any]:
    """Returns what the template of the overview needs; ``most`` tests of a cause are listed."""
    records = list(run.records.values())
    return conformance_page.broken(causes(records), records, href, most) | {
        "verdict": verdict(run, conformance, around.target),
        "weaknesses": sorted(causes(run.weaknesses, {Outcome.WEAK}), key=_severity, reverse=True),
        "counts": [(run.count(each), each, COLOURS[each]) for each in COLOURS if run.count(each)],
        "around": around,
        "changes": around.changes,
        "colours": COLOURS,
        "words_of": _words,
        "crashes": run.crashes,
        "button": "",
    }


def verdict(run: Run, conformance: Conformance | None, target: str) -> Verdict:
    """Returns the verdict in one sentence: on the server where rules were tested, else on the tests."""
    red, weak, total = run.count(*RED), run.count(Outcome.WEAK), len(run.records)
    if not run.is_whole and not (red or weak):
        return Verdict("?", "unknown", f"The run was interrupted after {_tests(total)}, none failed.", target)
    if conformance is not None and (not conformance.conforms or not (red or weak)):
        return Verdict.of(conformance)
    if not total:
        return Verdict("?", "unknown", "No test ran.", target)
    if red:
        kept = " The rules of the RFCs that were tested are kept." if conformance is not None else ""
        return Verdict("✗", "broken", f"{red:,} of {_tests(total)} failed.{kept}", target)
    if weak:
        words = f"No rule was broken, and {weak:,} of {_tests(total)} found a weakness."
        return Verdict("✗", "broken", words, target)
    skipped = run.count(Outcome.SKIPPED)
    if skipped == total:
        return Verdict("?", "unknown", f"All {_tests(total)} were skipped.", target)
    aside = f", {skipped:,} skipped" if skipped else ""
    return Verdict("✓", "kept", f"No test failed: {_tests(total)}{aside}.", target)


def _words(outcome: Outcome, count: int) -> str:
    """Returns what a count of tests is called."""
    one, many = _NOUNS.get(outcome, (str(outcome), str(outcome)))
    return one if count == 1 else many


def _tests(count: int) -> str:
    return f"{count:,} test" if count == 1 else f"{count:,} tests"


def _severity(cause: Cause) -> float:
    """Returns the severity of the weakness that a cause is."""
    return max(record.weakness.severity.score if record.weakness else 0 for record in cause.records)
