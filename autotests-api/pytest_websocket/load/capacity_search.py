"""The knee: the highest rate at which a server still keeps its budget."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from pytest_websocket.load.result import Result
from pytest_websocket.load.thresholds import Budget

MOST_STEPS = 14
PRECISION = 1.2
"""Ratio between the lowest rate that failed and the highest that did not, at which the search ends."""

LEAST = 1 / 32
"""Share of the start below which the search does not go."""


@dataclass(frozen=True)
class Step:
    """One rate that was tried, and why it was too high: in words, empty when it was kept."""

    rate: float
    result: Result
    broken: str


@dataclass(frozen=True)
class Knee:
    """What the search has found. ``rate`` is 0 when even the lowest step was too high."""

    steps: Sequence[Step]

    @property
    def rate(self) -> float:
        """The highest rate that was kept, messages per second."""
        return max((step.rate for step in self.steps if not step.broken), default=0.0)

    @property
    def by_the_client(self) -> bool:
        """Whether it was the client that could not go further, so that the server's knee is higher."""
        lowest = min((step for step in self.steps if step.broken), key=lambda step: step.rate, default=None)
        return lowest is None or bool(lowest.result.limits_of_the_client)


async def find_knee(
    load: Callable[[float], Awaitable[Result]], budgets: Sequence[Budget], start: float
) -> Knee:
    """Double the rate from ``start`` until a budget breaks, then halve the interval in between.

    Where ``start`` is too much already, the rate is halved until a budget is kept. ``load`` puts a short
    load of that rate on the server. At most `MOST_STEPS` steps.
    """
    steps: list[Step] = []
    kept, broken = 0.0, 0.0
    rate = start
    while len(steps) < MOST_STEPS:
        result = await load(rate)
        why = _broken(result, budgets)
        steps.append(Step(rate, result, why))
        if why:
            broken = rate
        else:
            kept = rate
        if broken and (broken / kept < PRECISION if kept else broken <= start * LEAST):
            break
        rate = rate * 2 if not broken else (kept * broken) ** 0.5 if kept else broken / 2
    return Knee(steps)


def _broken(result: Result, budgets: Sequence[Budget]) -> str:
    if not result.is_clean:
        return "replies were wrong or missing"
    broken = [words for words in (budget.broken_by(result) for budget in budgets) if words]
    # Sending late makes latencies larger, never smaller: a budget that was kept all the same, was kept.
    return next(iter(broken + [f"the client's limit: {why}" for why in result.exhaustion_of_the_client]), "")
