"""A pytest plugin for `verification.proof.mutants`, whose runs end at the first failure: the quick tests go first.

A mutant that makes a test hang fails it, too, and need not be waited for until the whole run takes too long.
"""

from __future__ import annotations

import inspect
import os
import signal
from collections.abc import Generator
from typing import Any

import pytest

LIMIT = 5
"""Seconds for one test; the longest takes less than one."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Plain functions first, then those that open connections, then those that try hundreds of examples."""
    items.sort(key=_cost)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol() -> Generator[None, object, object]:
    """End the process at a test that hangs in a mutant; whatever made it hang could swallow an exception."""
    if "__mutmut_" not in os.environ.get("MUTANT_UNDER_TEST", ""):
        return (yield)
    signal.signal(signal.SIGALRM, lambda *_: os._exit(1))
    signal.alarm(LIMIT)
    try:
        return (yield)
    finally:
        signal.alarm(0)


def _cost(item: Any) -> int:
    if getattr(item.obj, "is_hypothesis_test", False):
        return 2
    return int(inspect.iscoroutinefunction(item.obj))
