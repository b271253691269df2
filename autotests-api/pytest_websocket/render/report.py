"""Renders a run as one HTML file that needs nothing else: verdict, what is broken, and its conversations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from pytest_websocket.render import conformance_page
from pytest_websocket.render.conformance import Conformance
from pytest_websocket.render.conformance_page import Verdict
from pytest_websocket.render.failure_grouping import causes
from pytest_websocket.render.pages import render
from pytest_websocket.render.run import RED, Outcome, Record, Run
from pytest_websocket.render.transcript import MOST_CONNECTIONS

LARGEST_TRANSCRIPT = 40_000
"""Bytes of the conversations of one test."""

MOST_TRANSCRIPTS = 300
"""Tests whose conversations are on the page."""

_MOST_TESTS = 40
_SHOWN = (Outcome.FAILED, Outcome.BROKEN, Outcome.WEAK, Outcome.DEVIATES, Outcome.KNOWN)
_COLOURS = {
    Outcome.PASSED: "kept",
    Outcome.FAILED: "broken",
    Outcome.BROKEN: "broken",
    Outcome.WEAK: "broken",
    Outcome.DEVIATES: "deviates",
    Outcome.KNOWN: "deviates",
    Outcome.SKIPPED: "unknown",
}


@dataclass(frozen=True)
class Circumstances:
    """What a run was made of; ``facts`` and ``options`` are free of credentials, ``seconds`` its duration."""

    target: str
    finished: datetime
    seconds: float
    facts: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)


def page(run: Run, around: Circumstances) -> str:
    """Returns the page."""
    records = list(run.records.values())
    conformance = Conformance.of(records, around.target) if run.conformance else None
    shown = [record for outcome in _SHOWN for record in records if record.outcome is outcome]
    known = {id(record) for record in shown}

    def href(record: Record) -> str:
        return record.anchor if id(record) in known else ""

    if conformance is not None:
        values = conformance_page.values(conformance, href, _MOST_TESTS)
    else:
        values = conformance_page.broken(causes(records), [], href, _MOST_TESTS)
    values["verdict"] = verdict(run, conformance, around.target)
    return render(
        "report.html.j2",
        **values,
        weaknesses=causes(run.weaknesses, {Outcome.WEAK}),
        has_rules=conformance is not None,
        counts=[
            (run.count(outcome), outcome, _COLOURS[outcome]) for outcome in Outcome if run.count(outcome)
        ],
        around=around,
        facts=around.facts,
        options=around.options,
        shown=shown,
        colours=_COLOURS,
        connections=MOST_CONNECTIONS,
        crashes=run.crashes,
    )


def verdict(run: Run, conformance: Conformance | None, target: str) -> Verdict:
    """Returns the verdict in one sentence: on the server where rules were tested, else on the tests."""
    red = run.count(*RED)
    weak = run.count(Outcome.WEAK)
    if conformance is not None and (not conformance.conforms or not (red or weak)):
        return Verdict.of(conformance)
    total = len(run.records)
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


def _tests(count: int) -> str:
    return f"{count:,} test" if count == 1 else f"{count:,} tests"
