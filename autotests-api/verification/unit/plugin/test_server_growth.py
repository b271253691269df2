"""The verdict on descriptors and memory: only what is never given back counts."""

from __future__ import annotations

import random

from pytest_websocket.plugin.server_growth import Growth
from pytest_websocket.server.process import Usage

MIB = 1 << 20


def measured(descriptors: list[int], memory: list[int] | None = None) -> list[str]:
    growth = Growth()
    for number, count in enumerate(descriptors):
        growth.add(f"test_{number}", Usage((memory or [30 * MIB] * len(descriptors))[number], count))
    return growth.verdict()


def test_few_tests_have_no_verdict() -> None:
    assert measured([9] * 19) == []


def test_steady_server_has_figures_and_no_leak() -> None:
    assert measured([9] * 100) == ["descriptors: 9 → 9, memory: 30 → 30 MiB, over 100 tests that passed"]


def test_what_is_given_back_later_is_no_leak() -> None:
    chance = random.Random(1)
    assert len(measured([9 + chance.randrange(500) for _ in range(99)] + [11])) == 1


def test_descriptors_that_are_never_closed_are_told_with_the_tests_after_which() -> None:
    held = [9] * 50 + [40] * 30 + [122] * 20
    assert measured(held)[1] == (
        "113 descriptors were not given back: a leak? Most after test_80 (+82), test_50 (+31)"
    )


def test_memory_that_grows_with_every_test_is_told() -> None:
    held = [(30 + 2 * number) * MIB for number in range(200)]
    assert measured([9] * 200, held)[1].startswith("378 MiB were not given back: a leak?")


def test_heap_that_grows_once_is_no_leak() -> None:
    assert len(measured([9] * 100, [30 * MIB] * 15 + [80 * MIB] * 85)) == 1
    assert len(measured([9] * 100, [30 * MIB] * 15 + [300 * MIB] * 85)) == 1


def test_another_process_is_measured_anew() -> None:
    growth = Growth()
    for _ in range(50):
        growth.add("before", Usage(MIB, 9))
    growth.restarted()
    assert growth.verdict() == []
