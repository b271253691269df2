"""Writes the catalogue of the security cases: what is sent, what is expected, and the numbers of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from pytest_websocket.plugin.case_tables import by_function, document
from pytest_websocket.plugin.labels import in_words
from pytest_websocket.plugin.marks import rule_of, weakness_of
from pytest_websocket.protocol.rules import Rule
from pytest_websocket.protocol.weaknesses import Severity, Weakness

_MOST_CASES = 12
"""Names of cases that a line of the catalogue holds."""


@dataclass(frozen=True)
class CatalogueEntry:
    """One test function that looks for a weakness, over all of its parameters."""

    weakness: Weakness
    rule: Rule | None
    file: str
    name: str
    cases: tuple[str, ...]

    @property
    def level(self) -> str:
        """Returns what a failure is: a broken rule of an RFC, a weakness, or one that is only reported."""
        if self.rule is not None:
            return f"{self.rule.level} of {self.rule.title}"
        low = self.weakness.severity is Severity.LOW
        return "weakness, reported" if low else "weakness"


def catalogue_of(items: Sequence[pytest.Item]) -> list[CatalogueEntry]:
    """Returns the tests that look for a weakness, one entry a function, by CWE and file."""
    found = []
    for function, tests in by_function(item for item in items if weakness_of(item) is not None).items():
        weakness = weakness_of(tests[0])
        assert weakness is not None
        file, _, name = function.rpartition("::")
        calls = [getattr(item, "callspec", None) for item in tests]
        cases = tuple(call.id if call is not None else "" for call in calls)
        found.append(CatalogueEntry(weakness, rule_of(tests[0]), file.rpartition("/")[2], name, cases))
    return sorted(found, key=lambda entry: (entry.weakness.cwe, entry.file))


def catalogue(entries: Sequence[CatalogueEntry]) -> str:
    """Returns the entries as a Markdown document, a section for each class of weaknesses."""
    count = sum(len(entry.cases) for entry in entries)
    cves = {number for entry in entries for number in entry.weakness.cve}
    classes = len({entry.weakness.cwe for entry in entries})
    introduction = [
        "How to use the cases is told in [security.md](security.md).",
        f"{count} cases in {len(entries)} tests, of {classes} classes; {len(cves)} CVEs are named as "
        "examples. The name of a case says what is expected; *sent* names what is sent in its variants. "
        "*ASVS* is the requirement of OWASP ASVS 5.0, *WSTG* the test of OWASP's guide. A weakness is no "
        "broken rule: `--ws-security` says what it does to a run.",
    ]
    header = [
        "| case | sent | what an attacker gains otherwise | severity | verdict | CVE | ASVS | WSTG |",
        "|---|---|---|---|---|---|---|---|",
    ]
    rows = [
        (f"CWE-{entry.weakness.cwe} {entry.weakness.title}", entry.weakness.url, _cells(entry))
        for entry in entries
    ]
    return document("Security cases", "catalogue", introduction, header, rows)


def _cells(entry: CatalogueEntry) -> list[str]:
    weakness = entry.weakness
    cells = [
        f"{in_words(entry.name.removeprefix('test_'))} (`{entry.file}`)",
        _sent(entry.cases),
        weakness.gain,
        str(weakness.severity),
        entry.level,
        " ".join(weakness.cve),
        weakness.asvs,
        weakness.wstg,
    ]
    return [cell.replace("|", "\\|") for cell in cells]


def _sent(cases: Sequence[str]) -> str:
    named = [case for case in cases if case]
    if not named:
        return ""
    shown = ", ".join(case.replace("`", "") for case in named[:_MOST_CASES])
    return shown + (f" and {len(named) - _MOST_CASES} more" if len(named) > _MOST_CASES else "")
