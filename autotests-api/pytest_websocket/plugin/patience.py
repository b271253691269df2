"""How long a case waits: the target's deadline, and less of it once it has been used up again and again."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from pytest_websocket.plugin.target import TARGET
from pytest_websocket.target.target import Target

USED_UP = 5
"""Failed cases that have waited for a whole deadline; a run that is red anyway need not be slow as well."""

SHORTENED = 0.4
"""What is left of the deadline from then on."""

_EXHAUSTED = pytest.StashKey[int]()


@pytest.fixture
def deadline(target: Target, pytestconfig: pytest.Config) -> float:
    """Seconds that any single wait of this case may take."""
    return target.deadline * _share(pytestconfig)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Count the failures that took a whole deadline."""
    report = yield
    target = item.config.stash.get(TARGET, None)
    if target is not None and call.excinfo is not None and not report.passed:
        limit = target.deadline * _share(item.config)
        if call.duration >= limit:
            item.config.stash[_EXHAUSTED] = item.config.stash.get(_EXHAUSTED, 0) + 1
    return report


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say that waits were shortened, so that nobody wonders about the numbers in the failures."""
    if _share(config) < 1:
        terminalreporter.write_line(
            f"The target let {USED_UP} cases wait for the whole deadline of "
            f"{config.stash[TARGET].deadline:g} s; the cases after them waited {SHORTENED:.0%} of it."
        )


def _share(config: pytest.Config) -> float:
    return SHORTENED if config.stash.get(_EXHAUSTED, 0) >= USED_UP else 1.0
