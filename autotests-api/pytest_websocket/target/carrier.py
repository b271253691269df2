"""Carriers: how a message of the suite stands inside a request of the target, and how it comes back."""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pytest_websocket.protocol.frames import BINARY, CONTINUATION, TEXT, Frame
from pytest_websocket.target.patterns import Pattern, json_value
from pytest_websocket.target.templates import AnyTemplate, Template
from pytest_websocket.target.written import is_binary, message_of
from pytest_websocket.text import Message, preview


@dataclass(frozen=True)
class Exchange:
    """One request of the target and what its reply looks like: the sign that a connection is served.

    A request ``hex:00ff`` or ``msgpack:{…}`` is binary.
    """

    request: str
    reply: Pattern

    @property
    def opcode(self) -> int:
        """The type of the request's frames."""
        return BINARY if is_binary(self.request) else TEXT

    @property
    def payload(self) -> bytes:
        """The request as bytes. Raises ValueError where it is written wrongly."""
        message = message_of(self.request)
        return message.encode() if isinstance(message, str) else message

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


class CannotCarry(ValueError):
    """Raised where a message of the suite cannot stand in the target's requests, with the reason."""


class Carrying:
    """Puts the text messages of one connection into the target's requests, frame by frame.

    Frames of other kinds, compressed ones, and fragments that continue nothing stay as they are. Where a
    message continues over several sends, so does its request. Of one that begins with its length, fragments
    are empty until the last of them is known.
    """

    def __init__(self, carrier: AnyTemplate | Exchange) -> None:
        self.carrier = carrier
        self._inside = False
        self._unsent = b""
        self._is_whole = False

    @property
    def is_binary(self) -> bool:
        """Returns whether text is replaced by a binary request."""
        return self.carrier.opcode == BINARY

    def frames(self, frames: Sequence[Frame]) -> list[Frame]:
        """Returns the frames to send instead. Raises CannotCarry."""
        return [self._frame(frame, frames[number:]) for number, frame in enumerate(frames)]

    def message(self, message: bytes) -> bytes:
        """Returns the request for a whole message; only a template of text takes what is not UTF-8."""
        if isinstance(self.carrier, Template):
            return self.carrier.carry(message)
        if not _is_utf8(message):
            return message
        if isinstance(self.carrier, Exchange):
            return self.carrier.padded(self.carrier.payload, len(message))
        return self.carrier.carry(message)

    def _frame(self, frame: Frame, following: Sequence[Frame]) -> Frame:
        if frame.is_control:
            return frame
        begins = frame.opcode == TEXT
        if begins:
            self._begin(following)
        if frame.opcode not in (TEXT, CONTINUATION) or frame.rsv1 or frame.rsv2 or frame.rsv3:
            self._inside = False
        if not self._inside:
            return frame
        self._inside = not frame.fin
        if isinstance(self.carrier, Template):
            return replace(frame, payload=self._piece_of_template(self.carrier, frame, begins))
        opcode = self.carrier.opcode if begins else frame.opcode
        if isinstance(self.carrier, Exchange):
            piece = self._piece_of_exchange(self.carrier, frame, begins)
        else:
            piece = self._piece_with_length(self.carrier, frame)
        return replace(frame, opcode=opcode, payload=piece)

    def _begin(self, following: Sequence[Frame]) -> None:
        data, is_whole = _payload_of(following)
        if isinstance(self.carrier, Template):
            self._inside = True
        elif isinstance(self.carrier, Exchange):
            self._inside = _is_utf8(data)
        else:
            self._inside = _is_utf8(data, is_whole=is_whole)
            self._is_whole = is_whole
            self._unsent = self.carrier.carry(data) if self._inside and is_whole else b""

    def _piece_of_template(self, template: Template, frame: Frame, begins: bool) -> bytes:
        before = template.before.encode() if begins else b""
        after = template.after.encode() if frame.fin else b""
        return before + template.escape(frame.payload) + after

    def _piece_of_exchange(self, exchange: Exchange, frame: Frame, begins: bool) -> bytes:
        if begins:
            self._unsent = exchange.payload
        piece = self._next_piece(frame)
        return exchange.padded(piece, len(frame.payload)) if not self._unsent else piece

    def _piece_with_length(self, template: AnyTemplate, frame: Frame) -> bytes:
        if not self._is_whole:
            self._unsent += frame.payload
            if not _is_utf8(self._unsent, is_whole=frame.fin):
                raise CannotCarry("the text is none, and the target wants it in a binary message")
            if not frame.fin:
                return b""
            self._unsent = template.carry(self._unsent)
        return self._next_piece(frame)

    def _next_piece(self, frame: Frame) -> bytes:
        """Returns as much of the request as the frame has payload; all that is left in the last one."""
        size = len(self._unsent) if frame.fin else len(frame.payload)
        piece, self._unsent = self._unsent[:size], self._unsent[size:]
        return piece


def _payload_of(following: Sequence[Frame]) -> tuple[bytes, bool]:
    """Returns the data of the message that begins with the first frame, and whether its end is there."""
    parts: list[bytes] = []
    for frame in following:
        if frame.is_control:
            continue
        if parts and frame.opcode != CONTINUATION:
            break
        parts.append(frame.payload)
        if frame.fin:
            return b"".join(parts), True
    return b"".join(parts), False


def _is_utf8(data: bytes, *, is_whole: bool = True) -> bool:
    """Returns whether data is UTF-8; where it is not whole, its last character need not be."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(data, final=is_whole)
    except UnicodeDecodeError:
        return False
    return True
