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


def select(cases: Sequence[NumberedT], wanted: Iterable[str], excluded: Iterable[str]) -> list[NumberedT]:
    """Returns the cases that a wanted pattern names and no excluded one, in the order of their numbers.

    ``*`` in a pattern stands for any characters, and such a pattern for everything that begins like it, as in
    the reference suite. Raises ValueError for a wanted pattern that names no case.
    """
    chosen: dict[str, NumberedT] = {}
    for pattern in wanted:
        found = [case for case in cases if matches(case.number, pattern)]
        if not found:
            raise ValueError(f"{pattern!r} names no case")
        chosen |= {case.number: case for case in found}
    without = list(excluded)
    kept = [one for one in chosen.values() if not any(matches(one.number, pattern) for pattern in without)]
    return sorted(kept, key=lambda case: case.order)


def matches(number: str, pattern: str) -> bool:
    """Returns whether a pattern names a case."""
    if "*" not in pattern:
        return number == pattern
    return re.match(_expression(pattern), number) is not None


def is_excluded(agent: str, number: str, excluded: Mapping[str, Iterable[str]]) -> bool:
    """Returns whether ``exclude-agent-cases`` keeps a case from an agent; these patterns name whole words."""
    return any(
        re.fullmatch(_expression(name), agent)
        and any(re.fullmatch(_expression(one), number) for one in patterns)
        for name, patterns in excluded.items()
    )


def _expression(pattern: str) -> str:
    return ".*".join(map(re.escape, pattern.split("*")))
