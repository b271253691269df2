"""Frames as pure functions: what is written is what is meant, legal or not."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_websocket.protocol.frames import (
    Frame,
    FrameParser,
    LengthBits,
    Opcode,
    binary,
    close,
    continuation,
    mask,
    minimal_length_bits,
    opcode_name,
    parse_header,
    ping,
    pong,
    text,
)

KEY = b"\x37\xfa\x21\x3d"


def test_masked_text_frame_is_the_example_of_the_rfc() -> None:
    assert text("Hello").encode(mask_key=KEY).hex() == "818537fa213d7f9f4d5158"


def test_unmasked_text_frame_is_the_example_of_the_rfc() -> None:
    assert text("Hello").encode(masked=False).hex() == "810548656c6c6f"


@pytest.mark.parametrize(
    ("frame", "first"),
    [
        (continuation("x"), 0x80),
        (text("x"), 0x81),
        (text("x", fin=False), 0x01),
        (binary(b"x"), 0x82),
        (close(), 0x88),
        (ping(), 0x89),
        (pong(), 0x8A),
        (Frame(1, rsv1=True), 0xC1),
        (Frame(1, rsv2=True), 0xA1),
        (Frame(1, rsv3=True), 0x91),
        (Frame(15, fin=False), 0x0F),
    ],
)
def test_first_byte_holds_fin_reserved_bits_and_opcode(frame: Frame, first: int) -> None:
    assert frame.encode()[0] == first


@pytest.mark.parametrize(
    ("size", "head"),
    [
        (0, "8200"),
        (125, "827d"),
        (126, "827e007e"),
        (65535, "827effff"),
        (65536, "827f0000000000010000"),
    ],
)
def test_length_is_written_in_its_shortest_form(size: int, head: str) -> None:
    assert binary(bytes(size)).encode(masked=False)[: len(head) // 2].hex() == head


def test_length_may_be_a_lie_in_any_form() -> None:
    assert text("ab").encode(masked=False, length=5).hex() == "81056162"
    assert text("ab").encode(masked=False, length_bits=16).hex() == "817e00026162"
    assert text("ab").encode(masked=False, length_bits=64).hex() == "817f00000000000000026162"
    assert text("").encode(masked=False, length=1 << 63, length_bits=64).hex() == "817f8000000000000000"


@pytest.mark.parametrize(("length", "bits"), [(0, 7), (125, 7), (126, 16), (65535, 16), (65536, 64)])
def test_shortest_form_changes_at_the_boundaries(length: int, bits: int) -> None:
    assert minimal_length_bits(length) == bits


@given(data=st.binary(max_size=200), key=st.binary(min_size=4, max_size=4))
@settings(derandomize=True, deadline=None, database=None)
def test_masking_twice_changes_nothing(data: bytes, key: bytes) -> None:
    assert mask(mask(data, key), key) == data
    assert mask(data, key) == bytes(byte ^ key[i % 4] for i, byte in enumerate(data))


@given(
    opcode=st.integers(0, 15),
    payload=st.binary(max_size=300),
    fin=st.booleans(),
    bits=st.tuples(st.booleans(), st.booleans(), st.booleans()),
    masked=st.booleans(),
    length_bits=st.sampled_from([16, 64]),
)
@settings(derandomize=True, deadline=None, database=None)
def test_header_is_read_as_it_was_written(
    opcode: int,
    payload: bytes,
    fin: bool,
    bits: tuple[bool, bool, bool],
    masked: bool,
    length_bits: LengthBits,
) -> None:
    data = Frame(opcode, payload, fin, *bits).encode(masked=masked, length_bits=length_bits)
    header = parse_header(data)
    assert header is not None
    assert (header.opcode, header.fin, header.rsv1, header.rsv2, header.rsv3) == (opcode, fin, *bits)
    assert (header.masked, header.length, header.length_bits) == (masked, len(payload), length_bits)
    assert header.total == len(data)
    assert len(header.mask_key) == (4 if masked else 0)
    assert mask(data[header.size :], header.mask_key) == payload if masked else data[header.size :] == payload


@pytest.mark.parametrize("size", [5, 126, 65536])
def test_incomplete_header_is_not_read(size: int) -> None:
    data = binary(bytes(size)).encode()
    whole = parse_header(data)
    assert whole is not None
    for cut in range(whole.size):
        assert parse_header(data[:cut]) is None
    assert parse_header(data[: whole.size]) == whole


def test_shortest_form_of_a_header_is_told_from_a_longer_one() -> None:
    lengths: dict[LengthBits, bool] = {7: True, 16: False, 64: False}
    for bits, minimal in lengths.items():
        header = parse_header(text("ab").encode(length_bits=bits))
        assert header is not None
        assert header.is_minimal is minimal


def test_frames_are_empty_unless_they_are_given_data() -> None:
    assert (ping().payload, pong().payload, close().payload) == (b"", b"", b"\x03\xe8")
    assert not continuation("x", fin=False).fin


def test_close_frame_without_a_code_is_empty() -> None:
    assert close(None).payload == b""
    assert close(1000, "до").payload == b"\x03\xe8" + "до".encode()
    assert close(65535, b"\xff").payload == b"\xff\xff\xff"


def test_opcodes_have_names() -> None:
    assert opcode_name(9) == "PING"
    assert opcode_name(11) == "opcode 0xb"
    assert [
        frame.is_control for frame in (text(""), continuation(""), close(), ping(), Frame(7), Frame(15))
    ] == [
        False,
        False,
        True,
        True,
        False,
        True,
    ]
    assert list(Opcode) == [0, 1, 2, 8, 9, 10]


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536])
@pytest.mark.parametrize("masked", [True, False], ids=["masked", "not masked"])
@pytest.mark.parametrize("piece", [1, 3, 14, 1 << 20])
def test_parser_knows_whether_a_frame_is_complete(size: int, masked: bool, piece: int) -> None:
    data = binary(bytes(size)).encode(masked=masked)
    parser = FrameParser()
    assert not parser.is_inside
    for _ in range(2):
        for at in range(0, len(data), piece):
            list(parser.feed(data[at : at + piece]))
            assert parser.is_inside == (at + piece < len(data))
    list(parser.feed(data * 2 + data[:1]))
    assert parser.is_inside


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1 << 20])
def test_parser_yields_headers_with_the_pieces_of_their_payloads(size: int) -> None:
    frames = [text("one"), ping(), binary(bytes(range(200))), close(1000, "bye")]
    data = b"".join(frame.encode() for frame in frames)
    parser, seen, payload = FrameParser(), [], b""
    for at in range(0, len(data), size):
        for header, piece, last in parser.feed(data[at : at + size]):
            payload += mask(piece, header.mask_key, len(payload))
            if last:
                seen.append((header.opcode, payload))
                payload = b""
    assert seen == [(frame.opcode, frame.payload) for frame in frames]
    assert (parser.missing, parser.partial_header) == (0, b"")


def test_parser_yields_a_header_before_its_payload() -> None:
    parser = FrameParser()
    ((header, piece, last),) = parser.feed(binary(b"").encode(masked=False, length=1 << 40, length_bits=64))
    assert (header.length, piece, last, parser.missing) == (1 << 40, b"", False, 1 << 40)
