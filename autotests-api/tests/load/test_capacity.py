"""Searches the highest rate at which the server keeps the thresholds."""

from __future__ import annotations

import pytest

from pytest_websocket.fixtures import Load
from pytest_websocket.load.thresholds import Threshold

pytestmark = [pytest.mark.load, pytest.mark.needs("answer")]

DEFAULT = Threshold("p99", 0.1)
"""The threshold of the search when no ``--ws-budget`` is given: 100 ms for 99 of 100 replies."""


async def test_rate_rises_until_a_threshold_is_violated(load: Load) -> None:
    timed = [threshold for threshold in load.size.thresholds if threshold.figure != "rate"]
    connections = await load.connect(min(load.size.users, 200))
    capacity = await load.search_capacity(
        connections, start=load.size.rate / 2, thresholds=timed or [DEFAULT], step=load.size.duration / 5
    )
    for step in capacity.steps:
        assert set(step.result.wrong_replies.counts) <= {"lost"}, (
            f"at {step.rate:,.0f} messages/s:\n{step.result}"
        )
    lowest_asked = [threshold.limit for threshold in load.size.thresholds if threshold.figure == "rate"]
    assert capacity.rate >= max(lowest_asked, default=0.0), f"the capacity is {capacity.rate:,.0f} messages/s"
