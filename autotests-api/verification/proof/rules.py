"""Rules as faults and failures name them: ``RFC 6455 §5.1``, or ``contract`` for what the echo promises."""

from __future__ import annotations

import re

CONTRACT = "contract"


def rule_parts(rule: str) -> tuple[str, str]:
    """Returns ``("6455", "5.1")`` for ``RFC 6455 §5.1``, two empty strings for the contract."""
    match = re.fullmatch(r"RFC (\d+) §([\d.]+)", rule)
    return (match[1], match[2]) if match else ("", "")


def names(rule: str, failure: str) -> bool:
    """Returns whether a failure names a rule, or a section above or below it.

    A test of the contract says what was promised and what came, and names no section.
    """
    number, section = rule_parts(rule)
    if not number:
        return bool(failure.strip())
    named = re.findall(r"RFC (\d+) §([\d.]*\d)", failure)
    return any(rfc == number and _related(other, section) for rfc, other in named)


def in_order(rule: str) -> tuple[int, list[int]]:
    """Returns the key by which rules are sorted: by RFC and section, the contract last."""
    number, section = rule_parts(rule)
    return int(number or 9999), [int(part) for part in section.split(".") if part]


def _related(one: str, other: str) -> bool:
    return one == other or one.startswith(f"{other}.") or other.startswith(f"{one}.")
