"""RFC 6455 §5.2: lengths, reserved bits and reserved opcodes in frames of a server."""

import pytest

from pytest_websocket import MUST, SHOULD, rfc6455, security
from pytest_websocket.fixtures import Conversation
from pytest_websocket.protocol.frames import (
    RESERVED_CONTROL_OPCODES,
    RESERVED_DATA_OPCODES,
    Frame,
    binary,
    ping,
    text,
)
from pytest_websocket.protocol.payloads import bytes_of, text_of

SIZES = [0, 1, 124, 125, 126, 127, 128, 65535, 65536, 65537]
OPCODES = {"text": 1, "binary": 2, "close": 8, "ping": 9, "pong": 10}
BITS = {
    "RSV1": {"rsv1": True},
    "RSV2": {"rsv2": True},
    "RSV3": {"rsv3": True},
    "RSV1 and RSV3": {"rsv1": True, "rsv3": True},
    "all": {"rsv1": True, "rsv2": True, "rsv3": True},
}


@rfc6455("5.2", MUST, "a message of any length is read", autobahn=["1.1.1-8"])
@pytest.mark.parametrize("size", SIZES)
async def test_text_of_any_length_is_read(conversation: Conversation, size: int) -> None:
    await conversation.expect_echo(text_of(size))


@rfc6455("5.2", MUST, "a binary message of any length is read", autobahn=["1.2.1-8"])
@pytest.mark.parametrize("size", SIZES)
async def test_binary_of_any_length_is_read(conversation: Conversation, size: int) -> None:
    await conversation.expect_echo(bytes_of(size))


@rfc6455("5.2", MUST, "a frame is read however TCP cuts it")
@pytest.mark.parametrize("size", [1, 3, 7])
@pytest.mark.parametrize("length", [5, 126, 300])
async def test_frame_in_pieces_is_read(conversation: Conversation, size: int, length: int) -> None:
    message = text_of(length)
    await conversation.send_in_pieces(text(message).encode(masked=False), size)
    await conversation.expect(message)


@rfc6455("5.2", MUST, "frames in one segment are read one by one")
async def test_frames_in_one_segment_are_read(conversation: Conversation) -> None:
    await conversation.send_bytes(
        b"".join(frame.encode(masked=False) for frame in (text("one"), binary(b"two"), text("three")))
    )
    for message in ("one", b"two", "three"):
        await conversation.expect(message)


@rfc6455("5.2", MUST, "a reserved bit without an extension ends the connection", autobahn=["3.1-7"])
@pytest.mark.parametrize("bits", BITS.values(), ids=BITS.keys())
@pytest.mark.parametrize("opcode", OPCODES.values(), ids=OPCODES.keys())
async def test_reserved_bit_fails_the_connection(
    conversation: Conversation, opcode: int, bits: dict[str, bool]
) -> None:
    await conversation.send_frame(Frame(opcode, b"\x03\xe8" if opcode == 8 else b"hello", **bits))
    await conversation.expect_failed()


@rfc6455("5.2", MUST, "a reserved bit on an empty frame ends the connection")
@pytest.mark.parametrize("bits", BITS.values(), ids=BITS.keys())
@pytest.mark.parametrize("opcode", OPCODES.values(), ids=OPCODES.keys())
async def test_reserved_bit_on_an_empty_frame_fails_the_connection(
    conversation: Conversation, opcode: int, bits: dict[str, bool]
) -> None:
    await conversation.send_frame(Frame(opcode, b"", **bits))
    await conversation.expect_failed()


@rfc6455("5.2", MUST, "a reserved bit on a continuation ends the connection")
@pytest.mark.parametrize("bits", BITS.values(), ids=BITS.keys())
async def test_reserved_bit_on_a_continuation_fails_the_connection(
    conversation: Conversation, bits: dict[str, bool]
) -> None:
    await conversation.send_frame(text("hel", fin=False), Frame(0, b"lo", **bits))
    await conversation.expect_failed()


@rfc6455("5.2", SHOULD, "the Close frame that answers a reserved bit carries 1002")
@pytest.mark.parametrize("bits", BITS.values(), ids=BITS.keys())
async def test_reserved_bit_is_refused_with_1002(conversation: Conversation, bits: dict[str, bool]) -> None:
    await conversation.send_frame(Frame(1, b"hello", **bits))
    await conversation.expect_failed(1002)


@rfc6455("5.2", MUST, "a reserved opcode ends the connection", autobahn=["4.1.1-5", "4.2.1-5"])
@pytest.mark.parametrize("payload", [b"", b"hello"], ids=["empty", "with a payload"])
@pytest.mark.parametrize("opcode", [*RESERVED_DATA_OPCODES, *RESERVED_CONTROL_OPCODES])
async def test_reserved_opcode_fails_the_connection(
    conversation: Conversation, opcode: int, payload: bytes
) -> None:
    await conversation.send_frame(Frame(opcode, payload))
    await conversation.expect_failed()


@rfc6455("5.2", MUST, "a reserved opcode ends the connection after good messages, too")
@pytest.mark.parametrize("opcode", [3, 11])
async def test_reserved_opcode_after_a_good_message_fails_the_connection(
    conversation: Conversation, opcode: int
) -> None:
    await conversation.expect_echo("good")
    await conversation.send_frame(Frame(opcode, b"hello"))
    await conversation.expect_failed()


@rfc6455("5.2", MUST, "a reserved opcode between fragments ends the connection")
@pytest.mark.parametrize("opcode", [3, 7, 11, 15])
async def test_reserved_opcode_between_fragments_fails_the_connection(
    conversation: Conversation, opcode: int
) -> None:
    await conversation.send_frame(text("not ", fin=False), Frame(opcode, b"hello"), Frame(0, b"ended"))
    await conversation.expect_failed()


@rfc6455("5.2", SHOULD, "the Close frame that answers a reserved opcode carries 1002")
@pytest.mark.parametrize("opcode", [3, 7, 11, 15])
async def test_reserved_opcode_is_refused_with_1002(conversation: Conversation, opcode: int) -> None:
    await conversation.send_frame(Frame(opcode, b"hello"))
    await conversation.expect_failed(1002)


@rfc6455("5.2", MUST, "all 64 bits of a length count")
@pytest.mark.parametrize("high", [1 << 32, 1 << 40, 1 << 62], ids=["33rd", "41st", "63rd"])
@pytest.mark.parametrize("size", [5, 70_000])
async def test_high_bits_of_a_length_are_not_dropped(
    conversation: Conversation, size: int, high: int
) -> None:
    await conversation.send_frame(binary(bytes_of(size)), length=high + size, length_bits=64)
    # It belongs to the payload, or comes too late.
    await conversation.send_frame(ping(b"inside"))
    conversation.half_close()
    await conversation.expect_failed()
    assert not conversation.unread
    assert not conversation.has_pong(b"inside")


@security(
    cwe=190,
    cve="CVE-2026-1528",
    asvs="1.4.2",
    gain="A server whose frame announces a length that overflows ends the client.",
)
@rfc6455("5.2", MUST, "a 64-bit length whose top bit is set ends the connection")
@pytest.mark.parametrize("length", [1 << 63, (1 << 64) - 1])
async def test_length_with_its_top_bit_set_fails_the_connection(
    conversation: Conversation, length: int
) -> None:
    await conversation.send_frame(binary(b"hello"), length=length, length_bits=64)
    # What comes next would belong to the payload: a Ping asks nothing here.
    conversation.half_close()
    await conversation.expect_failed()
