"""Rates that rise step by step until the budget breaks: the highest that is kept is the knee."""

from __future__ import annotations

import pytest

from pytest_websocket.load.thresholds import Budget

pytestmark = [pytest.mark.load, pytest.mark.needs("echo")]

UNLESS_ASKED = Budget("p99", 0.1)
"""What the knee is searched with where no budget is given: 100 ms for 99 of 100 replies."""


async def test_rate_rises_until_the_budget_breaks(load) -> None:
    timed = [budget for budget in load.size.budgets if budget.figure != "rate"]
    crowd = await load.crowd(min(load.size.users, 200))
    knee = await load.knee(
        crowd, start=load.size.rate / 2, budgets=timed or [UNLESS_ASKED], step=load.size.duration / 5
    )
    for step in knee.steps:
        assert set(step.result.faults.counts) <= {"lost"}, f"at {step.rate:,.0f} messages/s:\n{step.result}"
    lowest_asked = [budget.limit for budget in load.size.budgets if budget.figure == "rate"]
    assert knee.rate >= max(lowest_asked, default=0.0), f"the knee is at {knee.rate:,.0f} messages/s"
