"""Provides a step decorator for coroutines.

The stock ``@allure.step`` closes before an ``async def`` has run; `step` awaits what it decorates.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from typing import Any, ParamSpec, TypeVar, cast, overload

import allure

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

TITLE_LIMIT = 160


@overload
def step(title: Callable[Arguments, Result], /) -> Callable[Arguments, Result]: ...
@overload
def step(title: str, /) -> Callable[[Callable[Arguments, Result]], Callable[Arguments, Result]]: ...
def step(title: Any, /) -> Any:
    """Shows a function's run as a step: ``@step`` or ``@step("Log in as {user}")``, sync or async.

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
    except (KeyError, IndexError, ValueError, AttributeError, TypeError):
        filled = title
    return filled if len(filled) <= TITLE_LIMIT else filled[: TITLE_LIMIT - 1] + "…"
