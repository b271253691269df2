"""Which cases run: patterns as in the reference suite's spec files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol, TypeVar


class Numbered(Protocol):
    """Anything with a case's number."""

    @property
    def number(self) -> str:
        """As in ``5.4``."""

    @property
    def order(self) -> tuple[int, ...]:
        """The number's parts, for sorting."""


NumberedT = TypeVar("NumberedT", bound=Numbered)


def select(cases: Sequence[NumberedT], wanted: Sequence[str], excluded: Iterable[str]) -> list[NumberedT]:
    """Returns the cases that a wanted pattern names and no excluded one, in the order of their numbers.

    A word with ``*`` is a pattern, see `matches`; one without is the number of a case. Raises ValueError for
    a number that no case has, for a malformed pattern, and where no wanted pattern names a case.
    """
    chosen: dict[str, NumberedT] = {}
    for pattern in wanted:
        found = [case for case in cases if matches(case.number, pattern)]
        if not found and "*" not in pattern:
            raise ValueError(f"no case has the number {pattern!r}")
        chosen |= {case.number: case for case in found}
    if not chosen:
        raise ValueError(f"none is named by {', '.join(wanted)}")
    without = list(excluded)
    kept = [one for one in chosen.values() if not any(matches(one.number, pattern) for pattern in without)]
    return sorted(kept, key=lambda case: case.order)


def matches(number: str, pattern: str) -> bool:
    """Returns whether a number or a pattern names a case.

    As in the reference suite, a pattern is a regular expression in which a point is a point and ``*`` stands
    for any characters, and it names all numbers that begin like it. Raises ValueError for a malformed one.
    """
    if "*" not in pattern:
        return number == pattern
    return _expression(pattern).match(number) is not None


def is_excluded(agent: str, number: str, excluded: Mapping[str, Iterable[str]]) -> bool:
    """Returns whether ``exclude-agent-cases`` keeps a case from an agent; these patterns name whole words."""
    return any(
        _expression(name).fullmatch(agent) and any(_expression(one).fullmatch(number) for one in patterns)
        for name, patterns in excluded.items()
    )


def _expression(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern.replace(".", r"\.").replace("*", ".*"))
    except re.error as error:
        raise ValueError(f"the pattern {pattern!r} is malformed: {error}") from None
