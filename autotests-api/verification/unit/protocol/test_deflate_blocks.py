"""Blocks written by hand are what RFC 1951 says, bit by bit, and zlib reads them as they were meant."""

from __future__ import annotations

import zlib
from typing import Any

import pytest

from pytest_websocket.protocol.deflate_blocks import DYNAMIC, Blocks

EDGES = (3, *(1 << bits for bits in range(2, 15)), *(3 << bits for bits in range(1, 14)))
"""Distances behind which the next code begins (RFC 1951 §3.2.5)."""


def inflated(blocks: Blocks) -> bytes:
    stream = zlib.decompressobj(-15)
    return stream.decompress(blocks.encode()) + stream.flush()


def test_bits_are_written_the_lowest_first_and_no_more_of_them_than_were_asked_for() -> None:
    assert Blocks().bits(0b1, 1).bits(0b10, 2).bits(0b11111, 5).encode() == b"\xfd"
    assert Blocks().bits(0xFFFF, 3).encode() == b"\x07"
    assert Blocks().bits(0x1234, 16).bits(1, 1).encode() == b"\x34\x12\x01"


def test_header_is_the_final_bit_and_two_bits_of_type() -> None:
    assert Blocks().header(DYNAMIC).encode() == b"\x04"
    assert Blocks().header(DYNAMIC, final=True).encode() == b"\x05"


def test_stored_block_carries_its_length_and_the_complement_of_it() -> None:
    assert Blocks().stored(b"Hi").encode() == b"\x00\x02\x00\xfd\xffHi"
    assert Blocks().stored(b"Hi", final=True).encode() == b"\x01\x02\x00\xfd\xffHi"
    assert Blocks().stored(b"Hi", complement=1).encode() == b"\x00\x02\x00\x01\x00Hi"


def test_message_ends_in_the_header_of_an_empty_block_at_the_end_of_a_byte() -> None:
    assert Blocks().message() == b"\x00"
    assert Blocks().stored(b"Hi").message() == b"\x00\x02\x00\xfd\xffHi\x00"


def test_every_byte_has_its_fixed_code() -> None:
    every = bytes(range(256))
    assert inflated(Blocks().fixed(every, final=True)) == every
    assert inflated(Blocks().fixed(*every, final=True)) == every


def test_block_without_its_end_is_never_finished() -> None:
    stream = zlib.decompressobj(-15)
    assert stream.decompress(Blocks().fixed(b"Hello", final=True, ended=False).encode()) == b"Hello"
    assert not stream.eof


def test_every_length_of_a_reference_has_its_code() -> None:
    for length in range(3, 259):
        assert inflated(Blocks().fixed(b"a", (length, 1), final=True)) == b"a" * (1 + length)


def test_distances_on_both_sides_of_every_edge_have_their_codes() -> None:
    start = b"".join(number.to_bytes(2, "big") for number in range(16_384))
    for distance in (
        *range(3, 34),
        *(edge + side for edge in (1 << n for n in range(6, 15)) for side in (0, 1)),
    ):
        whole = inflated(Blocks().stored(start).fixed((3, distance), final=True))
        assert whole == start + start[-distance:][:3]


@pytest.mark.parametrize(("length", "distance"), [(259, 1), (3, 32_769)])
def test_reference_that_deflate_has_no_code_for_is_refused(length: int, distance: int) -> None:
    with pytest.raises(ValueError, match=f"DEFLATE has no code for {max(length, distance)}"):
        Blocks().fixed((length, distance))


@pytest.mark.parametrize("code", [30, 31])
def test_distance_code_that_does_not_exist_can_be_written(code: int) -> None:
    for length in (3, 258):
        with pytest.raises(zlib.error, match="invalid distance code"):
            inflated(Blocks().fixed(b"abc", ended=False).distance_code(code, length=length))


def test_distance_code_stands_behind_a_length_of_three_unless_another_is_given() -> None:
    written = Blocks().header(1).distance_code(0).encode()
    assert written == Blocks().header(1).distance_code(0, length=3).encode()
    assert written != Blocks().header(1).distance_code(0, length=4).encode()


@pytest.mark.parametrize("symbol", [286, 287])
def test_code_that_means_nothing_can_be_written(symbol: Any) -> None:
    with pytest.raises(zlib.error, match="invalid literal/length code"):
        inflated(Blocks().fixed(symbol, final=True))
