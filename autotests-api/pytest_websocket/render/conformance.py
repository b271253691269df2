"""Judges what a server or a client keeps of RFC 6455 and RFC 7692, by the tests that are tied to a rule."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from pytest_websocket.protocol.rules import MAY, MUST, SHOULD, Level, Rule
from pytest_websocket.render.failure_grouping import Cause, causes
from pytest_websocket.render.pages import render
from pytest_websocket.render.run import Outcome, Record

MOST_CAUSES = 12
"""Causes of failures that a reader is shown."""


class Verdict(StrEnum):
    """What the cases of a rule say about a peer."""

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
        """Returns BROKEN for one failure, KEPT when at least one test passed and none failed.

        A test that failed before it came to what it is about does not count.
        """
        outcomes = {record.outcome for record in self.records if not record.spoiled}
        if outcomes & {Outcome.FAILED, Outcome.DEVIATES, Outcome.KNOWN}:
            return Verdict.BROKEN
        if Outcome.PASSED in outcomes:
            return Verdict.KEPT
        return Verdict.UNKNOWN

    @property
    def failed(self) -> list[Record]:
        """Returns the tests that did not pass, those that were skipped last."""
        found = [record for record in self.records if record.outcome is not Outcome.PASSED]
        return sorted(found, key=lambda record: record.outcome is Outcome.SKIPPED)


@dataclass
class Section:
    """A section of an RFC and its rules."""

    rfc: int
    number: str
    topic: str
    rules: list[RuleVerdict] = field(default_factory=list)

    @property
    def title(self) -> str:
        """Returns ``RFC 6455 §5.1``."""
        return f"RFC {self.rfc} §{self.number}"

    def count(self, level: Level, verdict: Verdict) -> int:
        """Returns how many rules of that level have that verdict."""
        return sum(each.rule.level is level and each.verdict == verdict for each in self.rules)

    @property
    def unknown(self) -> int:
        """Returns how many rules were not tested."""
        return sum(each.verdict is Verdict.UNKNOWN for each in self.rules)


@dataclass
class Conformance:
    """The whole table, and whether the peer, a server or a client, conforms."""

    target: str
    sections: list[Section]
    causes: list[Cause] = field(default_factory=list)
    peer: str = "server"

    @classmethod
    def of(cls, records: Iterable[Record], target: str) -> Conformance:
        """Groups tests by section and rule, in the order of the RFCs; and by what turned them red."""
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
        peer = "client" if any(record.is_about_client for record in records) else "server"
        return cls(target, sorted(sections.values(), key=_order), causes(records), peer)

    def count(self, level: Level, verdict: Verdict) -> int:
        """Returns how many rules of that level have that verdict, over all sections."""
        return sum(section.count(level, verdict) for section in self.sections)

    def known(self, level: Level) -> int:
        """Returns how many rules of that level were tested."""
        return self.count(level, Verdict.KEPT) + self.count(level, Verdict.BROKEN)

    @property
    def conforms(self) -> bool:
        """Returns whether no MUST is broken, by any frame either, and at least one was tested and kept."""
        broken = any(cause.level == MUST for cause in self.causes)
        return not broken and not self.count(MUST, Verdict.BROKEN) and bool(self.count(MUST, Verdict.KEPT))

    @property
    def headline(self) -> str:
        """Returns the verdict in one sentence."""
        broken, known = self.count(MUST, Verdict.BROKEN), self.known(MUST)
        if not known:
            return "Nothing is known: no MUST was tested."
        deviations = self.count(SHOULD, Verdict.BROKEN)
        aside = f" and deviates from {_rules(deviations, 'SHOULD')}" if deviations else ""
        if unjudged := self.unjudged:
            aside += f". Of {_rules(unjudged, '')} nothing is known: other failures came first"
        if broken:
            return f"The {self.peer} does not conform: it breaks {broken} of {_rules(known, 'MUST')}{aside}."
        if not self.conforms:
            return f"The {self.peer} does not conform: its frames break the protocol{aside}."
        return f"The {self.peer} conforms: it keeps {_rules(known, 'MUST', every=True)}{aside}."

    @property
    def unjudged(self) -> int:
        """Returns how many rules were not judged because other failures came first."""
        return sum(
            each.verdict is Verdict.UNKNOWN and any(record.spoiled for record in each.records)
            for section in self.sections
            for each in section.rules
        )

    def to_json(self) -> dict[str, Any]:
        """Returns the table as plain data."""
        return {
            "target": self.target,
            "conforms": self.conforms,
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
        """Returns the table for a pull request: failures by cause, a row per section, what is broken.

        Without ``alone`` verdict and failures are left out, because the text around the table names them.
        """
        causes = self.causes[:MOST_CAUSES] if alone else []
        return render("conformance.md.j2", table=self, causes=causes, levels=list(Level), alone=alone)

    @property
    def broken(self) -> list[RuleVerdict]:
        """Returns the rules that are broken, MUST before SHOULD before MAY, in the order of the RFCs."""
        found = [
            each for section in self.sections for each in section.rules if each.verdict is Verdict.BROKEN
        ]
        return sorted(found, key=lambda each: list(Level).index(each.rule.level))


def autobahn_index(records: Iterable[Record], agent: str) -> dict[str, dict[str, dict[str, Any]]]:
    """Returns the run as ``index.json`` of Autobahn's fuzzing client, for those who parse that already.

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
    """Returns a flat badge, as SVG: how many MUST rules are kept; green where the server conforms."""
    known, kept = conformance.known(MUST), conformance.count(MUST, Verdict.KEPT)
    label, words = "RFC 6455", f"{kept}/{known} MUST" if known else "not tested"
    colour = "#9f9f9f" if not known else "#3fb950" if conformance.conforms else "#e5484d"
    widths = round(8 + 6.6 * len(label)), round(10 + 6.6 * len(words))
    return render("badge.svg.j2", label=label, words=words, colour=colour, left=widths[0], right=widths[1])


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


def dump(data: Any) -> str:
    """Returns JSON as it is written to a file."""
    return json.dumps(data, ensure_ascii=False, indent=1) + "\n"
