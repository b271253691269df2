"""Redacts results before they are written, by the hooks that Allure has for that."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import allure_commons
import attr

from pytest_websocket.target.secrets import Secrets
from pytest_websocket.target.target import Target
from pytest_websocket.text import printable

_before_writing = allure_commons.hookimpl(tryfirst=True)

_NOISY_TAGS = {"asyncio", "parametrize", "anyio", "rfc", "needs"}


class Cleaner:
    """A plugin of allure_commons: what it lets pass can be written anywhere and holds no secret.

    A single lone surrogate in any text would end the whole session: results are written as UTF-8.
    """

    def __init__(self, target: Target) -> None:
        self._target = target

    @_before_writing  # type: ignore[untyped-decorator]
    def report_result(self, result: Any) -> None:
        """Cleans a test's result, and leaves out tags that are marks of plugins."""
        result.labels[:] = [
            label for label in result.labels if not (label.name == "tag" and label.value in _NOISY_TAGS)
        ]
        self._clean(result)

    @_before_writing  # type: ignore[untyped-decorator]
    def report_container(self, container: Any) -> None:
        """Cleans what fixtures did around tests."""
        self._clean(container)

    @_before_writing  # type: ignore[untyped-decorator]
    def report_globals(self, globals_item: Any) -> None:
        """Cleans what is about the whole run."""
        self._clean(globals_item)

    def text(self, text: str) -> str:
        """Returns a text without secrets and control characters."""
        return _cleaned(self._target.secrets, text)

    def body(self, body: str | bytes) -> bytes:
        """Returns the body of an attachment without secrets and lone surrogates."""
        if isinstance(body, bytes):
            return self._target.secrets.mask_bytes(body)
        secrets = self._target.secrets
        is_markup = body.lstrip().startswith("<")
        return (secrets.mask_page if is_markup else secrets.mask_cut)(body).encode(
            "utf-8", "backslashreplace"
        )

    def _clean(self, item: Any) -> None:
        for field in attr.fields(type(item)):
            value = getattr(item, field.name)
            if isinstance(value, str):
                setattr(item, field.name, self.text(value))
            elif isinstance(value, list):
                for index, element in enumerate(value):
                    if isinstance(element, str):
                        value[index] = self.text(element)
                    elif attr.has(type(element)):
                        self._clean(element)
            elif value is not None and attr.has(type(value)):
                self._clean(value)


# Labels, links and names are the same in test after test; a secret that was learned makes new secrets.
@lru_cache(maxsize=2048)
def _cleaned(secrets: Secrets, text: str) -> str:
    return secrets.mask_cut(printable(text, keep="\n\t"))
