"""Searches the highest rate at which a server keeps its thresholds."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from pytest_websocket.load.result import Result
from pytest_websocket.load.thresholds import Threshold

MAX_STEPS = 14
PRECISION = 1.2
"""Ratio between the lowest rate that failed and the highest that did not, at which the search ends."""

LOWEST = 1 / 32
"""Part of the first rate at which the search for a lower one ends."""


@dataclass(frozen=True)
class Step:
    """One rate that was tried. ``violation`` says why it was too high; empty when it was not."""

    rate: float
    result: Result
    violation: str


@dataclass(frozen=True)
class Capacity:
    """The result of a search. ``rate`` is 0 when even the lowest step was too high."""

    steps: Sequence[Step]

    @property
    def rate(self) -> float:
        """The highest rate at which the thresholds were kept, messages per second."""
        return max((step.rate for step in self.steps if not step.violation), default=0.0)

    @property
    def limited_by_client(self) -> bool:
        """Whether the client reached its limit first, so that the server's capacity is higher."""
        lowest = min(
            (step for step in self.steps if step.violation), key=lambda step: step.rate, default=None
        )
        return lowest is None or bool(lowest.result.client_limits)


async def search_capacity(
    load: Callable[[float], Awaitable[Result]], thresholds: Sequence[Threshold], start: float
) -> Capacity:
    """Doubles the rate from ``start`` until a threshold is violated, then halves the interval in between.

    Where ``start`` is too high already, the rate is halved until the thresholds are kept. ``load`` puts a
    short load of the given rate on the server. Takes `MAX_STEPS` steps at most.
    """
    steps: list[Step] = []
    kept, violated = 0.0, 0.0
    rate = start
    while len(steps) < MAX_STEPS:
        result = await load(rate)
        violation = _violation(result, thresholds)
        steps.append(Step(rate, result, violation))
        if violation:
            violated = rate
        else:
            kept = rate
        if violated and (violated / kept < PRECISION if kept else violated <= start * LOWEST):
            break
        rate = rate * 2 if not violated else (kept * violated) ** 0.5 if kept else violated / 2
    return Capacity(steps)


def _violation(result: Result, thresholds: Sequence[Threshold]) -> str:
    if not result.is_clean:
        return "replies were wrong or missing"
    violations = [found for found in (threshold.violation_of(result) for threshold in thresholds) if found]
    # Sending late makes latencies longer, never shorter: a threshold that is kept all the same is kept.
    return next(iter(violations + [f"the client's limit: {why}" for why in result.client_exhaustion]), "")
