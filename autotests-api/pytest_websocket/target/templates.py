"""Templates: texts with a place in them for a message of the suite, and the replies that follow one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Protocol

from pytest_websocket.protocol.frames import BINARY, TEXT
from pytest_websocket.target.patterns import has_members, is_json, json_value
from pytest_websocket.target.written import HEX, MSGPACK, bytes_of, is_binary, packed, unpacked
from pytest_websocket.text import Message, preview

PLACE = "{message}"
_MARK = "\ue000"


class AnyTemplate(Protocol):
    """What the templates of text and of binary messages have in common."""

    @property
    def opcode(self) -> int:
        """The type of the messages."""

    def carry(self, message: bytes) -> bytes:
        """Returns the template with a message, which is UTF-8, in its place."""

    def shown(self, message: str) -> str:
        """Returns the template with ``message`` in its place, for a reader."""

    def says(self, came: Message, message: str | None) -> bool:
        """Returns whether what came is the template with ``message`` in its place; None stands for any."""


_ESCAPES = {
    **{bytes([code]): b"\\u%04x" % code for code in range(0x20)},
    b'"': b'\\"',
    b"\\": b"\\\\",
}
_ESCAPED = re.compile(rb'["\\\x00-\x1f]')


@dataclass(frozen=True)
class Template:
    """A text with a place for a message in it, as a user has written it.

    Between a JSON document's brackets the message is a string: it is quoted, unless the template has the
    quotes, and escaped. Escapes stand for ASCII only, so that a message may be carried piece by piece, even
    where a piece ends inside a character, and what is not UTF-8 stays what it is.
    """

    before: str
    after: str
    is_json: bool
    opcode = TEXT

    @classmethod
    def parse(cls, text: str) -> Template:
        """Reads a template. Raises ValueError where the message has not exactly one place in it."""
        if text.count(PLACE) != 1:
            raise ValueError(f"expected {PLACE} exactly once")
        before, _, after = text.partition(PLACE)
        # In brackets alone, or after words, it is text: a document has names, or other items besides.
        is_document = '"' in text or re.match(r"\s*\d*\s*[\[{].*,", text, re.DOTALL)
        for quote in ("", '"') if is_document else ():
            if is_json(_json_part(f"{before}{quote}x{quote}{after}")):
                return cls(before + quote, quote + after, True)
        return cls(before, after, False)

    @property
    def size(self) -> int:
        """Bytes that the template adds to a message."""
        return len(self.before.encode()) + len(self.after.encode())

    def escape(self, piece: bytes) -> bytes:
        """Returns a piece of a message as it stands in the template."""
        return _ESCAPED.sub(lambda found: _ESCAPES[found[0]], piece) if self.is_json else piece

    def carry(self, message: bytes) -> bytes:
        """Returns the template with ``message`` in its place."""
        return self.before.encode() + self.escape(message) + self.after.encode()

    def shown(self, message: str) -> str:
        """Returns the template with ``message`` in its place, as text."""
        return self.carry(message.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")

    def says(self, came: Message, message: str | None) -> bool:
        """Returns whether a message is the template with ``message`` in its place; None stands for any.

        JSON is compared by value: order, spaces and spelling do not matter, and further members are allowed.
        """
        if not isinstance(came, str):
            return False
        if fits(came, self.before, self.after, message) or not self.is_json:
            return fits(came, self.before, self.after, message)
        model = self.before + _MARK + self.after
        wanted_part, part = _json_part(model), _json_part(came)
        if model.removesuffix(wanted_part) != came.removesuffix(part):
            return False
        return has_members(_filled(json_value(wanted_part), message), json_value(part))

    def __str__(self) -> str:
        return self.before + PLACE + self.after


def _json_part(text: str) -> str:
    """Returns a text from its first bracket on: before it Engine.IO and the like have a number."""
    found = re.search(r"[\[{]", text)
    return text[found.start() :] if found and found.start() <= 8 else ""


def fits(came: str, before: str, after: str, message: str | None) -> bool:
    """Returns whether a text is ``message``, or any where it is None, between two others."""
    if message is not None:
        return came == before + message + after
    return came.startswith(before) and came.endswith(after) and len(came) >= len(before) + len(after)


def _filled(value: Any, message: str | None) -> Any:
    """Returns the value of a template with `_Place` where the message stands."""
    if isinstance(value, dict):
        return {name: _filled(member, message) for name, member in value.items()}
    if isinstance(value, list):
        return [_filled(member, message) for member in value]
    if isinstance(value, str) and _MARK in value:
        before, _, after = value.partition(_MARK)
        return _Place(before, after, message)
    return value


@dataclass(frozen=True, eq=False)
class _Place:
    """A string of a reply with the message in it; equal to the strings that fit."""

    before: str
    after: str
    message: str | None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and fits(other, self.before, self.after, self.message)

    def __hash__(self) -> int:
        return hash(self.message)


@dataclass(frozen=True)
class PackedTemplate:
    """``msgpack:`` and a JSON document with a place in it: the message as MessagePack in binary messages."""

    json: Template
    opcode = BINARY

    def carry(self, message: bytes) -> bytes:
        """Returns the MessagePack of the document with ``message`` in it."""
        return packed(json_value(self.json.carry(message).decode()))

    def shown(self, message: str) -> str:
        """Returns the JSON document with ``message`` in it."""
        return MSGPACK + self.json.shown(message)

    def says(self, came: Message, message: str | None) -> bool:
        """Returns whether what came says the same, compared as `Template` compares JSON."""
        if not isinstance(came, bytes):
            return False
        model = json_value(self.json.before + _MARK + self.json.after)
        return has_members(_filled(model, message), unpacked(came))

    def __str__(self) -> str:
        return f"{MSGPACK}{self.json}"


_LENGTH = re.compile(r"\{length:(varint|[1248](?:le)?)\}")


@dataclass(frozen=True)
class BytesTemplate:
    """``hex:`` and bytes with a place in them; each length counts the bytes after it.

    ``before`` has bytes, and for lengths how they are written: ``4``, ``2le`` or ``varint``.
    """

    written: str
    before: tuple[bytes | str, ...]
    after: bytes
    opcode = BINARY

    @classmethod
    def parse(cls, text: str) -> BytesTemplate:
        """Reads a template after ``hex:``. Raises ValueError."""
        before, _, after = text.partition(PLACE)
        parts = _LENGTH.split(before)
        if "{" in "".join(parts[::2]) + after:
            raise ValueError(
                "expected hexadecimal digits after hex:, with {length:4}, {length:2le} or {length:varint} "
                f"before {PLACE}"
            )
        read = [part if number % 2 else bytes_of(part) for number, part in enumerate(parts)]
        return cls(HEX + text, tuple(read), bytes_of(after))

    def carry(self, message: bytes) -> bytes:
        """Returns the bytes with ``message`` in its place, and the lengths."""
        data = message + self.after
        for part in reversed(self.before):
            data = (part if isinstance(part, bytes) else _length(len(data), part)) + data
        return data

    def shown(self, message: str) -> str:
        """Returns the bytes as hexadecimal digits."""
        return HEX + self.carry(message.encode()).hex()

    def says(self, came: Message, message: str | None) -> bool:
        """Returns whether the bytes are these, and the lengths right."""
        if not isinstance(came, bytes):
            return False
        if message is not None:
            return came == self.carry(message.encode())
        for part in self.before:
            size = len(part) if isinstance(part, bytes) else _size_of_length(came, part)
            rest = came[size:]
            if came[:size] != (part if isinstance(part, bytes) else _length(len(rest), part)):
                return False
            came = rest
        return came.endswith(self.after)

    def __str__(self) -> str:
        return self.written


def _length(number: int, kind: str) -> bytes:
    if kind == "varint":
        # Base 128, the lowest digits first, as in Protocol Buffers.
        digits = bytearray()
        while number > 0x7F:
            digits.append(number & 0x7F | 0x80)
            number >>= 7
        return bytes([*digits, number])
    size = int(kind[0])
    # One that has no room for the number is wrong anyway.
    number %= 1 << 8 * size
    return number.to_bytes(size, "little" if kind.endswith("le") else "big")


def _size_of_length(data: bytes, kind: str) -> int:
    if kind != "varint":
        return int(kind[0])
    return next((at for at, digit in enumerate(data, 1) if digit < 0x80), len(data))


def template_of(text: str) -> AnyTemplate:
    """Reads a template as an option writes it. Raises ValueError where the message has not just one place."""
    if not is_binary(text):
        return Template.parse(text)
    if text.count(PLACE) != 1:
        raise ValueError(f"expected {PLACE} exactly once")
    if text.startswith(HEX):
        return BytesTemplate.parse(text.removeprefix(HEX))
    template = Template.parse(text.removeprefix(MSGPACK))
    if not is_json(template.shown("")):
        raise ValueError(f'expected JSON after msgpack:, as in msgpack:{{"say": {PLACE}}}')
    packed(None)
    return PackedTemplate(template)


@dataclass(frozen=True, eq=False)
class Reply:
    """What the target answers to one message; equal to every message that says it.

    ``message`` None stands for any.
    """

    template: AnyTemplate
    message: str | None

    @property
    def opcode(self) -> int:
        """The type of the reply."""
        return self.template.opcode

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, str | bytes):
            return NotImplemented
        return self.template.says(other, self.message)

    def __hash__(self) -> int:
        return hash(self.message)

    def __call__(self, message: Message) -> bool:
        """Returns whether ``message`` is this reply."""
        return self == message

    def __len__(self) -> int:
        return len(str(self))

    def __str__(self) -> str:
        return self.template.shown(self.message or "")

    def __repr__(self) -> str:
        return f"a message that says {preview(str(self))}"
