"""Allure steps that are right for coroutines and for concurrent tasks.

The stock ``@allure.step`` closes before an ``async def`` has run, and the stock reporter keeps one stack
of open steps per thread, so that the steps of concurrent tasks nest into each other and those of a
background thread are lost after the first test. `TaskAwareReporter` keeps the open steps of each task
apart; `step` awaits what it decorates.
"""

from __future__ import annotations

import functools
import inspect
import threading
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from contextvars import ContextVar
from typing import Any, ParamSpec, TypeVar, cast, overload

import allure
from allure_commons.model2 import ExecutableItem, TestStepResult
from allure_commons.reporter import AllureReporter

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

TITLE_LIMIT = 160

# A task copies its creator's context: it inherits the steps open there and never sees its siblings'.
_open_steps: ContextVar[tuple[str, ...]] = ContextVar("open_steps", default=())


class _Items(dict[str, Any]):
    """One mapping of open items for the whole process, in place of allure's one per thread."""

    def cleanup(self) -> None:
        """Allure drops the items of finished threads here; this mapping has none."""


class TaskAwareReporter(AllureReporter):  # type: ignore[misc]
    """AllureReporter whose parent of a new step is the innermost step open in the same task."""

    def __init__(self) -> None:
        super().__init__()
        self._items = _Items()
        self._lock = threading.RLock()

    def start_step(self, parent_uuid: str | None, uuid: str, step: TestStepResult) -> None:
        """Open a step under ``parent_uuid``, else under the task's own, else under the running test."""
        with self._lock:
            super().start_step(parent_uuid or self._last_executable(), uuid, step)
            _open_steps.set((*_open_steps.get(), uuid))

    def stop_step(self, uuid: str, **kwargs: Any) -> None:
        """Close a step; a task may close its steps in any order."""
        with self._lock:
            super().stop_step(uuid, **kwargs)
            _open_steps.set(tuple(other for other in _open_steps.get() if other != uuid))

    def _last_executable(self) -> str | None:
        with self._lock:
            for uuid in reversed(_open_steps.get()):
                if uuid in self._items:
                    return uuid
            for uuid in reversed(self._items):
                item = self._items[uuid]
                if isinstance(item, ExecutableItem) and not isinstance(item, TestStepResult):
                    return str(uuid)
        return None


@overload
def step(title: Callable[Arguments, Result], /) -> Callable[Arguments, Result]: ...
@overload
def step(title: str, /) -> Callable[[Callable[Arguments, Result]], Callable[Arguments, Result]]: ...
def step(title: Any, /) -> Any:
    """Show a function's run as a step: ``@step`` or ``@step("Log in as {user}")``, sync or async.

    Only what the title names is formatted, and a brace that names no argument stays as it is; arguments
    are not listed, because a payload belongs in the transcript.
    """
    if callable(title):
        return cast("Any", step(title.__name__.replace("_", " ").capitalize()))(title)

    def decorate(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
        signature = inspect.signature(function)

        def opened(args: tuple[Any, ...], kwargs: dict[str, Any]) -> AbstractContextManager[Any]:
            bound = signature.bind(*args, **kwargs)
            bound.apply_defaults()
            return cast("AbstractContextManager[Any]", allure.step(_fill(title, bound.arguments)))

        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def awaited(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Any:
                __tracebackhide__ = True
                with opened(args, kwargs):
                    return await cast("Awaitable[Any]", function(*args, **kwargs))

            return cast("Callable[Arguments, Result]", awaited)

        @functools.wraps(function)
        def called(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
            __tracebackhide__ = True
            with opened(args, kwargs):
                return function(*args, **kwargs)

        return called

    return decorate


def _fill(title: str, arguments: dict[str, Any]) -> str:
    try:
        filled = title.format(**arguments)
    except (KeyError, IndexError, ValueError, AttributeError):
        filled = title
    return filled if len(filled) <= TITLE_LIMIT else filled[: TITLE_LIMIT - 1] + "…"
