"""Frames of RFC 6455 §5.2 as pure functions: write any frame, legal or not, and read one strictly."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Literal, NamedTuple


class Opcode(IntEnum):
    """Opcodes that RFC 6455 §5.2 defines; every other number up to 15 is reserved."""

    CONTINUATION = 0
    TEXT = 1
    BINARY = 2
    CLOSE = 8
    PING = 9
    PONG = 10


CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = Opcode

RESERVED_DATA_OPCODES = (3, 4, 5, 6, 7)
RESERVED_CONTROL_OPCODES = (11, 12, 13, 14, 15)

LengthBits = Literal[7, 16, 64]

MAX_CONTROL_PAYLOAD = 125
"""Bytes of a control frame's payload (RFC 6455 §5.5)."""

LONGEST_HEADER = 14
"""Bytes of a masked frame's header with a length in 64 bits."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame, with every header bit free to choose (RFC 6455 §5.2).

    ``payload`` is what stands on the wire after unmasking: compressed data when ``rsv1`` says so.
    """

    opcode: int
    payload: bytes = b""
    fin: bool = True
    rsv1: bool = False
    rsv2: bool = False
    rsv3: bool = False

    def encode(
        self,
        *,
        masked: bool = True,
        mask_key: bytes | None = None,
        length: int | None = None,
        length_bits: LengthBits | None = None,
    ) -> bytes:
        """Returns the frame as bytes.

        ``mask_key`` (4 bytes) is random unless given; ``length`` announces another length than the
        payload has; ``length_bits`` writes the length in an encoding that may not be the shortest.
        """
        announced = len(self.payload) if length is None else length
        first = self.fin << 7 | self.rsv1 << 6 | self.rsv2 << 5 | self.rsv3 << 4 | self.opcode
        head = bytes([first]) + encode_length(announced, length_bits, masked)
        if not masked:
            return head + self.payload
        key = os.urandom(4) if mask_key is None else mask_key
        return head + key + mask(self.payload, key)

    @property
    def is_control(self) -> bool:
        """Control frames have an opcode whose top bit is set (RFC 6455 §5.5)."""
        return self.opcode >= 8


class Header(NamedTuple):
    """A frame's header as it stood on the wire (RFC 6455 §5.2).

    ``first`` and ``second`` are its first two bytes; ``length`` is the payload's and ``size`` the header's,
    in bytes; ``mask_key`` is empty when the frame is not masked.
    """

    first: int
    second: int
    mask_key: bytes
    length: int
    length_bits: LengthBits
    size: int

    @property
    def opcode(self) -> int:
        """The frame's type, see `Opcode`."""
        return self.first & 0x0F

    @property
    def fin(self) -> bool:
        """Whether the frame is the last of its message."""
        return bool(self.first & 0x80)

    @property
    def rsv1(self) -> bool:
        """The first reserved bit; marks a compressed message (RFC 7692 §6)."""
        return bool(self.first & 0x40)

    @property
    def rsv2(self) -> bool:
        """The second reserved bit."""
        return bool(self.first & 0x20)

    @property
    def rsv3(self) -> bool:
        """The third reserved bit."""
        return bool(self.first & 0x10)

    @property
    def masked(self) -> bool:
        """Whether the payload is masked (RFC 6455 §5.3)."""
        return bool(self.second & 0x80)

    @property
    def is_control(self) -> bool:
        """Whether the frame is a control frame (RFC 6455 §5.5)."""
        return bool(self.first & 0x08)

    @property
    def is_minimal(self) -> bool:
        """Whether the length is written in the fewest bytes, as RFC 6455 §5.2 demands of a sender."""
        return self.length_bits == minimal_length_bits(self.length)

    @property
    def total(self) -> int:
        """Bytes of the whole frame on the wire."""
        return self.size + self.length


def text(data: str | bytes, *, fin: bool = True) -> Frame:
    """Returns a text frame; bytes are taken as they are, so that they need not be UTF-8."""
    return Frame(TEXT, data.encode() if isinstance(data, str) else data, fin)


def binary(data: bytes, *, fin: bool = True) -> Frame:
    """Returns a binary frame."""
    return Frame(BINARY, data, fin)


def continuation(data: str | bytes, *, fin: bool = True) -> Frame:
    """Returns a continuation frame (RFC 6455 §5.4)."""
    return Frame(CONTINUATION, data.encode() if isinstance(data, str) else data, fin)


def ping(data: bytes = b"") -> Frame:
    """Returns a Ping frame (RFC 6455 §5.5.2)."""
    return Frame(PING, data)


def pong(data: bytes = b"") -> Frame:
    """Returns a Pong frame (RFC 6455 §5.5.3)."""
    return Frame(PONG, data)


def close(code: int | None = 1000, reason: str | bytes = b"") -> Frame:
    """Returns a Close frame (RFC 6455 §5.5.1); without a code its body is empty."""
    if code is None:
        return Frame(CLOSE)
    return Frame(CLOSE, struct.pack("!H", code) + (reason.encode() if isinstance(reason, str) else reason))


def minimal_length_bits(length: int) -> LengthBits:
    """Returns the shortest encoding of a payload length (RFC 6455 §5.2)."""
    if length < 126:
        return 7
    return 16 if length < 1 << 16 else 64


def mask(data: bytes, key: bytes, offset: int = 0) -> bytes:
    """Masks or unmasks (RFC 6455 §5.3); ``data`` begins ``offset`` bytes into the payload."""
    size = len(data)
    turn = offset % 4
    # One XOR of two big integers is the fastest way that plain Python has.
    repeated = ((key[turn:] + key[:turn]) * (size // 4 + 1))[:size]
    return (int.from_bytes(data, "big") ^ int.from_bytes(repeated, "big")).to_bytes(size, "big")


def parse_header(buffer: bytes | bytearray | memoryview, start: int = 0) -> Header | None:
    """Reads a frame header at ``start``; returns None while it is incomplete. Judges nothing."""
    available = len(buffer) - start
    if available < 2:
        return None
    first, second = buffer[start], buffer[start + 1]
    length = second & 0x7F
    bits: LengthBits = 7
    size = 2
    if length >= 126:
        bits, size = (16, 4) if length == 126 else (64, 10)
        if available < size:
            return None
        length = int.from_bytes(buffer[start + 2 : start + size], "big")
    key = b""
    if second & 0x80:
        if available < size + 4:
            return None
        key = bytes(buffer[start + size : start + size + 4])
        size += 4
    return Header(first, second, key, length, bits, size)


class FrameParser:
    """Splits a stream of bytes into frames, in whatever pieces it comes. Takes any bytes, never raises.

    ``header`` is of the frame that began last, ``missing`` the bytes of its payload that have not come.
    """

    __slots__ = ("_partial", "header", "missing")

    def __init__(self) -> None:
        self.header: Header | None = None
        self.missing = 0
        self._partial = b""

    @property
    def partial_header(self) -> bytes:
        """The bytes of a header that is not complete."""
        return self._partial

    @property
    def is_inside(self) -> bool:
        """Whether a frame has begun that is not complete."""
        return bool(self._partial or self.missing)

    def feed(self, data: bytes) -> Iterator[tuple[Header, bytes, bool]]:
        """Yields each frame's header, every piece of its payload, still masked, and whether it is the last.

        The piece is empty where a payload is, and where none of it has come with its header.
        """
        at, end = 0, len(data)
        while at < end:
            if not self.missing:
                carried = self._partial
                window, start = (carried + data[at : at + LONGEST_HEADER], 0) if carried else (data, at)
                header = parse_header(window, start)
                if header is None:
                    self._partial = window[start:]
                    return
                self._partial = b""
                self.header, self.missing = header, header.length
                at += header.size - len(carried)
                if not header.length or at == end:
                    yield header, b"", not header.length
                    continue
            assert self.header is not None
            piece = data[at : at + self.missing]
            at += len(piece)
            self.missing -= len(piece)
            yield self.header, piece, not self.missing


def opcode_name(opcode: int) -> str:
    """Returns ``TEXT``, ``PING`` …; a reserved opcode by its number."""
    try:
        return Opcode(opcode).name
    except ValueError:
        return f"opcode {opcode:#x}"


def encode_length(length: int, bits: LengthBits | None, masked: bool) -> bytes:
    """Returns a header without its first byte and mask key; ``bits`` None writes the fewest bytes."""
    flag = 0x80 if masked else 0
    chosen = minimal_length_bits(length) if bits is None else bits
    if chosen == 7:
        return bytes([flag | length])
    if chosen == 16:
        return struct.pack("!BH", flag | 126, length)
    return struct.pack("!BQ", flag | 127, length)
