"""Selects conformance cases by section and level, and lists them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import pytest

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
    found: dict[tuple[Rule, str], Entry] = {}
    for item in items:
        rule = rule_of(item)
        if rule is None:
            continue
        name = item.nodeid.rpartition("::")[2].partition("[")[0]
        entry = found.setdefault((rule, name), Entry(rule, name))
        entry.cases += 1
        entry.autobahn = tuple(dict.fromkeys((*entry.autobahn, *autobahn_of(item))))
        if item.get_closest_marker("mass") and "mass" not in entry.markers:
            entry.markers = (*entry.markers, "mass")
    return sorted(found.values(), key=lambda entry: _place(entry.rule))


def table(entries: list[Entry]) -> str:
    """Returns the entries as a Markdown document."""
    levels = Counter(dict.fromkeys(Level, 0))
    for entry in entries:
        levels[entry.rule.level] += entry.cases
    lines = [
        "# Conformance cases",
        "",
        "Made by `make conformance`; `make test` checks that it is up to date.",
        "",
        f"{sum(levels.values())} cases in {len(entries)} tests: "
        + ", ".join(f"{count} {level}" for level, count in levels.items())
        + ". A case marked `mass` runs with `-m mass`.",
        "",
        "The rule is told in our own words; the section is where the RFC says it. *Autobahn* is the number "
        "of the Autobahn Testsuite's cases that check the same.",
    ]
    section = None
    for entry in entries:
        rule = entry.rule
        if rule.title != section:
            section = rule.title
            lines += [
                "",
                f"## [{section}]({rule.url})",
                "",
                "| level | rule | test | cases | Autobahn |",
                "|---|---|---|--:|---|",
            ]
        name = f"`{entry.name}`" + "".join(f" `{marker}`" for marker in entry.markers)
        lines.append(f"| {rule.level} | {rule.text} | {name} | {entry.cases} | {_ranges(entry.autobahn)} |")
    return "\n".join(lines)


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
    """``1.1.1, 1.1.2, 1.1.3`` as ``1.1.1–3``."""
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
