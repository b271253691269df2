"""SPEC: marks that tie a case to the rule it checks: RFC, section, level, the rule in our own words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import pytest


class Level(StrEnum):
    """How binding a rule is, in the words of RFC 2119.

    A broken MUST fails the case. A broken SHOULD is reported as xfailed and fails with ``--ws-strict``.
    A MAY case passes whichever permitted way the server takes, and fails only when it takes none of them.
    """

    MUST = "MUST"
    SHOULD = "SHOULD"
    MAY = "MAY"

    def __str__(self) -> str:
        return self.value


MUST, SHOULD, MAY = Level.MUST, Level.SHOULD, Level.MAY

Cases = str | Iterable[str]


@dataclass(frozen=True)
class Rule:
    """One rule of one RFC, as a case checks it."""

    rfc: int
    section: str
    level: Level
    text: str
    autobahn: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """``RFC 6455 §5.1``."""
        return f"RFC {self.rfc} §{self.section}"

    @property
    def url(self) -> str:
        """The section in the RFC Editor's HTML edition."""
        return f"https://www.rfc-editor.org/rfc/rfc{self.rfc}.html#section-{self.section}"

    def __str__(self) -> str:
        return f"{self.title} {self.level}: {self.text}"


def rfc6455(section: str, level: Level, text: str, *, autobahn: Cases = ()) -> pytest.MarkDecorator:
    """Tie a case to a rule of RFC 6455.

    ``autobahn`` names the Autobahn case or cases that check the same thing; a dash makes a range of
    the last number (``"7.7.1-13"``).
    """
    return _mark(6455, section, level, text, autobahn)


def rfc7692(section: str, level: Level, text: str, *, autobahn: Cases = ()) -> pytest.MarkDecorator:
    """Tie a case to a rule of RFC 7692; arguments as in `rfc6455`."""
    return _mark(7692, section, level, text, autobahn)


def rule_of(item: Any) -> Rule | None:
    """The rule that a collected test is tied to, if any."""
    mark = item.get_closest_marker("rfc")
    return None if mark is None else mark.args[0]


def autobahn_of(item: Any) -> tuple[str, ...]:
    """Numbers of the Autobahn cases that a collected test stands for: of its parameters, else of its rule."""
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
