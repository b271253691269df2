"""Renders a run as one HTML file that needs nothing else: verdict, what is broken, and its conversations."""

from __future__ import annotations

from pytest_websocket.render import conformance_page, overview
from pytest_websocket.render.conformance import Conformance
from pytest_websocket.render.overview import Circumstances
from pytest_websocket.render.pages import render
from pytest_websocket.render.run import Outcome, Record, Run
from pytest_websocket.render.transcript import MOST_CONNECTIONS

LARGEST_TRANSCRIPT = 40_000
"""Bytes of the conversations of one test."""

MOST_TRANSCRIPTS = 300
"""Tests whose conversations are on the page."""

_MOST_TESTS = 40
_SHOWN = (Outcome.FAILED, Outcome.BROKEN, Outcome.WEAK, Outcome.DEVIATES, Outcome.KNOWN)


def page(run: Run, around: Circumstances) -> str:
    """Returns the page."""
    records = list(run.records.values())
    conformance = Conformance.of(records, around.target) if run.conformance else None
    shown = [record for outcome in _SHOWN for record in records if record.outcome is outcome]
    known = {id(record) for record in shown}

    def href(record: Record) -> str:
        return record.anchor if id(record) in known else ""

    rules = conformance_page.values(conformance, href, _MOST_TESTS) if conformance is not None else {}
    return render(
        "report.html.j2",
        **rules | overview.values(run, conformance, around, href, _MOST_TESTS),
        has_rules=conformance is not None,
        facts=around.facts,
        options=around.options,
        shown=shown,
        connections=MOST_CONNECTIONS,
    )
