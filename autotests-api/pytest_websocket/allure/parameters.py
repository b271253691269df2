"""Parameters of a test: values that a person can read, and an identity that the next run finds again."""

from __future__ import annotations

import re
from typing import Any

import pytest
from allure_commons.model2 import Parameter

_LONGEST = 120
# Written for JUnit XML; in the report they are labels.
_OF_THE_RULE = {"rfc", "level", "rule", "autobahn"}
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


def readable(value: object) -> str:
    """Returns a value as Python writes it; functions and classes by name, no memory address, no megabyte."""
    name = getattr(value, "__name__", None)
    return _cut(name if isinstance(name, str) else _ADDRESS.sub("", repr(value)))


def _cut(text: str) -> str:
    if len(text) <= _LONGEST:
        return text
    return f"{text[: _LONGEST - 30]}… ({len(text):,} characters)"


def add_observations(item: pytest.Item, test: Any) -> None:
    """Shows what a test recorded as properties, such as what a server does of a MAY."""
    test.parameters.extend(
        Parameter(name=name, value=_cut(str(value)), excluded=True)
        for name, value in item.user_properties
        if name not in _OF_THE_RULE
    )


def set_parameters(item: pytest.Item, test: Any) -> None:
    """Replaces the parameters that allure-pytest filled in.

    Allure tells the cases of one test apart, and finds them again in its history, by the values of their
    parameters. Readable values may be equal or change from run to run, so the case's id does that, unseen.
    """
    call = getattr(item, "callspec", None)
    if call is None:
        return
    own = {parameter.name: parameter for parameter in test.parameters if parameter.name not in call.params}
    test.parameters[:] = [
        *(
            Parameter(name=name, value=readable(value), excluded=True)
            for name, value in call.params.items()
            # Such are of plugins: pytest-asyncio passes the factory of its event loops so.
            if not name.startswith("_")
        ),
        *own.values(),
        Parameter(name="case", value=call.id, mode="hidden"),
    ]
