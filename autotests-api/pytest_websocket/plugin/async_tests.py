"""Runs ``async def`` tests that use fixtures of the plugin, whatever ``asyncio_mode`` says.

pytest-asyncio's default mode runs only the tests that are marked ``asyncio``, and fixtures that it made.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Generator
from typing import Any

import pytest

MadeOf = list[pytest.Item | pytest.Collector] | pytest.Item | pytest.Collector | None


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_pycollect_makeitem() -> Generator[None, MadeOf, MadeOf]:
    """Marks the tests before pytest-asyncio looks for its mark."""
    made = yield
    for item in made if isinstance(made, list) else [made]:
        if isinstance(item, pytest.Function) and _is_ours(item):
            item.add_marker("asyncio")
    return made


def pytest_collection_finish(session: pytest.Session) -> None:
    """Looks after ``async def`` fixtures where a test has imported the client: a hook costs in every run."""
    if "pytest_websocket.client" in sys.modules:
        session.config.pluginmanager.register(AsyncFixtures(), "websocket-async-fixtures")


class AsyncFixtures:
    """Says what to write for an ``async def`` fixture that is not run.

    pytest fails, too, and for the second test with an AssertionError without words.
    """

    @pytest.hookimpl(tryfirst=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[Any]) -> None:
        """Fails in place of the fixture."""
        # The plugins that run such fixtures have put a function of their own in place by now.
        if inspect.iscoroutinefunction(fixturedef.func) or inspect.isasyncgenfunction(fixturedef.func):
            words = _not_run(fixturedef.argname, fixturedef.scope)
            fixturedef.func = lambda **_: pytest.fail(words, pytrace=False)  # type: ignore[misc]


def _not_run(name: str, scope: str) -> str:
    scopes = "" if scope == "function" else f'(scope="{scope}", loop_scope="{scope}")'
    tests = scopes and f'; its tests need pytest.mark.asyncio(loop_scope="{scope}")'
    return (
        f"the fixture {name!r} is async def, and pytest does not run such a one: write "
        f"@pytest_asyncio.fixture{scopes} before it, or set asyncio_mode = auto in pytest.ini{tests}"
    )


def _is_ours(item: pytest.Function) -> bool:
    """Returns whether a coroutine uses a connection of the plugin and has no mark yet."""
    if "recordings" not in item.fixturenames or not inspect.iscoroutinefunction(item.obj):
        return False
    # A mark on the test itself would go before one of its module that has a loop_scope.
    return item.get_closest_marker("asyncio") is None
