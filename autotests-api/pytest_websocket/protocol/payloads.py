"""Payloads in which every part differs from the others, so that swapped or repeated parts are noticed."""

from __future__ import annotations


def text_of(size: int) -> str:
    """Returns ``size`` ASCII characters, the offset every eight: ``0000000.0000008.…``."""
    return "".join(f"{place:07d}." for place in range(0, size, 8))[:size]


def bytes_of(size: int) -> bytes:
    """Returns ``size`` bytes, in which no sequence of eight repeats; few of them are UTF-8."""
    return b"".join(b"\xfe" + place.to_bytes(7, "big") for place in range(0, size, 8))[:size]
