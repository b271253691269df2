"""What the last proof found, kept beside the code: per faulty server the cases that must turn red on it.

So the next proof tries these first, and the whole catalogue takes minutes and not hours.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from verification.proof.rules import names
from verification.proof.trial import Verdict

FILE = Path(__file__).with_name("plan.json")
KILLERS = 2


@dataclass
class Entry:
    """Node ids: the first that turn red on a server, and those that nothing else turns red."""

    killers: list[str] = field(default_factory=list)
    covers: list[str] = field(default_factory=list)


Plan = dict[str, Entry]


def load(path: Path = FILE) -> Plan:
    """Entries by fault; empty where there is no plan yet."""
    if not path.exists():
        return {}
    stored = json.loads(path.read_text(encoding="utf-8"))
    return {
        fault: Entry(_nodes(entry.get("killers", {})), _nodes(entry.get("covers", {})))
        for fault, entry in stored.items()
    }


def save(plan: Mapping[str, Entry], path: Path = FILE) -> None:
    """Write a plan, sorted, so that its changes can be reviewed."""
    stored = {
        fault: {
            kind: _by_file(nodes)
            for kind, nodes in (("killers", entry.killers), ("covers", entry.covers))
            if nodes
        }
        for fault, entry in sorted(plan.items())
    }
    path.write_text(json.dumps(stored, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def make(verdicts: Iterable[Verdict]) -> Plan:
    """For each fault its killers; then, for each case that is missing, one fault that turns it red."""
    plan: Plan = {}
    planned: set[str] = set()
    found = sorted(verdicts, key=lambda verdict: (len(verdict.red), verdict.name))
    for verdict in found:
        best = sorted(verdict.red, key=lambda red: (not names(verdict.rule, red.text), not red.own))
        killers = best[:KILLERS]
        plan[verdict.name] = Entry([red.case for red in killers])
        planned.update(red.case for red in killers if red.own)
    for verdict in found:
        missing = [red.case for red in verdict.red if red.own and red.case not in planned]
        plan[verdict.name].covers = missing
        planned.update(missing)
    return plan


def _by_file(nodes: Iterable[str]) -> dict[str, list[str]]:
    files: dict[str, list[str]] = {}
    for node in sorted(nodes):
        file, _, case = node.partition("::")
        files.setdefault(file, []).append(case)
    return files


def _nodes(files: Mapping[str, list[str]]) -> list[str]:
    return [f"{file}::{case}" for file, cases in files.items() for case in cases]
