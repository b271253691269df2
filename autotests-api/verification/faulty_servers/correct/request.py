"""The client's half of the opening handshake as data (RFC 6455 §4.1), read strictly."""

from __future__ import annotations

import re
from dataclasses import dataclass

TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_REQUEST_LINE = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+) ([\x21-\x7e]+) HTTP/([0-9])\.([0-9])")
_FIELD = re.compile(
    rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*((?:[\x21-\x7e\x80-\xff][\x20-\x7e\x80-\xff\t]*)?)"
)


class Refusal(Exception):
    """The handshake is answered with an HTTP error instead of 101."""

    def __init__(self, status: int, reason: str, *headers: tuple[str, str]) -> None:
        super().__init__(f"{status} {reason}")
        self.status = status
        self.reason = reason
        self.headers = headers


@dataclass(frozen=True)
class Request:
    """A request head. Field names keep their case; look-ups ignore it."""

    method: str
    target: str
    version: tuple[int, int]
    fields: tuple[tuple[str, str], ...]

    def values(self, name: str) -> list[str]:
        """Returns the values of every field of that name, in order."""
        return [value for field, value in self.fields if field.lower() == name.lower()]

    def items(self, name: str) -> list[str]:
        """Returns the elements of a comma-separated list, over all fields of that name, none empty."""
        elements = [
            item.strip(" \t") for value in self.values(name) for item in split_outside_quotes(value, ",")
        ]
        return [item for item in elements if item]


def parse_request_line(line: bytes) -> tuple[str, str, tuple[int, int]]:
    """Returns method, target and HTTP version. Raises Refusal 400 when it is not a request line."""
    match = _REQUEST_LINE.fullmatch(line)
    if match is None:
        raise Refusal(400, "not an HTTP request line")
    method, target, major, minor = match.groups()
    return method.decode(), target.decode(), (int(major), int(minor))


def parse_field(line: bytes) -> tuple[str, str]:
    """Returns name and value of a field. Raises Refusal 400 for folding, stray blanks or bad characters."""
    match = _FIELD.fullmatch(line)
    if match is None:
        raise Refusal(400, "malformed header field")
    name, value = match.groups()
    return name.decode(), value.decode("latin-1").rstrip(" \t")


def split_outside_quotes(text: str, separator: str) -> list[str]:
    """Splits at a separator that does not stand inside a quoted string."""
    parts, start, quoted, escaped = [], 0, False, False
    for place, character in enumerate(text):
        if character == separator and not quoted:
            parts.append(text[start:place])
            start = place + 1
            continue
        if escaped:
            escaped = False
        elif quoted and character == "\\":
            escaped = True
        elif character == '"':
            quoted = not quoted
    return [*parts, text[start:]]
