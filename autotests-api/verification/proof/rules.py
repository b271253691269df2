"""What cases, faults and failures have to do with each other: by their rules, and by their words."""

from __future__ import annotations

import re

import pytest

from pytest_websocket.plugin.marks import rule_of


def distance(item: pytest.Item, broken: str) -> int:
    """0 for a case of the ``broken`` rule itself, more the less they have to do with each other."""
    rule = rule_of(item)
    number, section = rule_parts(broken)
    if rule is None:
        return 0 if not number else 3
    if str(rule.rfc) != number:
        return 4
    if rule.section == section or rule.section.startswith(f"{section}."):
        return 0
    return 1 if rule.section.partition(".")[0] == section.partition(".")[0] else 2


def rule_parts(rule: str) -> tuple[str, str]:
    """``("6455", "5.1")`` of ``RFC 6455 §5.1``; two empty strings for the contract."""
    match = re.fullmatch(r"RFC (\d+) §([\d.]+)", rule)
    return (match[1], match[2]) if match else ("", "")


def stems(text: str) -> set[str]:
    """The beginnings of the words in a text, to tell what has to do with what."""
    return {word[:5].lower() for word in re.findall(r"[A-Za-z0-9]+", text) if len(word) > 2}


def names(rule: str, failure: str) -> bool:
    """Whether a failure says that this rule was broken; for the contract, what was promised and what came."""
    number, section = rule_parts(rule)
    if not number:
        return bool(failure.strip())
    named = re.findall(r"RFC (\d+) §([\d.]*\d)", failure)
    return any(rfc == number and _akin(other, section) for rfc, other in named)


def _akin(one: str, other: str) -> bool:
    return one == other or one.startswith(f"{other}.") or other.startswith(f"{one}.")


def section_of(node: str, rule: object) -> str:
    """The section of a case: its rule's, or the folder of tests that it stands in."""
    title = getattr(rule, "title", "")
    if title:
        return str(title)
    parts = node.split("/")
    return next((part for part in parts if part in ("contract", "security", "resilience")), "")
