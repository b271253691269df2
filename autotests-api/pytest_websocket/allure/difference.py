"""Expected and actual of a failed test, which the report shows side by side."""

from __future__ import annotations

import re
from typing import Any

import attr
import pytest
from allure_commons.model2 import StatusDetails

_COMPARED = pytest.StashKey[tuple[object, object] | None]()
_LONGEST = 8192
# Allure shows no difference to an empty text.
_NOTHING = "(nothing)"
_AT_THE_END = re.compile(r"[ \t\r]+$", re.MULTILINE)
_VISIBLE = {" ": "·", "\t": "→", "\r": "␍"}


@attr.s(auto_attribs=True)
class Difference(StatusDetails):  # type: ignore[misc]
    """Status details with two texts that Allure compares, though allure-pytest never writes them."""

    actual: str | None = None
    expected: str | None = None


def remember(config: pytest.Config, left: object, right: object) -> None:
    """Keeps both sides of a comparison that failed, written as ``actual == expected``."""
    config.stash[_COMPARED] = (left, right)


def forget(config: pytest.Config) -> None:
    """Drops what was compared: it belongs to one phase of one test."""
    config.stash[_COMPARED] = None


def add(config: pytest.Config, test: Any, error: BaseException) -> None:
    """Puts both sides into the test's result, where the error names them or a plain assert compared them."""
    expected, actual = getattr(error, "expected", None), getattr(error, "actual", None)
    compared = config.stash.get(_COMPARED, None)
    if not expected and not actual and isinstance(error, AssertionError) and compared is not None:
        actual, expected = (_shown(side) for side in compared)
    if expected or actual:
        shown, wanted = (_with_blanks(str(side or _NOTHING)) for side in (actual, expected))
        details = Difference(actual=shown, expected=wanted)
        details.message, details.trace = test.statusDetails.message, test.statusDetails.trace
        test.statusDetails = details


def _with_blanks(text: str) -> str:
    """Returns the text with what cannot be seen at the end of a line made visible."""
    return _AT_THE_END.sub(lambda found: "".join(_VISIBLE[blank] for blank in found[0]), text)


def _shown(value: object) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}… ({len(text):,} characters)"
