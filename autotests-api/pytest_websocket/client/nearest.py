"""Finds the message that came nearest to what was expected, for the text of a failure."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pytest_websocket.client.codecs import Codec
from pytest_websocket.client.expectations import (
    Expected,
    describe_expected,
    describe_message,
    find_difference,
    first_difference,
    json_with,
    value_of,
)
from pytest_websocket.protocol.message_kinds import CORRELATIONS, DISCRIMINATORS
from pytest_websocket.text import Message, value_text

_TELLING = (*DISCRIMINATORS, *CORRELATIONS)
"""Members that say what a message is and what it belongs to; those before say more."""

_MISSING = object()


def describe_miss(
    expected: Expected, passed: Sequence[Message], codec: Codec | None = None
) -> list[tuple[str, str]]:
    """Returns the rows of a failure to find a message: what was expected, and the nearest of ``passed``."""
    rows = [("expected", describe_expected(expected))]
    message = nearest(expected, passed, codec)
    if message is None:
        return [*rows, ("received", "no message at all")]
    shown = describe_message(message, around=first_difference(expected, message), codec=codec)
    return [*rows, ("nearest", shown), ("because", find_difference(expected, message, codec))]


def nearest(expected: Expected, messages: Sequence[Message], codec: Codec | None = None) -> Message | None:
    """Returns the message of the last fifty that is most like what was expected; None of none.

    First counts which discriminating members are the same, then how many of the others are, then how
    alike the texts are; of equals the last.
    """
    recent = list(enumerate(messages))[-50:]
    if not recent:
        return None
    return max(recent, key=lambda each: (*_likeness(expected, each[1], codec), each[0]))[1]


def _likeness(expected: Expected, message: Message, codec: Codec | None) -> tuple[Any, ...]:
    if isinstance(expected, re.Pattern):
        return (0, 0.0, _ratio(expected.pattern, message))
    if callable(expected) and not isinstance(expected, json_with):
        # It was not written for the messages for which it raises.
        return (
            0,
            0.0,
            -1.0 if find_difference(expected, message, codec).startswith("the condition r") else 0.0,
        )
    model = expected.members if isinstance(expected, json_with) else expected
    text: Message = model if isinstance(model, str | bytes) else value_text(model)
    if isinstance(model, str | bytes):
        model = _read(model, None)
    got = _read(message, codec)
    if not isinstance(model, Mapping | list | tuple) or got is _MISSING:
        return (0, 0.0, _ratio(text, message))
    leaves = list(_leaves(model, got))
    said = sum(
        1 << (len(_TELLING) - _TELLING.index(name))
        for name, is_same in leaves
        if is_same and name in _TELLING
    )
    same = sum(is_same for _, is_same in leaves) / max(1, len(leaves))
    # A decoded message is compared with the text of its value.
    return (said, same, _ratio(text, message if codec is None else value_text(got)))


def _leaves(expected: Any, got: Any) -> Iterator[tuple[str, bool]]:
    """Yields the members of what is expected that hold no others: name, and whether ``got`` has the same.

    Texts and numbers in a list at the top count as its ``type``: ``["join", {…}]``.
    """
    if isinstance(expected, Mapping):
        for name, wanted in expected.items():
            value = got.get(name, _MISSING) if isinstance(got, Mapping) else getattr(got, str(name), _MISSING)
            if isinstance(wanted, Mapping | list | tuple):
                yield from _leaves(wanted, value)
            else:
                yield str(name), bool(wanted == value)
    elif isinstance(expected, list | tuple):
        values = got if isinstance(got, list | tuple) else ()
        for index, wanted in enumerate(expected):
            value = values[index] if index < len(values) else _MISSING
            if isinstance(wanted, Mapping | list | tuple):
                yield from _leaves(wanted, value)
            else:
                yield "type", bool(wanted == value)


def _read(message: Message, codec: Codec | None) -> Any:
    try:
        return json.loads(message) if codec is None else value_of(message, codec)
    except Exception:
        # Whatever a codec raises, the message has no value that could be compared.
        return _MISSING


def _ratio(model: Message, message: Message) -> float:
    if isinstance(message, str) != isinstance(model, str):
        return -1.0
    # ratio() is quadratic: the first few hundred characters tell enough.
    return difflib.SequenceMatcher(None, model[:300], message[:300], autojunk=False).ratio()
