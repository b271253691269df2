"""Checks the timer that all waits of a client share."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from pytest_websocket.client.timer import Timer

FOREVER = asyncio.Event


def in_seconds(seconds: float) -> float:
    return asyncio.get_running_loop().time() + seconds


async def test_wait_ends_at_its_time() -> None:
    timer = Timer()
    with pytest.raises(TimeoutError), timer.until(in_seconds(0.01)):
        await FOREVER().wait()
    assert asyncio.current_task().cancelling() == 0  # type: ignore[union-attr]
    assert timer.waits == []


async def test_wait_whose_time_has_passed_ends_at_once() -> None:
    with pytest.raises(TimeoutError), Timer().until(in_seconds(-1)):
        await FOREVER().wait()


async def test_waits_in_time_share_one_timer_of_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    loop, set_for = asyncio.get_running_loop(), []
    call_at = loop.call_at

    def counted(when: float, *rest: Any) -> asyncio.TimerHandle:
        set_for.append(when)
        return call_at(when, *rest)

    monkeypatch.setattr(loop, "call_at", counted)
    timer = Timer()
    for seconds in (60, 61, 62):
        with timer.until(in_seconds(seconds)):
            await asyncio.sleep(0)
    assert len(set_for) == 1


async def test_earlier_wait_ends_before_a_later_one_of_another_task() -> None:
    timer, ended = Timer(), []

    async def wait(name: str, seconds: float) -> None:
        try:
            with timer.until(in_seconds(seconds)):
                await FOREVER().wait()
        except TimeoutError:
            ended.append(name)

    await asyncio.gather(wait("last", 0.03), wait("first", 0.01), wait("second", 0.02))
    assert ended == ["first", "second", "last"]


async def test_timer_is_set_again_for_a_wait_that_began_later() -> None:
    timer = Timer()
    with timer.until(in_seconds(0.01)):
        pass
    with pytest.raises(TimeoutError), timer.until(in_seconds(0.03)):
        await FOREVER().wait()


async def test_inner_wait_leaves_the_outer_one_as_it_was() -> None:
    timer = Timer()
    with timer.until(in_seconds(60)):
        with pytest.raises(TimeoutError), timer.until(in_seconds(0.01)):
            await FOREVER().wait()
        assert len(timer.waits) == 1
    assert timer.waits == []


async def test_task_that_is_cancelled_stays_cancelled() -> None:
    timer = Timer()

    async def wait() -> None:
        with timer.until(in_seconds(60)):
            await FOREVER().wait()

    task = asyncio.create_task(wait())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_task_that_is_cancelled_at_its_time_stays_cancelled() -> None:
    timer = Timer()

    async def wait() -> None:
        with timer.until(in_seconds(60)):
            await FOREVER().wait()

    task = asyncio.create_task(wait())
    await asyncio.sleep(0)
    task.cancel()
    timer.waits[0].expire()
    with pytest.raises(asyncio.CancelledError):
        await task
