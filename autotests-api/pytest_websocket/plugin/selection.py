"""Selects conformance cases by section and level, and lists them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import pytest

from pytest_websocket.plugin.case_tables import by_function, document
from pytest_websocket.plugin.marks import autobahn_of, rule_of
from pytest_websocket.protocol.rules import Level, Rule


@dataclass
class Entry:
    """One test function and the rule that it checks, over all of its parameters."""

    rule: Rule
    name: str
    cases: int = 0
    autobahn: tuple[str, ...] = ()
    markers: tuple[str, ...] = ()

    def __str__(self) -> str:
        number = f" ({self.cases} cases)" if self.cases > 1 else ""
        rule = self.rule
        return f"{rule.title:<18} {rule.level:<6} {rule.text} — {self.name}{number}"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselects the tests that ``--rfc`` and ``--rfc-level`` do not ask for."""
    kept = asked_for(config, items)
    if len(kept) < len(items):
        chosen = set(kept)
        config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
        items[:] = kept


def asked_for(config: pytest.Config, items: list[pytest.Item]) -> list[pytest.Item]:
    """Returns the tests that the options ask for. Raises pytest.UsageError where there are none."""
    sections, level = config.getoption("rfc") or [], _level(config)
    if not sections and level is None:
        return items
    kept = [item for item in items if _is_asked_for(item, sections, level)]
    if not kept:
        asked = [f"--rfc {section}" for section in sections] + ([f"--rfc-level {level}"] if level else [])
        raise pytest.UsageError(f"no case for {' '.join(asked)}; `pytest --rfc-list` prints what there is")
    return kept


def entries_of(items: list[pytest.Item]) -> list[Entry]:
    """Returns the tests that are tied to a rule, one entry a function, in the order of the RFCs."""
    found = []
    for function, cases in by_function(item for item in items if rule_of(item) is not None).items():
        rule = rule_of(cases[0])
        assert rule is not None
        autobahn = tuple(dict.fromkeys(number for item in cases for number in autobahn_of(item)))
        markers = ("mass",) if any(item.get_closest_marker("mass") for item in cases) else ()
        found.append(Entry(rule, function.rpartition("::")[2], len(cases), autobahn, markers))
    return sorted(found, key=lambda entry: _place(entry.rule))


def table(entries: list[Entry]) -> str:
    """Returns the entries as a Markdown document."""
    levels = Counter(dict.fromkeys(Level, 0))
    for entry in entries:
        levels[entry.rule.level] += entry.cases
    introduction = [
        f"{sum(levels.values())} cases in {len(entries)} tests: "
        + ", ".join(f"{count} {level}" for level, count in levels.items())
        + ". A case marked `mass` runs with `-m mass`.",
        "The rule is told in our own words; the section is where the RFC says it. *Autobahn* is the number "
        "of the Autobahn Testsuite's cases that check the same.",
    ]
    header = ["| level | rule | test | cases | Autobahn |", "|---|---|---|--:|---|"]
    rows = [
        (
            entry.rule.title,
            entry.rule.url,
            (entry.rule.level, entry.rule.text, _name(entry), entry.cases, _ranges(entry.autobahn)),
        )
        for entry in entries
    ]
    return document("Conformance cases", "conformance", introduction, header, rows)


def _name(entry: Entry) -> str:
    return f"`{entry.name}`" + "".join(f" `{marker}`" for marker in entry.markers)


def _level(config: pytest.Config) -> Level | None:
    given = config.getoption("rfc_level")
    if given is None:
        return None
    try:
        return Level(given.upper())
    except ValueError:
        raise pytest.UsageError(f"--rfc-level {given}: expected must, should or may") from None


def _is_asked_for(item: pytest.Item, sections: list[str], level: Level | None) -> bool:
    rule = rule_of(item)
    if rule is None or (level is not None and rule.level is not level):
        return False
    return not sections or any(_matches(rule, asked) for asked in sections)


def _matches(rule: Rule, asked: str) -> bool:
    number, _, part = asked.lower().removeprefix("rfc").strip().rpartition(":")
    if not number and part in {"6455", "7692"}:
        return str(rule.rfc) == part
    if number and str(rule.rfc) != number:
        return False
    return rule.section == part or rule.section.startswith(part + ".")


def _place(rule: Rule) -> tuple[int, list[int], int]:
    return rule.rfc, [int(part) for part in rule.section.split(".")], list(Level).index(rule.level)


def _ranges(numbers: tuple[str, ...]) -> str:
    """Writes ``1.1.1, 1.1.2, 1.1.3`` as ``1.1.1–3``."""
    runs: list[list[str]] = []
    for number in sorted(numbers, key=lambda text: [int(part) for part in text.split(".")]):
        stem, _, last = number.rpartition(".")
        if runs:
            before, _, previous = runs[-1][-1].rpartition(".")
            if before == stem and int(previous) + 1 == int(last):
                runs[-1].append(number)
                continue
        runs.append([number])
    return ", ".join(run[0] if len(run) == 1 else f"{run[0]}–{run[-1].rpartition('.')[2]}" for run in runs)
