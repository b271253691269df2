"""Payloads of any size whose every part tells its place, so that nothing is swapped or repeated unseen."""

from __future__ import annotations


def text_of(size: int) -> str:
    """``size`` ASCII characters that count themselves: ``0000000.0000008.…``."""
    return "".join(f"{place:07d}." for place in range(0, size, 8))[:size]


def bytes_of(size: int) -> bytes:
    """``size`` bytes, no eight of which stand at another place as well; few of them are UTF-8."""
    return b"".join(b"\xfe" + place.to_bytes(7, "big") for place in range(0, size, 8))[:size]
