"""Compares messages and closes with what is expected, and describes the difference."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, cast

from pytest_websocket.protocol.close_codes import describe_code
from pytest_websocket.text import Message, preview, printable, quantity


class json_with:  # noqa: N801 - reads as a phrase: expect(json_with(type="ack"))
    """Matches a JSON object that has at least these members; nested objects are compared the same way."""

    def __init__(self, members: Mapping[str, Any] | None = None, /, **named: Any) -> None:
        self.members = {**(members or {}), **named}

    def __repr__(self) -> str:
        return f"json_with({json.dumps(self.members, ensure_ascii=False, default=repr)})"


Expected = str | bytes | re.Pattern[str] | re.Pattern[bytes] | json_with | Callable[[Any], Any] | Any
"""What a message may be compared with.

Text and bytes must be equal, in type too. A compiled pattern must be found in the message. `json_with`
wants some members of a JSON object. A callable is called with it. Anything else (dict, list, number,
None) must be equal to the message read as JSON.
"""


NOT_GIVEN: Any = object()
"""Stands for no expectation where None would be the JSON value null."""


def matches(expected: Expected, message: Message) -> bool:
    """Returns whether ``message`` is what was expected."""
    return not find_difference(expected, message)


def any_of(several: Sequence[Expected]) -> Callable[[Message], bool]:
    """Returns the condition that a message matches at least one expectation."""
    return lambda message: any(matches(one, message) for one in several)


def find_difference(expected: Expected, message: Message) -> str:
    """Returns why ``message`` is not what was expected, in words; empty when it is."""
    if isinstance(expected, str | bytes):
        return _unequal(expected, message)
    if isinstance(expected, re.Pattern):
        if isinstance(expected.pattern, str) != isinstance(message, str):
            return f"expected {_kind(expected.pattern)}, got {_kind(message)}"
        return "" if expected.search(cast(Any, message)) else "the pattern is not found in it"
    if callable(expected):
        try:
            return "" if expected(message) else "the condition is false for it"
        except Exception as error:
            # A condition may get messages that it was not written for: they do not match.
            return f"the condition raised {printable(repr(error))}"
    try:
        value = json.loads(message)
    except (ValueError, RecursionError) as error:
        return f"it is not JSON: {printable(str(error))}"
    if isinstance(expected, json_with):
        return _json_difference(expected.members, value, "$", partly=True)
    return _json_difference(expected, value, "$", partly=False)


def _unequal(expected: Message, message: Message) -> str:
    if isinstance(expected, str) != isinstance(message, str):
        return f"expected {_kind(expected)}, got {_kind(message)}"
    if expected == message:
        return ""
    at = first_difference(expected, message)
    unit = "character" if isinstance(expected, str) else "byte"
    return f"at {unit} {at + 1}: expected {_unit(expected, at)}, got {_unit(message, at)}"


def _unit(message: Message, at: int) -> str:
    if at >= len(message):
        return "the end of the message"
    if isinstance(message, str):
        return f"“{printable(message[at])}” (U+{ord(message[at]):04X})"
    return f"0x{message[at]:02x}"


def _json_difference(expected: Any, value: Any, path: str, *, partly: bool) -> str:
    if isinstance(expected, Mapping) and isinstance(value, dict):
        for name, wanted in expected.items():
            if name not in value:
                return f"{path}.{name} is missing"
            found = _json_difference(wanted, value[name], f"{path}.{name}", partly=partly)
            if found:
                return found
        extra = [] if partly else [name for name in value if name not in expected]
        return f"{path}.{extra[0]} was not expected" if extra else ""
    if isinstance(expected, list | tuple) and isinstance(value, list):
        for index, (wanted, got) in enumerate(zip(expected, value, strict=False)):
            found = _json_difference(wanted, got, f"{path}[{index}]", partly=partly)
            if found:
                return found
        if len(expected) != len(value):
            return f"{path} has {quantity(len(value), 'item')}, expected {len(expected)}"
        return ""
    # JSON tells true from 1; Python does not.
    same = expected == value and isinstance(expected, bool) == isinstance(value, bool)
    return "" if same else f"{path}: expected {preview(_json(expected))}, got {preview(_json(value))}"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=repr)


def describe_expected(expected: Expected) -> str:
    """Returns what is expected, in words."""
    if isinstance(expected, str | bytes):
        return describe_message(expected)
    if isinstance(expected, re.Pattern):
        return f"{_kind(expected.pattern)} with the pattern {preview(expected.pattern)}"
    if isinstance(expected, json_with):
        return f"a JSON object with {printable(_json(expected.members))}"
    if callable(expected):
        name = getattr(expected, "__qualname__", repr(expected))
        code = getattr(expected, "__code__", None)
        place = f", line {code.co_firstlineno} of {code.co_filename}" if code is not None else ""
        return f"a message for which {printable(name)} is true{place}"
    return f"JSON equal to {printable(_json(expected))}"


def _nearest(expected: Expected, messages: Sequence[Message]) -> Message | None:
    """Returns the message that is most like what was expected, else the last."""
    recent = list(messages)[-50:]
    if not recent:
        return None
    if isinstance(expected, str | bytes):
        model: Message = expected
    elif isinstance(expected, json_with):
        model = _json(expected.members)
    elif isinstance(expected, re.Pattern) or callable(expected):
        return recent[-1]
    else:
        model = _json(expected)

    def likeness(message: Message) -> float:
        if isinstance(message, str) != isinstance(model, str):
            return -1.0
        # ratio() is quadratic: the first few hundred characters tell enough.
        return difflib.SequenceMatcher(None, model[:300], message[:300], autojunk=False).ratio()

    return max(recent, key=likeness)


def _kind(message: Message) -> str:
    return "a text message" if isinstance(message, str) else "a binary message"


def describe_message(message: Message, *, around: int = 0) -> str:
    """Returns type, size and a preview of a message, near the index ``around``."""
    if isinstance(message, str):
        return f"text, {quantity(len(message), 'character')}: {preview(message, around=around)}"
    return f"binary, {quantity(len(message), 'byte')}: {preview(message, around=around)}"


def first_difference(expected: Expected, message: Message) -> int:
    """Returns the index where a message begins to differ from the expected one; 0 for other expectations."""
    if not isinstance(expected, str | bytes) or type(expected) is not type(message):
        return 0
    shorter = min(len(expected), len(message))
    return next((at for at in range(shorter) if expected[at] != message[at]), shorter)


def describe_expected_closing(codes: Collection[int] | None, reason: str | re.Pattern[str] | None) -> str:
    """Returns which close is expected: `` with 1000 (normal closure) and the reason “bye”``."""
    words = "" if codes is None else f" with {either([describe_code(one) for one in sorted(codes)])}"
    if isinstance(reason, str):
        words += f" and the reason {preview(reason)}"
    elif reason is not None:
        words += f" and a reason with the pattern {preview(reason.pattern)}"
    return words


def reason_matches(wanted: str | re.Pattern[str] | None, reason: str) -> bool:
    """Returns whether a close reason equals a text, or contains a pattern; None fits every reason."""
    if wanted is None:
        return True
    return wanted == reason if isinstance(wanted, str) else bool(wanted.search(reason))


def either(words: Sequence[str]) -> str:
    """Returns alternatives joined by “or”."""
    return " or ".join(words)


def describe_miss(expected: Expected, passed: Sequence[Message]) -> list[tuple[str, str]]:
    """Returns the rows of a failure to find a message: what was expected, and the nearest of ``passed``."""
    rows = [("expected", describe_expected(expected))]
    message = _nearest(expected, passed)
    if message is None:
        return [*rows, ("received", "no message at all")]
    rows.append(("nearest", describe_message(message, around=first_difference(expected, message))))
    rows.append(("because", find_difference(expected, message)))
    return rows
