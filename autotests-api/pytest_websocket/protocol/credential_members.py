"""Finds the values of credentials in messages: what stands in JSON, or text like it, after such a name.

The text need not be whole: a failure shows the beginning of a message, in quotes and escaped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from pytest_websocket.protocol.credentials import is_credential_member

# A name in quotes, which may be escaped themselves, or without them; then the sign before its value.
_NAME = re.compile(
    r"""(?P<quote>\\{0,7}["'])(?P<quoted>[^"'\\\n]{1,64})(?P=quote)\s*(?::|=>)\s*"""
    r"""|(?<![\w$.-])(?P<bare>[A-Za-z_][\w-]{0,63})\s*[:=]\s*(?=\\{0,7}["'])"""
)
_QUOTE = re.compile(r"""\\{0,7}["']""")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_COLON = re.compile(r"\s*:")
# A number says how many, how long or which, unless it stands for a password.
_NUMBER_IS_SECRET = re.compile(r"passw|passcode|pwd|secret|otp|pin$", re.IGNORECASE)
# The two sides of a difference: $.token: expected “"a"”, got “"b"”
_DIFFERENCE = re.compile(
    r"""\$[^\s:]{0,200}?(?P<name>[\w-]+)(?:\[\d+\])*: expected (?P<value>(?!.*expected ).*)"""
)


class Value(NamedTuple):
    """Where the value of a credential stands; ``text`` is empty where it is not a string."""

    start: int
    end: int
    name: str
    text: str


def credential_values(text: str) -> Iterator[Value]:
    """Yields the values of credentials in ``text``, in order."""
    # Both patterns need one of these, and most texts have none.
    if '"' not in text and "'" not in text and ": expected " not in text:
        return
    at = 0
    while found := _NAME.search(text, at):
        at = found.end()
        name = found["quoted"] or found["bare"]
        if not is_credential_member(name):
            continue
        values, at = _value_at(text, at, name)
        yield from values
    for difference in _DIFFERENCE.finditer(text):
        if is_credential_member(difference["name"]):
            yield Value(*difference.span("value"), difference["name"], "")


def masked(text: str, mask: str, *, keep_length: bool = False) -> str:
    """Returns ``text`` with ``mask`` for every value of a credential, or for each of its characters."""
    parts, at = [], 0
    for value in sorted(credential_values(text)):
        if value.start >= at and value.end > value.start:
            parts += [text[at : value.start], mask * (value.end - value.start if keep_length else 1)]
            at = value.end
    return "".join([*parts, text[at:]]) if parts else text


def _value_at(text: str, at: int, name: str) -> tuple[list[Value], int]:
    """Returns what is secret of the value that begins at ``at``, and where the search goes on."""
    if quote := _QUOTE.match(text, at):
        end = _end_of_string(text, quote.end(), quote[0])
        return [Value(quote.end(), end, name, text[quote.end() : end])], end
    if text[at : at + 1] in {"{", "["}:
        return _strings_within(text, at, name)
    if (number := _NUMBER.match(text, at)) and _NUMBER_IS_SECRET.search(name):
        return [Value(*number.span(), name, "")], number.end()
    return [], at


def _end_of_string(text: str, at: int, quote: str) -> int:
    """Returns where a string ends that began with ``quote``; without its end, where its line ends."""
    line = text.find("\n", at)
    limit = len(text) if line < 0 else line
    escapes = len(quote) - 1
    while (found := text.find(quote[-1], at, limit)) >= 0:
        begin = found
        while begin > 0 and text[begin - 1] == "\\":
            begin -= 1
        count = found - begin
        if count <= escapes if escapes else count % 2 == 0:
            return found - count if escapes else found
        at = found + 1
    return limit


def _strings_within(text: str, at: int, name: str) -> tuple[list[Value], int]:
    """Returns the strings in an object or a list, but for the names of members, and where it ends."""
    found: list[Value] = []
    depth = 0
    while at < len(text) and text[at] != "\n":
        if quote := _QUOTE.match(text, at):
            end = _end_of_string(text, quote.end(), quote[0])
            at = end + len(quote[0])
            if not _COLON.match(text, at):
                found.append(Value(quote.end(), end, name, text[quote.end() : end]))
            continue
        depth += {"{": 1, "[": 1, "}": -1, "]": -1}.get(text[at], 0)
        at += 1
        if depth == 0:
            break
    return found, at
