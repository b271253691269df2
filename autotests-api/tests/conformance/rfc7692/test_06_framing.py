"""RFC 7692 §6: the bit that marks a message as compressed, and the frames that may have it."""

import pytest

from pytest_websocket.fixtures import DeflatedConnection, RawConnection
from pytest_websocket.plugin.compression import compressed_fragments, compressed_frames
from pytest_websocket.plugin.marks import MUST, SHOULD, rfc6455, rfc7692
from pytest_websocket.protocol.deflate import Deflater
from pytest_websocket.protocol.frames import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    Frame,
    binary,
    close,
    continuation,
    ping,
    pong,
    text,
)

pytestmark = pytest.mark.needs("deflate")

WAYS = ["whole", "frame by frame", "octet by octet"]


async def deliver(raw: RawConnection, how: str, *frames: Frame) -> None:
    if how == "whole":
        await raw.send_together(*frames)
    elif how == "frame by frame":
        await raw.send(*frames)
    else:
        await raw.send_in_pieces(raw.encode(*frames), 1)


def in_parts(data: bytes, count: int) -> list[bytes]:
    size = -(-len(data) // count)
    return [data[at : at + size] for at in range(0, len(data), size)]


@rfc7692("6", MUST, "RSV1 on a control frame fails the connection")
@pytest.mark.parametrize("payload", ["as it is", "compressed"])
@pytest.mark.parametrize("opcode", [PING, PONG, CLOSE], ids=["ping", "pong", "close"])
async def test_compressed_control_frame_fails_the_connection(
    deflated: DeflatedConnection, opcode: int, payload: str
) -> None:
    body = b"\x03\xe8" if opcode == CLOSE else b"hello"
    data = body if payload == "as it is" else Deflater().deflate(body)
    await deflated.send(Frame(opcode, data, rsv1=True))
    await deflated.expect_failed(not_code=1000 if opcode == CLOSE else ())


@rfc7692("6", MUST, "RSV1 on an empty control frame fails the connection as well")
@pytest.mark.parametrize("opcode", [PING, PONG], ids=["ping", "pong"])
async def test_empty_control_frame_with_rsv1_fails_the_connection(
    deflated: DeflatedConnection, opcode: int
) -> None:
    await deflated.send(Frame(opcode, rsv1=True))
    await deflated.expect_failed()


@rfc7692("6", MUST, "RSV1 on a control frame inside a compressed message fails the connection")
async def test_compressed_ping_inside_a_message_fails_the_connection(deflated: DeflatedConnection) -> None:
    first, last = deflated.compress("compressed in two fragments", fragment=15)[:2]
    await deflated.send(first, Frame(PING, b"hello", rsv1=True), last)
    await deflated.expect_failed()


@rfc7692("6", MUST, "RSV1 on a fragment that is not the first fails the connection")
@pytest.mark.parametrize("opcode", [TEXT, BINARY], ids=["text", "binary"])
@pytest.mark.parametrize("where", ["second", "last", "all"])
async def test_rsv1_on_a_continuation_fails_the_connection(
    deflated: DeflatedConnection, opcode: int, where: str
) -> None:
    data = deflated.deflater.deflate(b"a message that is compressed, in four fragments")
    frames = compressed_fragments(in_parts(data, 4), opcode)
    wrong = {"second": [1], "last": [3], "all": [1, 2, 3]}[where]
    await deflated.send(
        *(
            Frame(f.opcode, f.payload, f.fin, rsv1=f.rsv1 or number in wrong)
            for number, f in enumerate(frames)
        )
    )
    await deflated.expect_failed()


@rfc7692("6", MUST, "a message cannot become compressed half-way")
async def test_rsv1_only_on_a_continuation_fails_the_connection(deflated: DeflatedConnection) -> None:
    data = deflated.deflater.deflate(b"compressed")
    await deflated.send(text("plain ", fin=False), Frame(CONTINUATION, data, rsv1=True))
    await deflated.expect_failed()


@rfc7692("6", MUST, "RSV1 on a fragment that is empty and not the first fails the connection as well")
async def test_rsv1_on_an_empty_continuation_fails_the_connection(deflated: DeflatedConnection) -> None:
    data = deflated.deflater.deflate(b"compressed")
    await deflated.send(*compressed_fragments([data, b""])[:1], Frame(CONTINUATION, rsv1=True))
    await deflated.expect_failed()


@rfc7692("6", SHOULD, "the Close frame that answers a misplaced RSV1 carries 1002")
@pytest.mark.parametrize("opcode", [PING, CONTINUATION], ids=["ping", "continuation"])
async def test_misplaced_rsv1_is_refused_with_1002(deflated: DeflatedConnection, opcode: int) -> None:
    first, last = deflated.compress("compressed in two fragments", fragment=15)[:2]
    wrong = Frame(PING, b"hello", rsv1=True) if opcode == PING else Frame(0, last.payload, rsv1=True)
    await deflated.send(first, wrong)
    await deflated.expect_failed(code=1002)


@rfc6455("5.2", MUST, "compression explains RSV1 only: RSV2 and RSV3 fail the connection")
@pytest.mark.parametrize("bits", [1, 2, 3, 5, 6, 7], ids=lambda bits: f"rsv {bits:03b}")
async def test_other_reserved_bit_fails_a_compressed_connection(
    deflated: DeflatedConnection, bits: int
) -> None:
    data = deflated.deflater.deflate(b"hello") if bits & 4 else b"hello"
    await deflated.send(Frame(TEXT, data, rsv1=bool(bits & 4), rsv2=bool(bits & 2), rsv3=bool(bits & 1)))
    await deflated.expect_failed()


@rfc6455("5.2", MUST, "compression explains RSV1 only of data frames: a reserved opcode stays reserved")
@pytest.mark.parametrize("opcode", [3, 7, 11])
async def test_reserved_opcode_with_rsv1_fails_the_connection(
    deflated: DeflatedConnection, opcode: int
) -> None:
    await deflated.send(Frame(opcode, deflated.deflater.deflate(b"hello"), rsv1=True))
    await deflated.expect_failed()


@rfc7692("6", MUST, "a message without RSV1 is taken as it is, though compression was agreed on")
@pytest.mark.parametrize(
    "message",
    ["", "hello", "x" * 125, "y" * 126, "z" * 65536, "\x00", "\x02\x00", "\x00\x00"],
    ids=["empty", "short", "125", "126", "65536", "like an empty block", "like a fixed block", "zeros"],
)
@pytest.mark.needs("answer")
async def test_uncompressed_message_is_taken_as_it_is(deflated: DeflatedConnection, message: str) -> None:
    deflated.needs_size(len(message))
    await deflated.send(text(message))
    await deflated.expect_echo(message)


@rfc7692("6", MUST, "a message without RSV1 is never inflated, even if it could be")
@pytest.mark.needs("binary")
async def test_compressed_bytes_without_rsv1_are_taken_as_they_are(deflated: DeflatedConnection) -> None:
    data = Deflater().deflate(b"this stays compressed, as the bit does not say that it is")
    await deflated.send(binary(data))
    await deflated.expect_echo(data)


@rfc7692("6", MUST, "a message without RSV1 may be fragmented, too")
@pytest.mark.needs("answer")
async def test_uncompressed_fragments_are_taken_as_they_are(deflated: DeflatedConnection) -> None:
    await deflated.send(text("first ", fin=False), continuation("", fin=False), continuation("second"))
    await deflated.expect_echo("first second")


@rfc7692("6", MUST, "compressed and uncompressed messages may follow each other in any order")
@pytest.mark.parametrize("order", ["CUCU", "UCUC", "CCUUCC", "UUC", "CUUUUC", "uCuc", "cUcu"], ids="-".join)
@pytest.mark.needs("answer")
async def test_compressed_and_uncompressed_messages_take_turns(
    deflated: DeflatedConnection, order: str
) -> None:
    """Lower-case letters stand for messages in fragments."""
    for number, kind in enumerate(order):
        message = f"message {number}, of the same words as the one before it " * 3
        if kind in "Cc":
            await deflated.send_compressed(message, fragment=10 if kind == "c" else 0)
        elif kind == "u":
            await deflated.send(text(message[:10], fin=False), continuation(message[10:]))
        else:
            await deflated.send(text(message))
        await deflated.expect_echo(message)


@rfc7692("6", MUST, "compressed and uncompressed messages in one segment are told apart")
@pytest.mark.needs("answer")
async def test_compressed_and_uncompressed_messages_in_one_segment_are_told_apart(
    deflated: DeflatedConnection,
) -> None:
    messages = [f"message {number} in one segment with others" for number in range(10)]
    frames = []
    for number, message in enumerate(messages):
        frames += deflated.compress(message) if number % 3 else [text(message)]
    await deflated.send_together(*frames)
    await deflated.expect_echo(*messages)


@rfc7692("6.1", MUST, "a compressed message keeps its type")
@pytest.mark.needs("echo", "binary")
async def test_compressed_message_keeps_its_type(deflated: DeflatedConnection) -> None:
    for message in ("text", b"\x00\xff\xfe", "text again", b"text"):
        await deflated.send_compressed(message)
        await deflated.expect_echo(message)


@rfc7692("6.1", MUST, "the fragments of a compressed message are put together before they are inflated")
@pytest.mark.parametrize("how", WAYS)
@pytest.mark.parametrize("count", [2, 3, 10])
@pytest.mark.needs("answer")
async def test_compressed_fragments_make_one_message(
    deflated: DeflatedConnection, count: int, how: str
) -> None:
    message = "a message of some length, the end of which is like its beginning: a message of some length"
    data = deflated.deflate(message)
    await deliver(deflated, how, *compressed_fragments(in_parts(data, count), deflated.opcode_of(message)))
    await deflated.expect_echo(message)


@rfc7692("6.1", MUST, "compressed data may be cut anywhere, inside a block and inside a code")
@pytest.mark.needs("echo")
async def test_compressed_data_may_be_cut_at_every_byte(deflated: DeflatedConnection) -> None:
    message = "cut at every byte, one after the other, and put together again byte for byte"
    length = len(deflated.deflate(message))
    await deflated.send(*compressed_frames(deflated.in_request(b"\x00")))
    await deflated.expect_echo("")
    for at in range(length + 1):
        data = Deflater(deflated.agreement.client_max_window_bits).deflate(deflated.carried_message(message))
        await deflated.send_together(
            *compressed_fragments([data[:at], data[at:]], deflated.opcode_of(message))
        )
        await deflated.expect_echo(message)


@rfc7692("6.1", MUST, "fragments of a compressed message may be of one byte")
@pytest.mark.parametrize("size", [10, 500, 2000])
@pytest.mark.needs("answer")
async def test_fragments_of_one_byte_make_one_message(deflated: DeflatedConnection, size: int) -> None:
    deflated.needs_size(size)
    message = "".join(f"{number * number % 997} " for number in range(size // 4))
    await deflated.send_compressed(message, fragment=1)
    await deflated.expect_echo(message)


@rfc7692("6.1", MUST, "fragments of a compressed message may be empty: the first, one between, the last")
@pytest.mark.parametrize("where", ["first", "middle", "last", "everywhere"])
@pytest.mark.needs("answer")
async def test_empty_fragments_of_a_compressed_message_add_nothing(
    deflated: DeflatedConnection, where: str
) -> None:
    message = "compressed, with an empty fragment somewhere"
    half, rest = in_parts(deflated.deflate(message), 2)
    parts = {
        "first": [b"", half, rest],
        "middle": [half, b"", rest],
        "last": [half, rest, b""],
        "everywhere": [b"", b"", half, b"", rest, b"", b""],
    }[where]
    await deflated.send(*compressed_fragments(parts, deflated.opcode_of(message)))
    await deflated.expect_echo(message)


@rfc7692("6.1", MUST, "a control frame between compressed fragments is served, and is no part of the message")
@pytest.mark.parametrize("how", WAYS)
@pytest.mark.needs("answer")
async def test_ping_between_compressed_fragments_is_answered(deflated: DeflatedConnection, how: str) -> None:
    message = "compressed, with a ping in its midst"
    half, rest = compressed_fragments(in_parts(deflated.deflate(message), 2), deflated.opcode_of(message))
    await deliver(deflated, how, half, ping(b"between"), rest)
    await deflated.expect_pong(b"between")
    await deflated.expect_echo(message)


@rfc7692("6.1", MUST, "a Ping between compressed fragments does not wait for the end of the message")
@pytest.mark.needs("answer")
async def test_ping_between_compressed_fragments_is_answered_at_once(deflated: DeflatedConnection) -> None:
    message = "compressed, and not yet at its end"
    half, rest = compressed_fragments(in_parts(deflated.deflate(message), 2), deflated.opcode_of(message))
    await deflated.send(half, ping(b"now"))
    await deflated.expect_pong(b"now")
    await deflated.send(rest)
    await deflated.expect_echo(message)


@rfc7692("6.1", MUST, "control frames leave the window as it is")
@pytest.mark.needs("answer")
async def test_pings_between_messages_leave_the_window_as_it_is(deflated: DeflatedConnection) -> None:
    for number in range(5):
        message = f"words that every message repeats from the one before it, {number}"
        await deflated.send_together(*deflated.compress(message), ping(b"words that every message"))
        await deflated.expect_pong(b"words that every message")
        await deflated.expect_echo(message)


EARLY = {
    "ping": [ping(b"early")],
    "empty ping": [ping()],
    "pong": [pong(b"early")],
    "empty pong": [pong()],
    "both": [pong(), ping(b"early"), pong(b"early")],
}


@rfc7692("6.1", MUST, "a control frame before the first message leaves compression as it is")
@pytest.mark.parametrize("how", WAYS)
@pytest.mark.parametrize("early", EARLY.values(), ids=EARLY.keys())
@pytest.mark.needs("answer")
async def test_compressed_message_after_an_early_control_frame_is_taken(
    deflated: DeflatedConnection, early: list[Frame], how: str
) -> None:
    await deliver(deflated, how, *early, *deflated.compress("the first message, compressed " * 3))
    await deflated.expect_echo("the first message, compressed " * 3)
    await deliver(deflated, how, *early, *deflated.compress("the second one, in fragments " * 3, fragment=10))
    await deflated.expect_echo("the second one, in fragments " * 3)


@rfc7692("6", MUST, "a server sets RSV1 on no control frame")
@pytest.mark.parametrize("size", [0, 2, 125])
async def test_server_compresses_no_control_frame(deflated: DeflatedConnection, size: int) -> None:
    await deflated.send(ping(b"a" * size))
    await deflated.expect_pong(b"a" * size)
    await deflated.close(1000, "a" * 100)
    deflated.expect_no_violation()


@rfc6455("5.5.1", MUST, "a compressed connection is closed like any other")
@pytest.mark.needs("answer")
async def test_compressed_connection_is_closed_in_good_order(deflated: DeflatedConnection) -> None:
    await deflated.send_compressed("the last words " * 50)
    await deflated.expect_echo("the last words " * 50)
    await deflated.send(close(1000))
    await deflated.expect_closed(code=(1000, None))


@rfc7692("6", MUST, "an ordinary violation fails a compressed connection as well")
@pytest.mark.parametrize("what", ["unmasked", "interrupted", "no start", "long ping"])
async def test_violation_fails_a_compressed_connection(deflated: DeflatedConnection, what: str) -> None:
    whole = deflated.compress("compressed")[0]
    if what == "unmasked":
        await deflated.send(whole, masked=False)
    elif what == "interrupted":
        await deflated.send(compressed_fragments([whole.payload, b""])[0], whole)
    elif what == "no start":
        await deflated.send(Frame(CONTINUATION, whole.payload))
    else:
        await deflated.send(ping(bytes(126)))
    await deflated.expect_failed()
