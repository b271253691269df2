"""Renders the conformance table as a page without script, its links leading to the tests in the report."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from pytest_websocket.protocol.rules import MAY, MUST, SHOULD, Level
from pytest_websocket.render.conformance import Conformance, RuleVerdict
from pytest_websocket.render.conformance import Verdict as Judged
from pytest_websocket.render.failure_grouping import Cause, causes, first_line
from pytest_websocket.render.pages import render
from pytest_websocket.render.run import Outcome, Record

LARGEST_PAGE = 190_000
"""Bytes."""

_NAMES = {6455: "RFC 6455, the WebSocket protocol", 7692: "RFC 7692, compression per message"}
_LONGEST_REASON = 300
# Tests of a cause, and causes, that are shown before a reader asks for all.
_FIRST = 5
_FIRST_CAUSES = 8

Href = Callable[[Record], str]


@dataclass(frozen=True)
class Verdict:
    """What a page begins with: a mark with its colour, one sentence, and what it is about."""

    mark: str
    colour: str
    headline: str
    aside: str

    @classmethod
    def of(cls, conformance: Conformance) -> Verdict:
        """Makes the verdict on a server."""
        if not conformance.known(MUST):
            mark, colour = "?", "unknown"
        else:
            mark, colour = ("✓", "kept") if conformance.conforms else ("✗", "broken")
        return cls(mark, colour, conformance.headline, conformance.target)


def page(conformance: Conformance) -> str:
    """Returns the page, at most `LARGEST_PAGE` bytes: the more rules there are, the fewer tests of each."""
    written = ""
    for most in (60, 12, 3):
        written = render("conformance.html.j2", **values(conformance, lambda record: record.link, most))
        if len(written.encode("utf-8", "replace")) <= LARGEST_PAGE:
            break
    return written


def values(conformance: Conformance, href: Href, most: int) -> dict[str, Any]:
    """Returns what the template of the table needs.

    ``href`` is the id of a test on the page, empty where it has none; ``most`` tests of a rule are listed.
    """
    records = [each for section in conformance.sections for rule in section.rules for each in rule.records]
    return {
        "table": conformance,
        "button": "",
        "verdict": Verdict.of(conformance),
        **broken(conformance.causes, records, href, most),
        "rfcs": [
            (_NAMES.get(number, f"RFC {number}"), list(sections))
            for number, sections in groupby(conformance.sections, key=lambda section: section.rfc)
        ],
        "levels": list(Level),
        "MUST": MUST,
        "SHOULD": SHOULD,
        "MAY": MAY,
        "bar_of": _bar,
        "why": _why,
        "colour_of": _colour,
    }


def broken(failures: list[Cause], records: Iterable[Record], href: Href, most: int) -> dict[str, Any]:
    """Returns what the template of the list of what is broken needs: rules first, then other causes."""
    return {
        "failures": sorted(failures, key=lambda cause: cause.level != MUST),
        "deviations": causes(records, outcomes={Outcome.DEVIATES}),
        "weaknesses": [],
        "href": href,
        "most": most,
        "first": _FIRST,
        "first_causes": _FIRST_CAUSES,
        "why_broken": _why_broken,
        "tests_by_name": tests_by_name,
        "kind_of": _kind,
    }


def tests_by_name(records: list[Record], most: int) -> list[tuple[str, list[tuple[Record, str]]]]:
    """Returns the first ``most`` tests, failed ones first: a name once, with each case and its id.

    A name with one case is empty, and the case has the whole title.
    """
    ordered = sorted(records, key=lambda record: record.outcome is Outcome.PASSED)[:most]
    found = []
    for name, group in groupby(ordered, key=lambda record: _title(record).partition(" · ")[0]):
        cases = list(group)
        if len(cases) == 1:
            found.append(("", [(cases[0], _title(cases[0]))]))
        else:
            found.append((name, [(case, _title(case).partition(" · ")[2] or name) for case in cases]))
    return found


def _title(record: Record) -> str:
    # A test during which its process died has sent no title.
    return record.title or record.nodeid


def _bar(counted: Any, level: Level) -> list[tuple[str, int, float]]:
    """Returns class, count and share in percent of the rules kept, broken and not tested; empty for none."""
    counts = [counted.count(level, verdict) for verdict in Judged]
    whole = sum(counts)
    kinds = ("kept", "deviates" if level is SHOULD else "broken", "unknown")
    return [(kind, count, 100 * count / whole) for kind, count in zip(kinds, counts, strict=True) if count]


def _why(each: RuleVerdict) -> str:
    """Returns the first line of why a rule is not kept."""
    if each.verdict is Judged.KEPT or not each.failed:
        return ""
    return first_line(each.failed[0]).removeprefix(f"{each.rule}: ")[:_LONGEST_REASON]


def _why_broken(cause: Cause) -> list[str]:
    return [line[:_LONGEST_REASON] for line in cause.example]


def _colour(each: RuleVerdict) -> str:
    if each.verdict is Judged.BROKEN:
        return "deviates" if each.rule.level is SHOULD else "broken"
    return "kept" if each.verdict is Judged.KEPT else "unknown"


def _kind(record: Record) -> str:
    """Returns the class of a link to a test."""
    return {Outcome.PASSED: "", Outcome.SKIPPED: "m", Outcome.DEVIATES: "w"}.get(record.outcome, "x")
