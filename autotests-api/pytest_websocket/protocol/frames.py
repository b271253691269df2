"""Frames of RFC 6455 §5.2 as pure functions: write any frame, legal or not, and read one strictly."""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Literal


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
        """The frame as bytes.

        ``mask_key`` (4 bytes) is random unless given; ``length`` announces another length than the
        payload has; ``length_bits`` writes the length in an encoding that may not be the shortest.
        """
        announced = len(self.payload) if length is None else length
        first = self.fin << 7 | self.rsv1 << 6 | self.rsv2 << 5 | self.rsv3 << 4 | self.opcode
        head = bytes([first]) + _encode_length(announced, length_bits, masked)
        if not masked:
            return head + self.payload
        key = os.urandom(4) if mask_key is None else mask_key
        return head + key + mask(self.payload, key)

    @property
    def is_control(self) -> bool:
        """Control frames have an opcode whose top bit is set (RFC 6455 §5.5)."""
        return self.opcode >= 8


@dataclass(frozen=True, slots=True)
class Header:
    """A frame's header as it stood on the wire."""

    opcode: int
    fin: bool
    rsv1: bool
    rsv2: bool
    rsv3: bool
    masked: bool
    mask_key: bytes
    length: int
    length_bits: LengthBits
    size: int

    @property
    def is_minimal(self) -> bool:
        """Whether the length is written in the fewest bytes, as RFC 6455 §5.2 demands of a sender."""
        return self.length_bits == minimal_length_bits(self.length)

    @property
    def total(self) -> int:
        """Bytes of the whole frame on the wire."""
        return self.size + self.length


def text(data: str | bytes, *, fin: bool = True) -> Frame:
    """A text frame; bytes are taken as they are, so that they need not be UTF-8."""
    return Frame(TEXT, data.encode() if isinstance(data, str) else data, fin)


def binary(data: bytes, *, fin: bool = True) -> Frame:
    """A binary frame."""
    return Frame(BINARY, data, fin)


def continuation(data: str | bytes, *, fin: bool = True) -> Frame:
    """A continuation frame (RFC 6455 §5.4)."""
    return Frame(CONTINUATION, data.encode() if isinstance(data, str) else data, fin)


def ping(data: bytes = b"") -> Frame:
    """A Ping frame (RFC 6455 §5.5.2)."""
    return Frame(PING, data)


def pong(data: bytes = b"") -> Frame:
    """A Pong frame (RFC 6455 §5.5.3)."""
    return Frame(PONG, data)


def close(code: int | None = 1000, reason: str | bytes = b"") -> Frame:
    """A Close frame (RFC 6455 §5.5.1); without a code its body is empty."""
    if code is None:
        return Frame(CLOSE)
    return Frame(CLOSE, struct.pack("!H", code) + (reason.encode() if isinstance(reason, str) else reason))


def minimal_length_bits(length: int) -> LengthBits:
    """The shortest encoding of a payload length (RFC 6455 §5.2)."""
    if length < 126:
        return 7
    return 16 if length < 1 << 16 else 64


def mask(data: bytes, key: bytes) -> bytes:
    """Mask or unmask (RFC 6455 §5.3); the operation is its own inverse."""
    if not data:
        return b""
    # One XOR of two big integers is the fastest way that plain Python has.
    size = len(data)
    repeated = (key * (size // 4 + 1))[:size]
    return (int.from_bytes(data, "big") ^ int.from_bytes(repeated, "big")).to_bytes(size, "big")


def parse_header(buffer: bytes | bytearray | memoryview) -> Header | None:
    """Read a frame header from the start of ``buffer``; None while it is incomplete. Judges nothing."""
    if len(buffer) < 2:
        return None
    first, second = buffer[0], buffer[1]
    masked = bool(second & 0x80)
    length = second & 0x7F
    bits: LengthBits = 7
    size = 2
    if length >= 126:
        bits, size = (16, 4) if length == 126 else (64, 10)
        if len(buffer) < size:
            return None
        length = int.from_bytes(buffer[2:size], "big")
    key = b""
    if masked:
        if len(buffer) < size + 4:
            return None
        key = bytes(buffer[size : size + 4])
        size += 4
    return Header(
        opcode=first & 0x0F,
        fin=bool(first & 0x80),
        rsv1=bool(first & 0x40),
        rsv2=bool(first & 0x20),
        rsv3=bool(first & 0x10),
        masked=masked,
        mask_key=key,
        length=length,
        length_bits=bits,
        size=size,
    )


class Progress:
    """Where the bytes that were written so far end: between two frames, or inside one (RFC 6455 §5.2)."""

    def __init__(self) -> None:
        self._header = b""
        self._missing = 0

    @property
    def is_inside(self) -> bool:
        """Whether a frame has been begun that is not complete."""
        return bool(self._header or self._missing)

    def feed(self, data: bytes) -> None:
        """Go on by what was written."""
        at = 0
        while at < len(data):
            if self._missing:
                passed = min(self._missing, len(data) - at)
                self._missing -= passed
                at += passed
                continue
            begun = self._header + data[at : at + LONGEST_HEADER]
            header = parse_header(begun)
            if header is None:
                self._header = begun
                return
            at += header.size - len(self._header)
            self._header, self._missing = b"", header.length


def opcode_name(opcode: int) -> str:
    """``TEXT``, ``PING`` …; a reserved opcode by its number."""
    try:
        return Opcode(opcode).name
    except ValueError:
        return f"opcode {opcode:#x}"


def _encode_length(length: int, bits: LengthBits | None, masked: bool) -> bytes:
    flag = 0x80 if masked else 0
    chosen = minimal_length_bits(length) if bits is None else bits
    if chosen == 7:
        return bytes([flag | length])
    if chosen == 16:
        return struct.pack("!BH", flag | 126, length)
    return struct.pack("!BQ", flag | 127, length)
