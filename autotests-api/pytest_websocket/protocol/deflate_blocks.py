"""DEFLATE blocks written by hand (RFC 1951 §3.2): exact distances, and what no compressor would write."""

from __future__ import annotations

import struct
from collections.abc import Iterable

STORED, FIXED, DYNAMIC, RESERVED = range(4)

END_OF_BLOCK = 256

Symbol = int | tuple[int, int]
"""A byte or a code up to 287 as a number, a back-reference as (length, distance), both in bytes."""

_LENGTHS = (
    *((1, 0) for _ in range(8)),
    *((1 << extra, extra) for extra in range(1, 6) for _ in range(4)),
)
_DISTANCES = (
    *((1, 0) for _ in range(4)),
    *((1 << extra, extra) for extra in range(1, 14) for _ in range(2)),
)


class Blocks:
    """Writes DEFLATE data bit by bit; every method returns the object, so that calls can be chained."""

    def __init__(self) -> None:
        self._out = bytearray()
        self._pending = 0
        self._count = 0

    def bits(self, value: int, count: int) -> Blocks:
        """Returns ``count`` bits of ``value``, the lowest first (RFC 1951 §3.1.1)."""
        self._pending |= (value & ((1 << count) - 1)) << self._count
        self._count += count
        while self._count >= 8:
            self._out.append(self._pending & 0xFF)
            self._pending >>= 8
            self._count -= 8
        return self

    def header(self, kind: int, *, final: bool = False) -> Blocks:
        """Returns a block's BFINAL and BTYPE."""
        return self.bits(final, 1).bits(kind, 2)

    def align(self) -> Blocks:
        """Returns zero bits up to the next byte."""
        return self.bits(0, -self._count % 8)

    def stored(self, data: bytes, *, final: bool = False, complement: int | None = None) -> Blocks:
        """Returns a block without compression; ``complement`` replaces the ones' complement of its length."""
        self.header(STORED, final=final).align()
        inverse = len(data) ^ 0xFFFF if complement is None else complement
        self._out += struct.pack("<HH", len(data), inverse) + data
        return self

    def fixed(self, *symbols: Symbol | bytes, final: bool = False, ended: bool = True) -> Blocks:
        """Returns a block with the fixed codes; ``ended=False`` leaves out the end-of-block code."""
        self.header(FIXED, final=final)
        for symbol in _flat(symbols):
            if isinstance(symbol, int):
                self._code(symbol)
            else:
                self._reference(*symbol)
        return self._code(END_OF_BLOCK) if ended else self

    def distance_code(self, code: int, *, length: int = 3) -> Blocks:
        """Returns a back-reference whose distance code may be one that does not exist (30 and 31)."""
        self._length(length)
        return self._reversed(code, 5)

    def encode(self) -> bytes:
        """Returns the data so far, padded to a byte."""
        return bytes(self.align()._out)

    def message(self) -> bytes:
        """Returns the data as a message on the wire; the header of the cut-off empty block ends it."""
        return bytes(self.header(STORED).align()._out)

    def _code(self, symbol: int) -> Blocks:
        if symbol < 144:
            return self._reversed(0x30 + symbol, 8)
        if symbol < 256:
            return self._reversed(0x190 + symbol - 144, 9)
        if symbol < 280:
            return self._reversed(symbol - 256, 7)
        return self._reversed(0xC0 + symbol - 280, 8)

    def _reference(self, length: int, distance: int) -> None:
        self._length(length)
        code, base = _find(distance, _DISTANCES, 1)
        self._reversed(code, 5).bits(distance - base, _DISTANCES[code][1])

    def _length(self, length: int) -> None:
        if length == 258:
            self._code(285)
            return
        code, base = _find(length, _LENGTHS, 3)
        self._code(257 + code).bits(length - base, _LENGTHS[code][1])

    def _reversed(self, code: int, width: int) -> Blocks:
        """Returns a Huffman code, which alone is written from its highest bit on."""
        return self.bits(int(f"{code:0{width}b}"[::-1], 2), width)


def _flat(symbols: Iterable[Symbol | bytes]) -> Iterable[Symbol]:
    for symbol in symbols:
        if isinstance(symbol, bytes):
            yield from symbol
        else:
            yield symbol


def _find(value: int, table: tuple[tuple[int, int], ...], base: int) -> tuple[int, int]:
    """Returns the code whose range of values holds ``value``, and where that range begins."""
    for code, (span, _) in enumerate(table):
        if value < base + span:
            return code, base
        base += span
    raise ValueError(f"DEFLATE has no code for {value}")
