"""What a server keeps of RFC 6455 and RFC 7692, by section, from the tests that are tied to a rule."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from pytest_websocket.plugin.marks import MAY, MUST, SHOULD, Level, Rule
from pytest_websocket.plugin.run import Outcome, Record
from pytest_websocket.render.failure_grouping import Cause, causes
from pytest_websocket.render.markdown import cell

MOST_CAUSES = 12
"""Causes of failures that a reader is shown."""


class Verdict(StrEnum):
    """What the cases of a rule say about a server."""

    KEPT = "kept"
    BROKEN = "broken"
    UNKNOWN = "not tested"


@dataclass
class RuleVerdict:
    """A rule and the tests that checked it."""

    rule: Rule
    records: list[Record] = field(default_factory=list)

    @property
    def verdict(self) -> Verdict:
        """Broken by one failure; kept when at least one test ran and none failed.

        A test that never came to what it is about says nothing.
        """
        outcomes = {record.outcome for record in self.records if not record.spoiled}
        if outcomes & {Outcome.FAILED, Outcome.DEVIATES, Outcome.KNOWN}:
            return Verdict.BROKEN
        if Outcome.PASSED in outcomes:
            return Verdict.KEPT
        return Verdict.UNKNOWN


@dataclass
class Section:
    """A section of an RFC and its rules."""

    rfc: int
    number: str
    topic: str
    rules: list[RuleVerdict] = field(default_factory=list)

    @property
    def title(self) -> str:
        """``RFC 6455 §5.1``."""
        return f"RFC {self.rfc} §{self.number}"

    def count(self, level: Level, verdict: Verdict) -> int:
        """Rules of that level with that verdict."""
        return sum(each.rule.level is level and each.verdict is verdict for each in self.rules)


@dataclass
class Conformance:
    """The whole table, and whether the server is fit."""

    target: str
    sections: list[Section]
    causes: list[Cause] = field(default_factory=list)

    @classmethod
    def of(cls, records: Iterable[Record], target: str) -> Conformance:
        """Group tests by section and rule, in the order of the RFCs; and by what turned them red."""
        records = list(records)
        sections: dict[tuple[int, str], Section] = {}
        topics: dict[tuple[int, str], Counter[str]] = {}
        rules: dict[Rule, RuleVerdict] = {}
        for record in records:
            rule = record.rule
            if rule is None:
                continue
            place = (rule.rfc, rule.section)
            section = sections.setdefault(place, Section(rule.rfc, rule.section, ""))
            topics.setdefault(place, Counter())[record.topic] += 1
            # The same rule with other Autobahn numbers is the same rule.
            key = Rule(rule.rfc, rule.section, rule.level, rule.text)
            if key not in rules:
                rules[key] = RuleVerdict(key)
                section.rules.append(rules[key])
            rules[key].records.append(record)
        for place, section in sections.items():
            section.topic = topics[place].most_common(1)[0][0]
            section.rules.sort(key=_worst_first)
        return cls(target, sorted(sections.values(), key=_order), causes(records))

    def count(self, level: Level, verdict: Verdict) -> int:
        """Rules of that level with that verdict, over all sections."""
        return sum(section.count(level, verdict) for section in self.sections)

    def known(self, level: Level) -> int:
        """Rules of that level of which something is known."""
        return self.count(level, Verdict.KEPT) + self.count(level, Verdict.BROKEN)

    @property
    def is_fit(self) -> bool:
        """No MUST is broken, by whatever was sent, and at least one was tested and kept."""
        broken = any(cause.level == MUST for cause in self.causes)
        return not broken and not self.count(MUST, Verdict.BROKEN) and bool(self.count(MUST, Verdict.KEPT))

    @property
    def headline(self) -> str:
        """The result in one sentence."""
        broken, known = self.count(MUST, Verdict.BROKEN), self.known(MUST)
        if not known:
            return "Nothing is known: no MUST was tested."
        deviations = self.count(SHOULD, Verdict.BROKEN)
        aside = f" and deviates from {_rules(deviations, 'SHOULD')}" if deviations else ""
        if unjudged := self.unjudged:
            aside += f". Of {_rules(unjudged, '')} nothing is known: other failures came first"
        if broken:
            return f"The server breaks {broken} of {_rules(known, 'MUST')}{aside}."
        if not self.is_fit:
            return f"Frames of the server break the protocol{aside}."
        return f"The server keeps {_rules(known, 'MUST', every=True)}{aside}."

    @property
    def unjudged(self) -> int:
        """Rules whose cases ran, and failed before they came to what they are about."""
        return sum(
            each.verdict is Verdict.UNKNOWN and any(record.spoiled for record in each.records)
            for section in self.sections
            for each in section.rules
        )

    def to_json(self) -> dict[str, Any]:
        """The table as plain data."""
        return {
            "target": self.target,
            "fit": self.is_fit,
            "headline": self.headline,
            "causes": [{"cause": cause.words, "cases": len(cause.records)} for cause in self.causes],
            "totals": {
                str(level): {str(verdict): self.count(level, verdict) for verdict in Verdict}
                for level in Level
            },
            "sections": [
                {
                    "rfc": section.rfc,
                    "section": section.number,
                    "topic": section.topic,
                    "rules": [
                        {
                            "level": str(each.rule.level),
                            "rule": each.rule.text,
                            "verdict": str(each.verdict),
                            "cases": [
                                {
                                    "test": record.nodeid,
                                    "link": record.link,
                                    "outcome": str(record.outcome),
                                    "reason": record.reason,
                                }
                                for record in each.records
                            ],
                        }
                        for each in section.rules
                    ],
                }
                for section in self.sections
            ],
        }

    def to_markdown(self, *, alone: bool = True) -> str:
        """The table for a pull request: what is behind the failures, a row per section, what is broken.

        Where it does not stand ``alone``, somebody else tells of the failures.
        """
        mark = "✅" if self.is_fit else "❌"
        lines = [
            f"### {mark} {self.headline}",
            "",
            f"Target: {cell(self.target)}",
            "",
            *(causes_table(self.causes) if alone else ()),
            "| Section | | MUST | SHOULD | MAY | not tested |",
            "|---|---|--:|--:|--:|--:|",
        ]
        for section in self.sections:
            cells = [
                _tally(section.count(level, Verdict.KEPT), section.count(level, Verdict.BROKEN))
                for level in Level
            ]
            unknown = sum(section.count(level, Verdict.UNKNOWN) for level in Level)
            lines.append(
                f"| {section.title} | {cell(section.topic)} | {' | '.join(cells)} | {unknown or ''} |"
            )
        broken = [
            each for section in self.sections for each in section.rules if each.verdict is Verdict.BROKEN
        ]
        if broken:
            lines += ["", "| Broken | Rule | Cases |", "|---|---|---|"]
            for each in sorted(broken, key=lambda each: list(Level).index(each.rule.level)):
                bad = [record for record in each.records if record.outcome is not Outcome.PASSED]
                names = ", ".join(cell(record.title) for record in bad[:3]) + (" …" if len(bad) > 3 else "")
                lines.append(f"| {each.rule.level} {each.rule.title} | {cell(each.rule.text)} | {names} |")
        return "\n".join(lines) + "\n"


def autobahn_index(records: Iterable[Record], agent: str) -> dict[str, dict[str, dict[str, Any]]]:
    """The run as ``index.json`` of Autobahn's fuzzing client, for those who parse that already.

    A case that several tests cover gets the worst of their verdicts.
    """
    cases: dict[str, list[Record]] = {}
    for record in records:
        for number in record.rule.autobahn if record.rule else ():
            cases.setdefault(number, []).append(record)
    return {
        agent: {
            number: {
                "behavior": max((_behaviour(record) for record in tests), key=_BEHAVIOURS.index),
                "behaviorClose": max((_behaviour(record) for record in tests), key=_BEHAVIOURS.index),
                "duration": round(sum(record.duration for record in tests)),
                "remoteCloseCode": next((r.close_code for r in tests if r.close_code is not None), None),
                "reportfile": f"index.html#{tests[0].link}",
            }
            for number, tests in sorted(cases.items(), key=lambda entry: _numbers(entry[0]))
        }
    }


def badge(conformance: Conformance) -> str:
    """A flat badge, as SVG: how many MUST rules are kept."""
    known, kept = conformance.known(MUST), conformance.count(MUST, Verdict.KEPT)
    label, words = "RFC 6455", f"{kept}/{known} MUST" if known else "not tested"
    colour = "#9f9f9f" if not known else "#3fb950" if kept == known else "#e5484d"
    left, right = 8 + 6.6 * len(label), 10 + 6.6 * len(words)
    width = left + right
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="20" role="img" '
        f'aria-label="{label}: {words}"><title>{label}: {words}</title>'
        f'<clipPath id="r"><rect width="{width:.0f}" height="20" rx="3"/></clipPath><g clip-path="url(#r)">'
        f'<rect width="{left:.0f}" height="20" fill="#555"/>'
        f'<rect x="{left:.0f}" width="{right:.0f}" height="20" fill="{colour}"/></g>'
        '<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" text-anchor="middle">'
        f'<text x="{left / 2:.0f}" y="14" textLength="{left - 10:.0f}">{label}</text>'
        f'<text x="{left + right / 2:.0f}" y="14" textLength="{right - 10:.0f}">{words}</text></g></svg>'
    )


def causes_table(found: list[Cause]) -> list[str]:
    """Lines of Markdown: how many failures, and what is behind them."""
    if not found:
        return []
    rows = [f"| {len(cause.records):,} | {cell(cause.words)} |" for cause in found[:MOST_CAUSES]]
    if len(found) > MOST_CAUSES:
        rows.append(f"| … | {len(found) - MOST_CAUSES} causes more |")
    return ["| Failures | What is behind them |", "|--:|---|", *rows, ""]


_BEHAVIOURS = ["UNIMPLEMENTED", "INFORMATIONAL", "OK", "NON-STRICT", "FAILED"]


def _behaviour(record: Record) -> str:
    if record.outcome is Outcome.SKIPPED:
        return "UNIMPLEMENTED"
    if record.outcome is Outcome.DEVIATES:
        return "NON-STRICT"
    if record.outcome is Outcome.PASSED:
        return "INFORMATIONAL" if record.rule is not None and record.rule.level is MAY else "OK"
    return "FAILED"


def _worst_first(each: RuleVerdict) -> tuple[bool, int]:
    return each.verdict is not Verdict.BROKEN, list(Level).index(each.rule.level)


def _order(section: Section) -> tuple[int, list[int]]:
    return section.rfc, _numbers(section.number)


def _numbers(dotted: str) -> list[int]:
    return [int(part) for part in dotted.split(".") if part.isdigit()]


def _rules(count: int, level: str, *, every: bool = False) -> str:
    noun = f"{level} rule" if level else "rule"
    if count == 1:
        return f"the one {noun}" if every else f"1 {noun}"
    return f"all {count} {noun}s" if every else f"{count} {noun}s"


def _tally(kept: int, broken: int) -> str:
    if broken:
        return f"**{broken} broken**, {kept} kept"
    return str(kept) if kept else ""


def dump(data: Any) -> str:
    """JSON as it is written to a file."""
    return json.dumps(data, ensure_ascii=False, indent=1) + "\n"
