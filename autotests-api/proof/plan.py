"""What the last proof found, kept beside the code: per faulty server the cases that must turn red on it.

A planned trial tries these and nothing else, so that the whole catalogue takes minutes and not hours.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from proof.trial import Verdict

FILE = Path(__file__).with_name("plan.json")
KILLERS = 2

Plan = dict[str, list[str]]


def load(path: Path = FILE) -> Plan:
    """Node ids by fault; empty where there is no plan yet."""
    if not path.exists():
        return {}
    stored: dict[str, dict[str, list[str]]] = json.loads(path.read_text(encoding="utf-8"))
    return {
        fault: [f"{file}::{case}" for file, cases in files.items() for case in cases]
        for fault, files in stored.items()
    }


def save(plan: Mapping[str, Iterable[str]], path: Path = FILE) -> None:
    """Write a plan, sorted, so that its changes can be reviewed."""
    stored: dict[str, dict[str, list[str]]] = {}
    for fault in sorted(plan):
        for node in sorted(plan[fault]):
            file, _, case = node.partition("::")
            stored.setdefault(fault, {}).setdefault(file, []).append(case)
    path.write_text(json.dumps(stored, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def make(verdicts: Iterable[Verdict]) -> Plan:
    """For each fault its first killers; then, for each case that is missing, one fault that kills it."""
    plan: Plan = {}
    planned: set[str] = set()
    found = sorted(verdicts, key=lambda verdict: (len(verdict.red), verdict.name))
    for verdict in found:
        plan[verdict.name] = [red.case for red in verdict.red[:KILLERS]]
        planned.update(plan[verdict.name])
    for verdict in found:
        for red in verdict.red[KILLERS:]:
            if red.case not in planned:
                plan[verdict.name].append(red.case)
                planned.add(red.case)
    return plan
