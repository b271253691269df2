"""Carriers: how a message of the suite stands inside a request of the target, and how it comes back."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from pytest_websocket.protocol.frames import BINARY, CONTINUATION, TEXT, Frame
from pytest_websocket.target.patterns import Pattern, has_members, is_json, json_value
from pytest_websocket.text import Message, preview

PLACE = "{message}"
_MARK = "\ue000"

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

    @classmethod
    def parse(cls, text: str) -> Template:
        """Reads a template. Raises ValueError where the message has not exactly one place in it."""
        if text.count(PLACE) != 1:
            raise ValueError(f"expected {PLACE} exactly once")
        before, _, after = text.partition(PLACE)
        # In brackets alone it is text: a JSON document that says what it is about has a quoted name.
        for quote in ("", '"') if '"' in text else ():
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

    def text(self, message: str) -> str:
        """Returns the template with ``message`` in its place, as text."""
        return self.carry(message.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")

    def __str__(self) -> str:
        return self.before + PLACE + self.after


def _json_part(text: str) -> str:
    """Returns a text from its first bracket on: before it Engine.IO and the like have a number."""
    found = re.search(r"[\[{]", text)
    return text[found.start() :] if found and found.start() <= 8 else ""


@dataclass(frozen=True, eq=False)
class Reply:
    """What the target answers to one message; equal to every message that says it.

    JSON is compared by value: order, spaces and spelling do not matter, and further members are allowed.
    ``message`` None stands for any.
    """

    template: Template
    message: str | None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, str):
            return NotImplemented
        if self._matches_text(other) or not self.template.is_json:
            return self._matches_text(other)
        model = self.template.before + _MARK + self.template.after
        wanted_part, part = _json_part(model), _json_part(other)
        if model.removesuffix(wanted_part) != other.removesuffix(part):
            return False
        return has_members(self._filled(json_value(wanted_part)), json_value(part))

    def __hash__(self) -> int:
        return hash(self.message)

    def __call__(self, message: Message) -> bool:
        """Returns whether ``message`` is this reply."""
        return self == message

    def __len__(self) -> int:
        return len(str(self))

    def __str__(self) -> str:
        return self.template.text(self.message or "")

    def __repr__(self) -> str:
        return f"a message that says {preview(str(self))}" if self.template.is_json else repr(str(self))

    def _matches_text(self, other: str) -> bool:
        before, after = self.template.before, self.template.after
        if self.message is not None:
            return other == before + self.message + after
        fits = other.startswith(before) and other.endswith(after)
        return fits and len(other) >= len(before) + len(after)

    def _filled(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: self._filled(member) for name, member in value.items()}
        if isinstance(value, list):
            return [self._filled(member) for member in value]
        if isinstance(value, str) and _MARK in value:
            before, _, after = value.partition(_MARK)
            return _Place(before, after, self.message)
        return value


@dataclass(frozen=True, eq=False)
class _Place:
    """A string of a reply with the message in it; equal to the strings that fit."""

    before: str
    after: str
    message: str | None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, str):
            return False
        if self.message is not None:
            return other == self.before + self.message + self.after
        return other.startswith(self.before) and other.endswith(self.after)

    def __hash__(self) -> int:
        return hash(self.message)


@dataclass(frozen=True)
class Exchange:
    """One request of the target and what its reply looks like: the sign that a connection is served.

    A request ``hex:00ff`` is binary.
    """

    request: str
    reply: Pattern

    @property
    def opcode(self) -> int:
        """The type of the request's frames."""
        return BINARY if self.request.startswith("hex:") else TEXT

    @property
    def payload(self) -> bytes:
        """The request as bytes. Raises ValueError for what is no hexadecimal number."""
        if self.opcode == BINARY:
            return bytes.fromhex(self.request.removeprefix("hex:"))
        return self.request.encode()

    def padded(self, piece: bytes, size: int) -> bytes:
        """Returns the end of the request with blanks up to ``size`` bytes, where blanks mean nothing."""
        return piece.ljust(size) if isinstance(json_value(self.request), dict | list) else piece

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Exchange):
            return (self.request, self.reply) == (other.request, other.reply)
        return isinstance(other, str | bytes) and self.reply.matches(other)

    def __hash__(self) -> int:
        return hash((self.request, self.reply))

    def __call__(self, message: Message) -> bool:
        """Returns whether ``message`` is the reply."""
        return self.reply.matches(message)

    def __len__(self) -> int:
        return len(self.reply.text)

    def __repr__(self) -> str:
        return f"the reply {self.reply} to {preview(self.request)}"


class Carrying:
    """Puts the text messages of one connection into the target's requests, frame by frame.

    Frames of other kinds, compressed ones, and fragments that continue nothing stay as they are. Where a
    message continues over several sends, so does its request.
    """

    def __init__(self, carrier: Template | Exchange) -> None:
        self.carrier = carrier
        self._inside = False
        self._left = b""

    @property
    def is_binary(self) -> bool:
        """Returns whether text is replaced by a binary request."""
        return isinstance(self.carrier, Exchange) and self.carrier.opcode == BINARY

    def frames(self, frames: Sequence[Frame]) -> list[Frame]:
        """Returns the frames to send instead."""
        return [self._frame(frame, frames[number:]) for number, frame in enumerate(frames)]

    def message(self, message: bytes) -> bytes:
        """Returns the request for a whole message; what is not UTF-8 is never replaced by an exchange."""
        if isinstance(self.carrier, Template):
            return self.carrier.carry(message)
        if not _is_utf8(message):
            return message
        return self.carrier.padded(self.carrier.payload, len(message))

    def _frame(self, frame: Frame, following: Sequence[Frame]) -> Frame:
        if frame.is_control:
            return frame
        begins = frame.opcode == TEXT
        if begins:
            self._inside = isinstance(self.carrier, Template) or _is_utf8(_payload_of(following))
        if frame.opcode not in (TEXT, CONTINUATION) or frame.rsv1 or frame.rsv2 or frame.rsv3:
            self._inside = False
        if not self._inside:
            return frame
        self._inside = not frame.fin
        if isinstance(self.carrier, Template):
            return replace(frame, payload=self._piece_of_template(self.carrier, frame, begins))
        opcode = self.carrier.opcode if begins else frame.opcode
        return replace(frame, opcode=opcode, payload=self._piece_of_exchange(self.carrier, frame, begins))

    def _piece_of_template(self, template: Template, frame: Frame, begins: bool) -> bytes:
        before = template.before.encode() if begins else b""
        after = template.after.encode() if frame.fin else b""
        return before + template.escape(frame.payload) + after

    def _piece_of_exchange(self, exchange: Exchange, frame: Frame, begins: bool) -> bytes:
        if begins:
            self._left = exchange.payload
        size = len(frame.payload)
        piece, self._left = (self._left, b"") if frame.fin else (self._left[:size], self._left[size:])
        return exchange.padded(piece, size) if not self._left else piece


def _payload_of(frames: Sequence[Frame]) -> bytes:
    """Returns the data of the message that begins with the first of ``frames``, as far as it is there."""
    parts: list[bytes] = []
    for frame in frames:
        if frame.is_control:
            continue
        if parts and frame.opcode != CONTINUATION:
            break
        parts.append(frame.payload)
        if frame.fin:
            break
    return b"".join(parts)


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
