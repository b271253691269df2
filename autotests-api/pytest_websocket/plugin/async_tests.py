"""Runs ``async def`` tests that use fixtures of the plugin, whatever ``asyncio_mode`` says.

pytest-asyncio's default mode runs only the tests that are marked ``asyncio``.
"""

from __future__ import annotations

import inspect
from collections.abc import Generator

import pytest

MadeOf = list[pytest.Item | pytest.Collector] | pytest.Item | pytest.Collector | None


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_pycollect_makeitem() -> Generator[None, MadeOf, MadeOf]:
    """Mark the tests before pytest-asyncio looks for its mark."""
    made = yield
    for item in made if isinstance(made, list) else [made]:
        if isinstance(item, pytest.Function) and _is_ours(item):
            item.add_marker("asyncio")
    return made


def _is_ours(item: pytest.Function) -> bool:
    """Whether a coroutine uses a connection of the plugin: all of them are recorded."""
    return "recordings" in item.fixturenames and inspect.iscoroutinefunction(item.obj)
