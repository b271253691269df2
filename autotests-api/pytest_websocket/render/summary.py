"""Renders the run in Markdown, for the summary of a GitHub job."""

from __future__ import annotations

from pytest_websocket.render.changes import Changes
from pytest_websocket.render.conformance import MOST_CAUSES, Conformance
from pytest_websocket.render.failure_grouping import causes
from pytest_websocket.render.overview import verdict
from pytest_websocket.render.pages import render
from pytest_websocket.render.run import RED, Outcome, Run

_MOST_FAILURES = 30
_MOST_CHANGES = 10
_LONGEST_REASON = 300
_MARKS = {
    Outcome.PASSED: "✅",
    Outcome.FAILED: "❌",
    Outcome.BROKEN: "💥",
    Outcome.WEAK: "🔓",
    Outcome.DEVIATES: "⚠️",
    Outcome.KNOWN: "🩹",
    Outcome.SKIPPED: "⏭️",
}


def summary(run: Run, conformance: Conformance | None, title: str, changes: Changes | None = None) -> str:
    """Returns verdict, totals, changes, failures with the first line of their reason, and the rules."""
    counts = ((mark, run.count(outcome), outcome) for outcome, mark in _MARKS.items())
    failed = [each for each in run.records.values() if each.outcome in RED | {Outcome.WEAK}]
    found = causes(failed, RED | {Outcome.WEAK})
    return render(
        "summary.md.j2",
        verdict=verdict(run, conformance, title),
        title=title,
        changes=changes,
        most=_MOST_CHANGES,
        conformance=conformance,
        totals=[entry for entry in counts if entry[1]],
        causes=found[:MOST_CAUSES] if len(found) < len(failed) else [],
        failures=[
            (record.title or record.nodeid, record.reason.partition("\n")[0][:_LONGEST_REASON])
            for record in failed[:_MOST_FAILURES]
        ],
        more=max(0, len(failed) - _MOST_FAILURES),
        crashes=run.crashes,
    )
