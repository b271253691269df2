"""The compressor writes what a case asks for, and the inflater checks all that it reads."""

from __future__ import annotations

import random
import tracemalloc
import zlib
from typing import Any

import pytest

from pytest_websocket.protocol.deflate import (
    MAX_FINAL_BLOCKS,
    TAIL,
    Deflater,
    Inflater,
    TooLarge,
    deflater_for,
    inflater_for,
)
from pytest_websocket.protocol.deflate_blocks import DYNAMIC, FIXED, RESERVED, STORED, Blocks
from pytest_websocket.protocol.extensions import Agreement

NOISE = random.Random(1).randbytes(40_000)

MESSAGES = {
    "empty": b"",
    "short": b"Hello",
    "run": b"a" * 70_000,
    "noise": NOISE[:5000],
    "noise twice": NOISE[:1000] * 2,
}
FLUSHES = {"sync": zlib.Z_SYNC_FLUSH, "full": zlib.Z_FULL_FLUSH, "final": zlib.Z_FINISH}


@pytest.mark.parametrize("bits", range(8, 16))
@pytest.mark.parametrize("flush", FLUSHES.values(), ids=FLUSHES.keys())
@pytest.mark.parametrize("takeover", [True, False], ids=["takeover", "no takeover"])
def test_inflater_gives_back_what_the_deflater_was_given(bits: int, flush: Any, takeover: bool) -> None:
    deflater, inflater = Deflater(bits, takeover=takeover), Inflater(bits, takeover=takeover)
    for message in (*MESSAGES.values(), b"", MESSAGES["noise"], MESSAGES["short"]):
        assert inflater(deflater.deflate(message, flush=flush)) == message


@pytest.mark.parametrize("message", MESSAGES.values(), ids=MESSAGES.keys())
@pytest.mark.parametrize("flush", FLUSHES.values(), ids=FLUSHES.keys())
def test_deflater_cuts_exactly_the_tail_off(message: Any, flush: Any) -> None:
    stream = zlib.decompressobj(-15)
    rest, out = Deflater().deflate(message, flush=flush) + TAIL, b""
    while rest:
        out += stream.decompress(rest)
        rest, stream = stream.unused_data, zlib.decompressobj(-15) if stream.eof else stream
    assert out == message


def test_empty_message_is_one_zero_byte() -> None:
    deflater = Deflater()
    assert [deflater.deflate(b""), deflater.deflate(b"")] == [b"\x00", b"\x00"]


def test_deflater_is_as_it_was_asked_for_and_else_as_zlib_is() -> None:
    assert [Deflater(bits).strategy for bits in (8, 9)] == [zlib.Z_RLE, zlib.Z_DEFAULT_STRATEGY]
    assert (Deflater().level, Deflater().bits, Deflater().takeover) == (6, 15, True)
    assert Deflater().deflate(b"x", flush=zlib.Z_FINISH)[0] & 1
    assert not Deflater().deflate(b"x")[0] & 1


@pytest.mark.parametrize(
    ("settings", "kind"),
    [({}, DYNAMIC), ({"strategy": zlib.Z_FIXED}, FIXED), ({"level": 0}, STORED)],
    ids=["zlib's choice", "fixed", "stored"],
)
def test_deflater_writes_the_blocks_that_it_was_asked_for(settings: Any, kind: Any) -> None:
    assert Deflater(**settings).deflate(NOISE[:1000].hex().encode())[0] >> 1 & 3 == kind


@pytest.mark.parametrize("bits", range(8, 15))
def test_deflater_refers_no_farther_than_its_window(bits: int) -> None:
    message = NOISE[: (1 << bits) + 88] * 2
    assert Inflater(bits)(Deflater(bits).deflate(message)) == message


def test_blocks_of_a_message_inflate_to_all_of_it() -> None:
    for flush in FLUSHES.values():
        data = Deflater().deflate_blocks([b"one ", b"", b"two ", b"three"], flush=flush)
        assert Inflater()(data) == b"one two three"


def test_deflater_with_takeover_refers_to_earlier_messages_and_without_does_not() -> None:
    keeping, forgetting = Deflater(), Deflater(takeover=False)
    assert len(keeping.deflate(NOISE)) > 10 * len(keeping.deflate(NOISE[-30_000:]))
    assert len(forgetting.deflate(NOISE)) < 1.5 * len(forgetting.deflate(NOISE[-30_000:]))


@pytest.mark.parametrize("bits", range(8, 16))
def test_inflater_takes_a_reference_across_the_whole_window(bits: int) -> None:
    size = 1 << bits
    start = NOISE[:size]
    data = Blocks().stored(start).fixed((258, size)).message()
    assert Inflater(bits)(data) == start + (start * 2)[:258]


@pytest.mark.parametrize("bits", range(8, 15))
@pytest.mark.parametrize("beyond", [1, 2, 100])
def test_inflater_refuses_a_reference_beyond_the_window(bits: int, beyond: Any) -> None:
    distance = (1 << bits) + beyond
    data = Blocks().stored(NOISE[:distance]).fixed((3, distance)).message()
    with pytest.raises(ValueError, match=f"agreed window: {1 << bits} bytes"):
        Inflater(bits)(data)


@pytest.mark.parametrize("bits", range(8, 15))
def test_inflater_refuses_a_reference_beyond_the_window_into_an_earlier_message(bits: int) -> None:
    inflater = Inflater(bits)
    size = 1 << bits
    inflater(Blocks().stored(NOISE[:size]).message())
    inflater(Blocks().stored(b"x").message())
    with pytest.raises(ValueError, match="distance too far back"):
        inflater(Blocks().fixed((3, size + 1)).message())


def test_inflater_is_exact_where_an_odd_number_of_bytes_stands_before_the_reference() -> None:
    data = Blocks().stored(NOISE[:258]).fixed((3, 257)).message()
    with pytest.raises(ValueError, match="distance too far back"):
        Inflater(8)(data)


class Asked:
    """A stream of zlib's that remembers how much it was asked for at a time."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream
        self.sizes: list[int] = []

    def __getattr__(self, name: Any) -> Any:
        return getattr(self.stream, name)

    def decompress(self, data: bytes, size: int = 0) -> Any:
        self.sizes.append(size)
        return self.stream.decompress(data, size)


def test_inflater_draws_the_first_20_kib_byte_by_byte_and_the_rest_in_steps_of_32() -> None:
    inflater = Inflater(9)
    asked: Any = Asked(inflater._stream)
    inflater._stream = asked
    exact, later = 20 << 10, 100 * 32
    data = Deflater(9).deflate(bytes(exact + later))
    assert len(data + TAIL) <= 64
    assert inflater(data) == bytes(exact + later)
    assert asked.sizes[:exact] == [1] * exact
    assert set(asked.sizes[exact:]) == {32}
    assert 100 <= len(asked.sizes[exact:]) <= 102


def test_slice_is_drawn_until_nothing_more_comes_of_it() -> None:
    data = Blocks().fixed(b"a", (258, 1), ended=False).encode()
    assert b"".join(Inflater(9).inflate(data, last=False)) == b"a" * 259


@pytest.mark.parametrize("bits", [9, 15])
@pytest.mark.parametrize("size", [1, 3, 1000])
def test_message_is_inflated_in_whatever_pieces_it_comes(bits: int, size: int) -> None:
    inflater, deflater = Inflater(bits), Deflater(bits)
    for message in (NOISE[:3000], b"", bytes(3000)):
        data = deflater.deflate(message)
        pieces = [data[at : at + size] for at in range(0, len(data), size)]
        blocks = [
            block
            for number, piece in enumerate(pieces, 1)
            for block in inflater.inflate(piece, last=number == len(pieces))
        ]
        assert b"".join(blocks) == message


def test_large_message_is_inflated_in_blocks() -> None:
    blocks = list(Inflater().inflate(Deflater().deflate(bytes(1 << 20)), last=True))
    assert {len(block) for block in blocks} == {64 << 10}


@pytest.mark.parametrize("bits", [8, 9, 12])
def test_inflater_still_refuses_a_window_of_twice_the_size_late_in_a_connection(bits: int) -> None:
    inflater = Inflater(bits)
    for _ in range(4):
        inflater(Blocks().stored(NOISE).message())
    distance = 1 << (bits + 1)
    with pytest.raises(ValueError, match="distance too far back"):
        inflater(Blocks().stored(NOISE[:distance]).fixed((258, distance)).message())


def test_inflater_without_takeover_refuses_a_reference_to_an_earlier_message() -> None:
    deflater, inflater = Deflater(), Inflater(takeover=False)
    inflater(deflater.deflate(b"the same words"))
    with pytest.raises(ValueError, match="beginning with every message"):
        inflater(deflater.deflate(b"the same words"))


@pytest.mark.parametrize(
    ("takeover", "words"),
    [
        (True, "invalid distance too far back (agreed window: 512 bytes)"),
        (False, "invalid distance too far back (agreed window: 512 bytes, beginning with every message)"),
    ],
)
def test_reference_that_reaches_too_far_is_told_with_the_agreed_window(takeover: bool, words: str) -> None:
    with pytest.raises(ValueError) as refusal:
        Inflater(9, takeover=takeover)(Blocks().fixed(b"abc", (3, 4)).message())
    assert str(refusal.value) == words


def test_other_faults_are_told_in_the_words_of_zlib() -> None:
    with pytest.raises(ValueError, match=r"^invalid block type$"):
        Inflater()(Blocks().header(RESERVED).encode())
    assert Inflater()._in_words(zlib.error("no colon in it")) == "no colon in it"
    assert Inflater()._in_words(zlib.error("Error -3: one: two")) == "one: two"


def test_what_is_missing_from_a_message_is_told() -> None:
    with pytest.raises(ValueError, match=r"^it has no data, not even the header of an empty block$"):
        Inflater()(b"")
    with pytest.raises(ValueError, match=r"^it does not end where a DEFLATE block ends, or its last four"):
        Inflater()(Deflater().deflate(b"Hello") + TAIL)


@pytest.mark.parametrize("bits", [9, 15])
def test_inflater_reads_all_that_stands_behind_a_final_block(bits: int) -> None:
    data = Blocks().fixed(b"Hello", final=True).align().stored(NOISE[:200]).message()
    assert Inflater(bits)(data) == b"Hello" + NOISE[:200]


@pytest.mark.parametrize("bits", [9, 15])
def test_inflater_keeps_the_window_across_a_final_block(bits: int) -> None:
    inflater = Inflater(bits)
    assert inflater(Blocks().fixed(b"Hello", final=True).align().fixed((5, 5)).message()) == b"HelloHello"
    assert inflater(Blocks().fixed((10, 10), final=True).message()) == b"HelloHello"
    assert inflater(Blocks().fixed((3, 20)).message()) == b"Hel"


@pytest.mark.parametrize("bits", [9, 15])
def test_inflater_refuses_final_blocks_without_number(bits: int) -> None:
    final = Blocks().fixed(final=True).encode()
    inflater = Inflater(bits)
    for _ in range(2):
        assert inflater(final * MAX_FINAL_BLOCKS + b"\x00") == b""
    with pytest.raises(TooLarge, match=r"^it has more than 10000 final blocks$"):
        # A megabyte of them: what took the square of their number would not end.
        inflater(final * (1 << 19))


BROKEN = {
    "nothing": b"",
    "tail left on": Deflater().deflate(b"Hello") + TAIL,
    "too much cut off": Deflater().deflate(b"Hello")[:-1],
    "half of it": Deflater().deflate(NOISE)[:20_000],
    "stored block cut short": Blocks().stored(b"Hello, world").message()[:-4],
    "block without an end": Blocks().fixed(b"Hello", ended=False).encode(),
    "final block without another behind it": Blocks().fixed(b"Hello", final=True).encode(),
    "final block cut short": Blocks().fixed(final=True).encode()[:1],
    "reserved block type": Blocks().header(RESERVED).encode(),
    "wrong complement": Blocks().stored(b"Hello", complement=0).message(),
    "unknown length code": Blocks().fixed(286).message(),
    "unknown distance code": Blocks().fixed(b"Hello", ended=False).distance_code(30).message(),
    "too many codes": Blocks().header(DYNAMIC).bits(31, 5).encode() + bytes(20),
    "zlib's own format": zlib.compress(b"Hello"),
    "not compressed": b"Hello",
}


@pytest.mark.parametrize("bits", [9, 15])
@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN.keys())
def test_inflater_refuses_what_is_no_whole_message(data: bytes, bits: int) -> None:
    with pytest.raises(ValueError):
        Inflater(bits)(data)


@pytest.mark.parametrize("bits", [9, 15])
def test_inflater_refuses_a_bomb_before_it_has_grown(bits: int) -> None:
    bomb = zlib.compressobj(9, wbits=-15)
    data = bomb.compress(bytes(8 << 20)) + bomb.flush(zlib.Z_SYNC_FLUSH)
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="more than 1000 bytes"):
            Inflater(bits, limit=1000)(data[:-4])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1 << 20


def test_limit_is_lower_where_the_window_is_judged_exactly() -> None:
    assert (Inflater(14).limit, Inflater(14, limit=1000).limit) == (16 << 20, 1000)
    assert (Inflater(15).limit, Inflater(9, exact=False).limit) == (64 << 20, 64 << 20)


@pytest.mark.parametrize("bits", [9, 15])
def test_limit_is_that_of_all_that_final_blocks_divide(bits: int) -> Any:
    def halves(size: int) -> Any:
        return Blocks().stored(NOISE[:size], final=True).stored(NOISE[:size]).message()

    assert Inflater(bits, limit=1000)(halves(500)) == NOISE[:500] * 2
    with pytest.raises(ValueError, match="more than 1000 bytes"):
        Inflater(bits, limit=1000)(halves(501))


def test_inflater_takes_a_message_of_exactly_its_limit() -> None:
    assert Inflater(limit=1000)(Deflater().deflate(bytes(1000))) == bytes(1000)


@pytest.mark.parametrize("length", [3, 4, 10, 11, 18, 19, 35, 66, 67, 114, 130, 131, 162, 227, 257, 258])
@pytest.mark.parametrize("distance", [1, 2, 4, 5, 6, 7, 9, 13, 257, 4097, 24_577, 32_767, 32_768])
def test_reference_written_by_hand_means_its_length_and_distance(length: int, distance: int) -> None:
    start = NOISE[:32_768]
    data = Blocks().stored(start).fixed((length, distance)).message()
    expected = bytearray(start)
    for _ in range(length):
        expected.append(expected[-distance])
    assert Inflater()(data) == bytes(expected)


def test_agreement_chooses_both_windows() -> None:
    agreement = Agreement(
        server_no_context_takeover=True, server_max_window_bits=9, client_max_window_bits=10
    )
    deflater, inflater = deflater_for(agreement), inflater_for(agreement)
    assert (deflater.bits, deflater.takeover) == (10, True)
    assert (inflater.bits, inflater.takeover) == (9, False)
    assert not deflater_for(Agreement(client_no_context_takeover=True)).takeover
    assert inflater_for(Agreement()).takeover
