"""Marks that tie a test to the rule that it checks, or to the weakness that it looks for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from pytest_websocket.protocol.rules import MAY, MUST, SHOULD, Level, Rule
from pytest_websocket.protocol.weaknesses import CWE_TITLES, Severity, Weakness

__all__ = [
    "MAY",
    "MUST",
    "SHOULD",
    "autobahn_of",
    "rfc6455",
    "rfc7692",
    "rule_of",
    "security",
    "weakness_of",
]


Cases = str | Iterable[str]


def rfc6455(section: str, level: Level, text: str, *, autobahn: Cases = ()) -> pytest.MarkDecorator:
    """Ties a test to a rule of RFC 6455.

    ``autobahn`` names the Autobahn case or cases that check the same thing; a dash makes a range of
    the last number (``"7.7.1-13"``).
    """
    return _mark(6455, section, level, text, autobahn)


def rfc7692(section: str, level: Level, text: str, *, autobahn: Cases = ()) -> pytest.MarkDecorator:
    """Ties a test to a rule of RFC 7692; arguments as in `rfc6455`."""
    return _mark(7692, section, level, text, autobahn)


def security(
    *,
    cwe: int,
    gain: str,
    severity: str = "high",
    cve: str | Iterable[str] = (),
    asvs: str = "",
    wstg: str = "",
) -> pytest.MarkDecorator:
    """Ties a test to the weakness that it looks for.

    ``cwe`` is a number of MITRE's list, ``gain`` one sentence on what an attacker gains, ``severity``
    critical, high, medium or low, ``cve`` published examples, ``asvs`` a requirement of OWASP ASVS 5.0
    ("4.4.2"), ``wstg`` a test of OWASP's guide ("WSTG-CLNT-10"). Raises ValueError for an unknown number
    or word.
    """
    if cwe not in CWE_TITLES:
        raise ValueError(f"CWE-{cwe} has no title in protocol/weaknesses.py")
    examples = (cve,) if isinstance(cve, str) else tuple(cve)
    return pytest.mark.security(Weakness(cwe, gain, Severity(severity), examples, asvs, wstg))


def weakness_of(item: Any) -> Weakness | None:
    """Returns the weakness that a collected test looks for, if any."""
    mark = item.get_closest_marker("security")
    return None if mark is None or not mark.args else mark.args[0]


def rule_of(item: Any) -> Rule | None:
    """Returns the rule that a collected test is tied to, if any: its parameter's, else its function's."""
    # pytest lists the marks of a function before those of the parameter, and calls the first one the closest.
    callspec = getattr(item, "callspec", None)
    own = [mark for mark in getattr(callspec, "marks", ()) if mark.name == "rfc"]
    mark = own[0] if own else item.get_closest_marker("rfc")
    return None if mark is None else mark.args[0]


def autobahn_of(item: Any) -> tuple[str, ...]:
    """Returns the Autobahn cases of a collected test: of its parameters, else of its rule."""
    own = tuple(mark.args[0] for mark in item.iter_markers("autobahn"))
    rule = rule_of(item)
    return own or (rule.autobahn if rule else ())


def _mark(
    rfc: int, section: str, level: Level, text: str, autobahn: str | Iterable[str]
) -> pytest.MarkDecorator:
    named = [autobahn] if isinstance(autobahn, str) else list(autobahn)
    cases = tuple(case for name in named for case in _expand(name))
    return pytest.mark.rfc(Rule(rfc, section, Level(level), text, cases))


def _expand(name: str) -> list[str]:
    stem, _, last = name.partition("-")
    if not last:
        return [name]
    head, _, first = stem.rpartition(".")
    return [f"{head}.{number}" for number in range(int(first), int(last) + 1)]
