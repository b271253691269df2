"""Renders a run as one HTML file that needs nothing else: verdict, what is broken, and its conversations."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest

from pytest_websocket.render import conformance_page, overview
from pytest_websocket.render.conformance import Conformance
from pytest_websocket.render.failure_grouping import causes, first_line
from pytest_websocket.render.overview import Circumstances
from pytest_websocket.render.pages import render
from pytest_websocket.render.run import Outcome, Record, Run
from pytest_websocket.render.transcript import MOST_CONNECTIONS

LARGEST_TRANSCRIPT = 40_000
"""Bytes of the conversations of one test."""

MOST_TRANSCRIPTS = 300
"""Tests whose conversations are on the page."""

LARGEST_TESTS = 1_800_000
"""Bytes of the failures and conversations of all tests."""

# Tests of a cause that are named, and tests that are shown.
_MOST_TESTS = 40
_MOST_SHOWN = 500
_GROUPS = (
    ("Failed tests", (Outcome.FAILED, Outcome.BROKEN)),
    ("Weaknesses, test by test", (Outcome.WEAK,)),
    ("Deviations from SHOULD, test by test", (Outcome.DEVIATES,)),
    ("Known failures", (Outcome.KNOWN,)),
)


def page(run: Run, around: Circumstances) -> str:
    """Returns the page."""
    records = list(run.records.values())
    conformance = Conformance.of(records, around.target) if run.conformance else None
    shown = _shown(records)
    kept = {id(record) for record in shown}
    groups = [
        (words, [each for each in records if each.outcome in outcomes and id(each) in kept], outcomes)
        for words, outcomes in _GROUPS
    ]

    def href(record: Record) -> str:
        return record.anchor if id(record) in kept else ""

    rules = conformance_page.values(conformance, href, _MOST_TESTS) if conformance is not None else {}
    return render(
        "report.html.j2",
        **rules | overview.values(run, conformance, around, href, _MOST_TESTS),
        has_rules=conformance is not None,
        facts=around.facts,
        options=around.options,
        groups=[
            (words, found, run.count(*outcomes) - len(found)) for words, found, outcomes in groups if found
        ],
        shown=len(shown),
        whole=set(_whole(shown)),
        first_line=first_line,
        connections=MOST_CONNECTIONS,
    )


def _shown(records: list[Record]) -> list[Record]:
    """Returns the tests to show: the first of each cause, then the second of each, and so on."""
    found = causes(records, frozenset().union(*(outcomes for _, outcomes in _GROUPS)))
    rows = zip_longest(*(cause.records for cause in found))
    return [record for row in rows for record in row if record is not None][:_MOST_SHOWN]


def _whole(records: list[Record]) -> Iterator[str]:
    """Yields the node ids of the first tests, whose failures and conversations fit on the page."""
    left = LARGEST_TESTS
    for record in records:
        left -= len(f"{record.transcript}{record.details}".encode("utf-8", "replace"))
        if left < 0:
            return
        yield record.nodeid
