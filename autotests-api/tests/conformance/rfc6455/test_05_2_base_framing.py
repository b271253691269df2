"""RFC 6455 §5.2: reserved bits, reserved opcodes, and the three ways to write a length."""

import contextlib

import pytest

from pytest_websocket.fixtures import RawConnection, RecordProperty, Target
from pytest_websocket.plugin.marks import MAY, MUST, SHOULD, rfc6455
from pytest_websocket.protocol.frames import (
    BINARY,
    CLOSE,
    PING,
    PONG,
    RESERVED_CONTROL_OPCODES,
    RESERVED_DATA_OPCODES,
    TEXT,
    Frame,
    LengthBits,
    binary,
    ping,
    text,
)
from pytest_websocket.protocol.payloads import bytes_of, text_of
from pytest_websocket.raw.ending import NotReceived

KINDS = {"text": TEXT, "binary": BINARY, "close": CLOSE, "ping": PING, "pong": PONG}


def with_rsv(bits: int, opcode: int = TEXT, payload: bytes = b"hello") -> Frame:
    return Frame(opcode, payload, rsv1=bool(bits & 4), rsv2=bool(bits & 2), rsv3=bool(bits & 1))


@rfc6455(
    "5.2", MUST, "a reserved bit that no extension explains fails the connection", autobahn=["3.1", "3.5"]
)
@pytest.mark.parametrize("opcode", [TEXT, BINARY], ids=["text", "binary"])
@pytest.mark.parametrize("bits", range(1, 8), ids=lambda bits: f"rsv {bits:03b}")
async def test_reserved_bit_of_a_data_frame_fails_the_connection(
    raw: RawConnection, bits: int, opcode: int
) -> None:
    await raw.send(with_rsv(bits, opcode))
    await raw.expect_failed()


@rfc6455("5.2", MUST, "a reserved bit of a control frame fails the connection", autobahn=["3.6", "3.7"])
@pytest.mark.parametrize("opcode", [PING, PONG, CLOSE], ids=["ping", "pong", "close"])
@pytest.mark.parametrize("bits", [4, 2, 1, 6, 7], ids=lambda bits: f"rsv {bits:03b}")
async def test_reserved_bit_of_a_control_frame_fails_the_connection(
    raw: RawConnection, bits: int, opcode: int
) -> None:
    await raw.send(with_rsv(bits, opcode, b"\x03\xe8" if opcode == CLOSE else b"hello"))
    await raw.expect_failed(not_code=1000 if opcode == CLOSE else ())


@rfc6455("5.2", MUST, "a reserved bit of a continuation frame fails the connection")
@pytest.mark.parametrize("bits", [4, 2, 1], ids=lambda bits: f"rsv {bits:03b}")
async def test_reserved_bit_of_a_continuation_fails_the_connection(raw: RawConnection, bits: int) -> None:
    await raw.send(text("first ", fin=False), with_rsv(bits, 0, b"last"))
    await raw.expect_failed()


@rfc6455("5.2", MUST, "a reserved bit of an empty frame fails the connection")
@pytest.mark.parametrize("opcode", [TEXT, BINARY, PING, PONG, CLOSE], ids=str)
@pytest.mark.parametrize("bits", [4, 2, 1], ids=lambda bits: f"rsv {bits:03b}")
async def test_reserved_bit_of_an_empty_frame_fails_the_connection(
    raw: RawConnection, bits: int, opcode: int
) -> None:
    await raw.send(with_rsv(bits, opcode, b""))
    await raw.expect_failed(not_code=1000)


@rfc6455(
    "5.2",
    MUST,
    "a reserved bit fails the connection after good messages as well",
    autobahn=["3.2", "3.3", "3.4"],
)
@pytest.mark.parametrize("how", ["whole", "frame by frame", "octet by octet"])
@pytest.mark.parametrize("bits", [4, 2, 1], ids=lambda bits: f"rsv {bits:03b}")
async def test_reserved_bit_after_a_good_message_fails_the_connection(
    raw: RawConnection, bits: int, how: str
) -> None:
    frames = [text("good"), with_rsv(bits)]
    if how == "whole":
        await raw.send_together(*frames)
    elif how == "frame by frame":
        await raw.send(*frames)
    else:
        await raw.send_in_pieces(raw.encode(*frames), 1)
    await raw.expect_failed(answers=1)


@rfc6455("5.2", MUST, "a reserved bit fails the connection after ten good messages as well")
@pytest.mark.parametrize("bits", [4, 2, 1], ids=lambda bits: f"rsv {bits:03b}")
async def test_reserved_bit_late_in_a_connection_fails_it(raw: RawConnection, bits: int) -> None:
    for number in range(10):
        await raw.expect_served(f"good {number}")
    await raw.send(with_rsv(bits))
    await raw.expect_failed()


@rfc6455("5.2", SHOULD, "the Close frame that answers a reserved bit carries 1002")
@pytest.mark.parametrize("bits", [4, 2, 1], ids=lambda bits: f"rsv {bits:03b}")
async def test_reserved_bit_is_refused_with_1002(raw: RawConnection, bits: int) -> None:
    await raw.send(with_rsv(bits))
    await raw.expect_failed(code=1002)


@rfc6455("5.2", MUST, "a reserved opcode for data fails the connection", autobahn=["4.1.1-5"])
@pytest.mark.parametrize("payload", [b"", b"hello"], ids=["empty", "with payload"])
@pytest.mark.parametrize("opcode", RESERVED_DATA_OPCODES)
async def test_reserved_data_opcode_fails_the_connection(
    raw: RawConnection, opcode: int, payload: bytes
) -> None:
    await raw.send(Frame(opcode, payload))
    await raw.expect_failed()


@rfc6455("5.2", MUST, "a reserved opcode for control fails the connection", autobahn=["4.2.1-5"])
@pytest.mark.parametrize("payload", [b"", b"hello"], ids=["empty", "with payload"])
@pytest.mark.parametrize("opcode", RESERVED_CONTROL_OPCODES)
async def test_reserved_control_opcode_fails_the_connection(
    raw: RawConnection, opcode: int, payload: bytes
) -> None:
    await raw.send(Frame(opcode, payload))
    await raw.expect_failed()


@rfc6455(
    "5.2",
    MUST,
    "a reserved opcode after a good message fails the connection",
    autobahn=["4.1.3-5", "4.2.3-5"],
)
@pytest.mark.parametrize("how", ["whole", "frame by frame", "octet by octet"])
@pytest.mark.parametrize("opcode", [3, 5, 7, 11, 13, 15])
async def test_reserved_opcode_after_a_good_message_fails_the_connection(
    raw: RawConnection, opcode: int, how: str
) -> None:
    frames = [text("good"), Frame(opcode, b"bad")]
    if how == "whole":
        await raw.send_together(*frames)
    elif how == "frame by frame":
        await raw.send(*frames)
    else:
        await raw.send_in_pieces(raw.encode(*frames), 1)
    await raw.expect_failed(answers=1)


@rfc6455("5.2", MUST, "a reserved opcode inside a fragmented message fails the connection")
@pytest.mark.parametrize("opcode", [3, 7, 11, 15])
async def test_reserved_opcode_inside_a_message_fails_the_connection(raw: RawConnection, opcode: int) -> None:
    await raw.send(text("first ", fin=False), Frame(opcode, b"bad"))
    await raw.expect_failed()


@rfc6455("5.2", MUST, "a reserved opcode fails the connection when its frame is a fragment as well")
@pytest.mark.parametrize("opcode", [3, 7])
async def test_fragment_with_a_reserved_opcode_fails_the_connection(raw: RawConnection, opcode: int) -> None:
    await raw.send(Frame(opcode, b"first ", fin=False))
    await raw.expect_failed()


@rfc6455("5.2", SHOULD, "the Close frame that answers a reserved opcode carries 1002")
@pytest.mark.parametrize("opcode", [3, 7, 11, 15])
async def test_reserved_opcode_is_refused_with_1002(raw: RawConnection, opcode: int) -> None:
    await raw.send(Frame(opcode, b"hello"))
    await raw.expect_failed(code=1002)


BOUNDARIES = [0, 1, 124, 125, 126, 127, 128, 255, 256, 65534, 65535, 65536, 65537]


@rfc6455("5.2", MUST, "a payload length is read right in each of its three forms, at every boundary")
@pytest.mark.parametrize("size", BOUNDARIES)
@pytest.mark.needs("answer")
async def test_text_length_is_read_at_every_boundary(raw: RawConnection, size: int) -> None:
    raw.needs_size(size)
    await raw.send(text(text_of(size)), text("next"))
    await raw.expect_echo(text_of(size), "next")


@rfc6455("5.2", MUST, "a payload length is read right in each of its three forms, at every boundary")
@pytest.mark.parametrize("size", BOUNDARIES)
@pytest.mark.needs("binary")
async def test_binary_length_is_read_at_every_boundary(raw: RawConnection, size: int) -> None:
    raw.needs_size(size)
    await raw.send(binary(bytes_of(size)), binary(b"next"))
    await raw.expect_echo(bytes_of(size), b"next")


@rfc6455("5.2", MUST, "every octet of a 16-bit or 64-bit length counts, in network byte order")
@pytest.mark.parametrize("size", [0x0102, 0x0201, 0x00FF, 0x7F00, 0x8000, 0xFF00, 0x010203, 0x030201])
@pytest.mark.needs("answer")
async def test_length_is_read_in_network_byte_order(raw: RawConnection, size: int) -> None:
    raw.needs_size(size)
    await raw.send(text(text_of(size)))
    await raw.expect_echo(text_of(size))
    await raw.send(text("next"))
    await raw.expect_echo("next")


@rfc6455("5.2", MUST, "a server writes every length right and in the fewest bytes, at every boundary")
@pytest.mark.parametrize("size", [124, 125, 126, 127, 128, 65534, 65535, 65536, 65537])
@pytest.mark.needs("echo")
async def test_server_writes_lengths_at_every_boundary(raw: RawConnection, target: Target, size: int) -> None:
    raw.needs_size(size)
    message = text_of(size - len(str(target.answer("")).encode()))
    await raw.send(text(message), text("next"))
    await raw.expect_echo(message, "next")
    raw.expect_no_violation()


@rfc6455("5.2", MUST, "a length counts bytes, not characters")
@pytest.mark.parametrize("character", ["ж", "€", "\U0001f600"], ids=["2 bytes", "3 bytes", "4 bytes"])
@pytest.mark.parametrize("count", [31, 42, 63, 125, 126, 16384, 32768])
@pytest.mark.needs("answer")
async def test_length_counts_bytes_not_characters(raw: RawConnection, character: str, count: int) -> None:
    raw.needs_size(len(character.encode()) * count)
    await raw.send(text(character * count), text("next"))
    await raw.expect_echo(character * count, "next")


@rfc6455("5.2", MUST, "a frame of any size is read whole, that of a buffer and one byte more or less, too")
@pytest.mark.parametrize("delta", [-1, 0, 1])
@pytest.mark.parametrize("size", [512, 1024, 1460, 2048, 4096, 8192, 16384, 32768, 131072, 262144])
@pytest.mark.needs("answer")
async def test_frame_of_a_buffers_size_is_read_whole(raw: RawConnection, size: int, delta: int) -> None:
    head = 8 if size < 65536 else 14
    message = text_of(size + delta - head)
    raw.needs_size(len(message))
    await raw.send(text(message), text("next"))
    await raw.expect_echo(message, "next")


@rfc6455("5.2", MUST, "all 64 bits of a length count")
@pytest.mark.parametrize(
    ("high", "size"),
    [(1 << 16, 5), (1 << 32, 5), (1 << 40, 5), (1 << 32, 70_000), (1 << 62, 70_000)],
    ids=["2^16+5", "2^32+5", "2^40+5", "2^32+70000", "2^62+70000"],
)
async def test_high_bits_of_a_length_are_not_dropped(raw: RawConnection, high: int, size: int) -> None:
    raw.needs_size(size)
    await raw.send(Frame(TEXT, b"x" * size), length=high + size, length_bits=64)
    with contextlib.suppress(NotReceived):
        message = await raw.message_or_ending(deadline=raw.deadline / 10)
        assert message is None, f"{size} bytes of {high + size} were taken for the whole: {message}"


NOT_MINIMAL = [(0, 16), (5, 16), (125, 16), (0, 64), (5, 64), (125, 64), (126, 64), (65535, 64)]


@rfc6455("5.2", MAY, "a length that is not in its shortest form is refused, or read for what it says")
@pytest.mark.parametrize(("size", "bits"), NOT_MINIMAL)
@pytest.mark.needs("echo")
async def test_length_in_a_longer_form_is_refused_or_read_right(
    raw: RawConnection, target: Target, record_property: RecordProperty, size: int, bits: LengthBits
) -> None:
    await raw.send(text(text_of(size)), length_bits=bits)
    try:
        answer = await raw.message_or_ending()
    except NotReceived:
        record_property("observed", "neither refused nor answered")
        return
    record_property("observed", "refused" if answer is None else "accepted")
    if answer is not None:
        expected = target.answer(text_of(size))
        assert answer.content == expected, f"the frame was read as something else: {answer}"
        await raw.send(text("next"))
        await raw.expect_echo("next")


@rfc6455("5.2", SHOULD, "a length that is not in its shortest form is refused, as no sender may write it")
@pytest.mark.parametrize(("size", "bits"), NOT_MINIMAL)
async def test_length_in_a_longer_form_is_refused(raw: RawConnection, size: int, bits: LengthBits) -> None:
    await raw.send(text(text_of(size)), length_bits=bits)
    await raw.expect_failed()


@rfc6455("5.5", MAY, "a control frame whose length is not in its shortest form is refused, or answered")
@pytest.mark.parametrize("bits", [16, 64])
async def test_ping_with_a_longer_length_is_refused_or_answered(
    raw: RawConnection, record_property: RecordProperty, bits: LengthBits
) -> None:
    await raw.send(ping(b"hello"), length_bits=bits)
    try:
        await raw.expect_pong(b"hello")
        record_property("observed", "answered")
    except NotReceived:
        await raw.expect_ended()
        record_property("observed", "refused")


@rfc6455("5.5", SHOULD, "a control frame whose length is not in its shortest form is refused")
@pytest.mark.parametrize("bits", [16, 64])
async def test_ping_with_a_longer_length_is_refused(raw: RawConnection, bits: LengthBits) -> None:
    await raw.send(ping(b"hello"), length_bits=bits)
    await raw.expect_failed()


TOP_BIT = {"2^63": 1 << 63, "2^63+5": (1 << 63) | 5, "2^64-1": (1 << 64) - 1}


@rfc6455("5.2", MUST, "a 64-bit length has its top bit clear; a frame that sets it is no message")
@pytest.mark.parametrize("length", TOP_BIT.values(), ids=TOP_BIT.keys())
@pytest.mark.parametrize("opcode", [TEXT, BINARY], ids=["text", "binary"])
async def test_length_with_its_top_bit_set_is_no_message(
    raw: RawConnection, opcode: int, length: int
) -> None:
    await raw.send(Frame(opcode, b"hello"), length=length, length_bits=64)
    await expect_no_answer(raw)


@rfc6455("5.2", MUST, "a 64-bit length has its top bit clear, whatever the length below it")
@pytest.mark.parametrize("size", [65_536, 70_000])
@pytest.mark.parametrize("opcode", [TEXT, BINARY], ids=["text", "binary"])
async def test_true_length_below_a_top_bit_is_no_message(raw: RawConnection, opcode: int, size: int) -> None:
    raw.needs_size(size)
    await raw.send(Frame(opcode, b"x" * size), length=(1 << 63) | size, length_bits=64)
    await expect_no_answer(raw)


async def expect_no_answer(raw: RawConnection) -> None:
    """Waits a fifth of the deadline: the rule binds the sender, and a server may wait for such a payload."""
    await raw.ending(probe_with_ping=False, answers=0, deadline=raw.deadline / 5)
    raw.expect_no_message("a frame whose length has its top bit set was answered")


@rfc6455("5.2", SHOULD, "a frame whose 64-bit length has its top bit set fails the connection")
@pytest.mark.parametrize("length", TOP_BIT.values(), ids=TOP_BIT.keys())
@pytest.mark.parametrize("opcode", [TEXT, BINARY], ids=["text", "binary"])
async def test_length_with_its_top_bit_set_fails_the_connection(
    raw: RawConnection, opcode: int, length: int
) -> None:
    await raw.send(Frame(opcode, b"hello"), length=length, length_bits=64)
    await raw.expect_failed(probe_with_ping=False)


@rfc6455("5.2", SHOULD, "the Close frame that answers a length with its top bit set carries 1002, or 1009")
async def test_length_with_its_top_bit_set_is_refused_with_a_fitting_code(raw: RawConnection) -> None:
    await raw.send(text("hello"), length=1 << 63, length_bits=64)
    await raw.expect_failed(probe_with_ping=False, code=(1002, 1009))


@rfc6455("5.2", MUST, "a frame is complete only when all of its announced payload has come")
@pytest.mark.needs("answer")
async def test_payload_in_two_segments_is_one_message(raw: RawConnection) -> None:
    frame = raw.encode(text("in two pieces"))
    await raw.send_split(frame, 9)
    await raw.expect_echo("in two pieces")


@rfc6455("5.2", MUST, "the bounds of TCP segments mean nothing", autobahn=["1.1.8", "1.2.8"])
@pytest.mark.parametrize("chop", [1, 2, 3, 5, 7, 13])
@pytest.mark.needs("answer")
async def test_frames_cut_anywhere_are_put_together(raw: RawConnection, chop: int) -> None:
    messages = ["", "a", "b" * 125, "c" * 126, "Привет", "d" * 200]
    await raw.send_in_pieces(raw.encode(*map(text, messages)), chop)
    await raw.expect_echo(*messages)


@rfc6455("5.2", MUST, "a header cut at any of its octets is put together")
@pytest.mark.parametrize("cut", range(1, 15))
@pytest.mark.needs("answer")
async def test_header_cut_at_any_octet_is_put_together(raw: RawConnection, cut: int) -> None:
    raw.needs_size(65536)
    frame = raw.encode(text(text_of(65536)))
    await raw.send_split(frame, cut)
    await raw.expect_echo(text_of(65536))


@rfc6455("5.2", MUST, "several frames in one segment are each answered")
@pytest.mark.parametrize("count", [2, 3, 10, 100])
@pytest.mark.needs("answer")
async def test_frames_in_one_segment_are_each_answered(raw: RawConnection, count: int) -> None:
    messages = [f"message {number}" for number in range(count)]
    await raw.send_together(*(text(message) for message in messages))
    await raw.expect_echo(*messages)


@rfc6455("5.2", MUST, "a whole frame and the beginning of the next in one segment are told apart")
@pytest.mark.parametrize("cut", [1, 2, 5, 6, 8])
@pytest.mark.needs("answer")
async def test_frame_and_a_half_in_one_segment_are_told_apart(raw: RawConnection, cut: int) -> None:
    first, second = raw.encode(text("first")), raw.encode(text("second"))
    await raw.send_bytes(first + second[:cut])
    await raw.expect_echo("first")
    await raw.send_bytes(second[cut:])
    await raw.expect_echo("second")


@rfc6455("5.2", MUST, "a Ping is answered while the frame after it is incomplete, and that frame is not")
@pytest.mark.needs("answer")
async def test_half_a_frame_is_not_answered(raw: RawConnection) -> None:
    whole = raw.encode(text("all of it"))
    await raw.send_bytes(ping(b"before").encode() + whole[:-1])
    await raw.expect_pong(b"before")
    raw.expect_no_message("one message too many")
    await raw.send_bytes(whole[-1:])
    await raw.expect_echo("all of it")
