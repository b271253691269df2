"""Compares messages and closes with what is expected, and describes the difference."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from typing import Any, cast

from pytest_websocket.client.codecs import Codec
from pytest_websocket.protocol.close_codes import describe_code
from pytest_websocket.text import Message, preview, printable, quantity, value_text


class json_with:  # noqa: N801 - reads as a phrase: expect(json_with(type="ack"))
    """Matches a JSON object that has at least these members; nested objects are compared the same way."""

    def __init__(self, members: Mapping[str, Any] | None = None, /, **named: Any) -> None:
        self.members = {**(members or {}), **named}

    def __repr__(self) -> str:
        return f"json_with({value_text(self.members)})"


class as_it_came:  # noqa: N801 - reads as a phrase: ignore=as_it_came(is_heartbeat)
    """Matches a message for which ``condition`` is true, before a codec decodes it."""

    def __init__(self, condition: Callable[[Message], object]) -> None:
        self.condition = condition

    def __call__(self, message: Message) -> object:
        """Returns what the condition says."""
        return self.condition(message)


Expected = str | bytes | re.Pattern[str] | re.Pattern[bytes] | json_with | Callable[[Any], Any] | Any
"""What a message may be compared with.

Text and bytes must be equal, in type too. A compiled pattern must be found in the message. `json_with`
wants some members of a JSON object. A callable is called with it. Anything else (dict, list, number,
None) must be equal to the message read as JSON. With a codec all but the first two get what it decodes.
"""


NOT_GIVEN: Any = object()
"""Stands for no expectation where None would be the JSON value null."""


def matches(expected: Expected, message: Message, codec: Codec | None = None) -> bool:
    """Returns whether ``message`` is what was expected."""
    return not find_difference(expected, message, codec)


def value_of(message: Message, codec: Codec | None) -> Any:
    """Returns what a message holds: decoded by ``codec``, or itself without one."""
    return message if codec is None else codec.decode(message)


def find_difference(expected: Expected, message: Message, codec: Codec | None = None) -> str:
    """Returns why ``message`` is not what was expected, in words; empty when it is."""
    if isinstance(expected, str | bytes):
        return _unequal(expected, message)
    if isinstance(expected, re.Pattern):
        if isinstance(expected.pattern, str) != isinstance(message, str):
            return f"expected {_kind(expected.pattern)}, got {_kind(message)}"
        return "" if expected.search(cast(Any, message)) else "the pattern is not found in it"
    try:
        value = value_of(message, None if isinstance(expected, as_it_came) else codec)
    except Exception as error:
        return f"the codec cannot decode it: {printable(repr(error))}"
    if callable(expected):
        try:
            return "" if expected(value) else "the condition is false for it"
        except Exception as error:
            # A condition may get messages that it was not written for: they do not match.
            return f"the condition raised {printable(repr(error))}"
    if codec is None:
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
    if isinstance(expected, Mapping) and (isinstance(value, Mapping) or _has_fields(value)):
        return _object_difference(expected, value, path, partly=partly)
    if isinstance(expected, list | tuple) and isinstance(value, list | tuple):
        for index, (wanted, got) in enumerate(zip(expected, value, strict=False)):
            found = _json_difference(wanted, got, f"{path}[{index}]", partly=partly)
            if found:
                return found
        if len(expected) != len(value):
            return f"{path} has {quantity(len(value), 'item')}, expected {len(expected)}"
        return ""
    # JSON tells true from 1; Python does not.
    if expected == value and isinstance(expected, bool) == isinstance(value, bool):
        return ""
    if _type_of(expected) == _type_of(value):
        return f"{path}: expected {preview(value_text(expected))}, got {preview(value_text(value))}"
    return f"{path}: expected {_typed(expected)}, got {_typed(value)}"


def _object_difference(expected: Mapping[Any, Any], value: Any, path: str, *, partly: bool) -> str:
    is_mapping = isinstance(value, Mapping)
    for name, wanted in expected.items():
        got = value.get(name, NOT_GIVEN) if is_mapping else getattr(value, str(name), NOT_GIVEN)
        if got is NOT_GIVEN:
            return f"{path}.{name} is missing{_named_alike(name, value, path)}"
        found = _json_difference(wanted, got, f"{path}.{name}", partly=partly)
        if found:
            return found
    extra = [] if partly or not is_mapping else [name for name in value if name not in expected]
    return f"{path}.{printable(str(extra[0]))} was not expected" if extra else ""


def _has_fields(value: Any) -> bool:
    """Returns whether a decoded value is an object with fields, as those of Protocol Buffers are."""
    return not isinstance(value, str | bytes | int | float | list | tuple | None)


def _named_alike(name: str, value: Any, path: str) -> str:
    others = [other for other in value if isinstance(other, str)] if isinstance(value, Mapping) else []
    alike = difflib.get_close_matches(str(name), others, 1)
    return f" (there is {path}.{printable(alike[0])})" if alike else ""


def _type_of(value: Any) -> str:
    """Returns what JSON calls the type of a value, with its article; empty for null, true and false."""
    kinds: tuple[tuple[Any, str], ...] = (
        (bool | None, ""),
        (int | float, "the number "),
        (str, "the string "),
        (bytes, "the bytes "),
        (list | tuple, "the list "),
        (Mapping, "the object "),
    )
    return next((kind for types, kind in kinds if isinstance(value, types)), f"the {type(value).__name__} ")


def _typed(value: Any) -> str:
    text = printable(value_text(value))
    return f"{_type_of(value)}{text if len(text) <= 120 else f'{text[:120]} …'}"


def describe_expected(expected: Expected) -> str:
    """Returns what is expected, in words."""
    if isinstance(expected, str | bytes):
        return describe_message(expected)
    if isinstance(expected, re.Pattern):
        return f"{_kind(expected.pattern)} with the pattern {preview(expected.pattern)}"
    if isinstance(expected, json_with):
        return f"a JSON object with {printable(value_text(expected.members))}"
    if callable(expected):
        name = getattr(expected, "__qualname__", repr(expected))
        code = getattr(expected, "__code__", None)
        place = f", line {code.co_firstlineno} of {code.co_filename}" if code is not None else ""
        return f"a message for which {printable(name)} is true{place}"
    return f"JSON equal to {printable(value_text(expected))}"


def _kind(message: Message) -> str:
    return "a text message" if isinstance(message, str) else "a binary message"


def describe_message(message: Message, *, around: int = 0, codec: Codec | None = None) -> str:
    """Returns type, size and a preview of a message, near the index ``around``; decoded where it can be."""
    size = f"text, {quantity(len(message), 'character')}"
    if not isinstance(message, str):
        size = f"binary, {quantity(len(message), 'byte')}"
    if codec is not None:
        with suppress(Exception):  # what cannot be decoded is shown as it came
            return f"{size}, decoded: {preview(value_text(codec.decode(message)), limit=400)}"
    return f"{size}: {preview(message, around=around)}"


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
