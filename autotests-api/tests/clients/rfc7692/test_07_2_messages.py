"""RFC 7692 §6, §7.2: compressed messages of a server, and of the client."""

import os
import zlib

import pytest

from pytest_websocket import MUST, SHOULD, rfc7692
from pytest_websocket.plugin.client_compression import Agree
from pytest_websocket.protocol.deflate import Deflater
from pytest_websocket.protocol.deflate_blocks import Blocks
from pytest_websocket.protocol.frames import Frame, continuation, text
from pytest_websocket.protocol.payloads import bytes_of, text_of


def second_of(message: str) -> bytes:
    """Returns a compressed message that refers to one before it, which is not sent."""
    deflater = Deflater()
    return [deflater.deflate(message.encode()) for _ in range(2)][1]


BROKEN = {
    "a reserved block": b"\x07",
    "no deflate at all": b"\xff\xff\xff\xff\xff",
    "a stored block of another length": b"\x00\x05\x00\x00\x00hello",
    "a reference before the start": second_of("words that return in the second message"),
}


@rfc7692("7.2.2", MUST, "compressed messages of any length are read")
@pytest.mark.parametrize("size", [0, 1, 125, 126, 1000, 65535, 70_000])
async def test_compressed_text_is_read(agree_with_client: Agree, size: int) -> None:
    await (await agree_with_client()).expect_echo(text_of(size))


@rfc7692("7.2.2", MUST, "compressed binary messages are read, what cannot be compressed too")
@pytest.mark.parametrize("data", [b"", bytes_of(1000), os.urandom(5000)], ids=["empty", "1000", "random"])
async def test_compressed_binary_is_read(agree_with_client: Agree, data: bytes) -> None:
    await (await agree_with_client()).expect_echo(data)


@rfc7692("6.1", MUST, "each message is compressed or not, as its first frame says")
async def test_compressed_and_plain_messages_take_turns(agree_with_client: Agree) -> None:
    compressed = await agree_with_client()
    for number in range(3):
        await compressed.expect_echo(f"compressed {number}" * 5)
        await compressed.conversation.expect_echo(f"plain {number}" * 5)


@rfc7692("6.1", MUST, "a compressed message in fragments has RSV1 on its first frame only")
@pytest.mark.parametrize("size", [1, 7])
async def test_compressed_message_in_fragments_is_read(agree_with_client: Agree, size: int) -> None:
    compressed = await agree_with_client()
    data = compressed.deflater.deflate(b"in fragments, in fragments, in fragments")
    pieces = [data[start : start + size] for start in range(0, len(data), size)]
    frames = [Frame(1, pieces[0], fin=False, rsv1=True)]
    frames += [Frame(0, piece, fin=False) for piece in pieces[1:]]
    await compressed.conversation.send_frame(*frames, continuation(""))
    await compressed.conversation.expect("in fragments, in fragments, in fragments")


@rfc7692("7.2.3.2", MUST, "the window reaches from message to message")
async def test_window_is_kept(agree_with_client: Agree) -> None:
    compressed = await agree_with_client()
    if not compressed.deflater.takeover:
        pytest.skip("the client asks the server to keep no window")
    for _ in range(5):
        await compressed.expect_echo("the same words in each message, the same words in each message")


@rfc7692("7.2.3.2", MUST, "the window reaches back over messages between")
@pytest.mark.parametrize("between", [1, 5])
async def test_window_reaches_over_messages_between(agree_with_client: Agree, between: int) -> None:
    compressed = await agree_with_client()
    if not compressed.deflater.takeover:
        pytest.skip("the client asks the server to keep no window")
    first = os.urandom(50).hex()
    for message in (first, *(os.urandom(40).hex() for _ in range(between)), first):
        await compressed.expect_echo(message)


@rfc7692("7.2.3.2", MUST, "a message that is not compressed leaves the window as it is")
async def test_plain_message_leaves_the_window_alone(agree_with_client: Agree) -> None:
    compressed = await agree_with_client()
    words = os.urandom(50).hex()
    await compressed.expect_echo(words)
    await compressed.conversation.expect_echo(os.urandom(5000).hex())
    await compressed.conversation.ping(b"not compressed either")
    await compressed.expect_echo(words)


FINAL = {
    "fixed": (Blocks().fixed(b"Hello", final=True).align().message(), "Hello"),
    "stored": (Blocks().stored(b"Hello", final=True).message(), "Hello"),
    "empty fixed": (Blocks().fixed(final=True).align().message(), ""),
    "behind another block": (Blocks().fixed(b"He").fixed(b"llo", final=True).align().message(), "Hello"),
}


@rfc7692("7.2.3.4", MUST, "a message whose last block has BFINAL is understood")
@pytest.mark.parametrize(("data", "message"), FINAL.values(), ids=FINAL.keys())
async def test_message_that_ends_in_a_final_block_is_read(
    agree_with_client: Agree, data: bytes, message: str
) -> None:
    conversation = (await agree_with_client()).conversation
    await conversation.send_frame(Frame(1, data, rsv1=True))
    await conversation.expect(message)


@rfc7692("7.1.1.1", MUST, "a server may forget its window although that was not agreed on")
async def test_server_may_forget_its_window(agree_with_client: Agree) -> None:
    compressed = await agree_with_client()
    compressed.deflater.takeover = False
    for number in range(3):
        await compressed.expect_echo(f"fresh {number}, the same words in each message")


@rfc7692("7.2.2", MUST, "every kind of DEFLATE block is read")
@pytest.mark.parametrize(
    ("level", "strategy"),
    [(0, zlib.Z_DEFAULT_STRATEGY), (6, zlib.Z_FIXED), (9, zlib.Z_DEFAULT_STRATEGY), (6, zlib.Z_HUFFMAN_ONLY)],
    ids=["stored", "fixed", "dynamic", "without references"],
)
async def test_every_kind_of_block_is_read(agree_with_client: Agree, level: int, strategy: int) -> None:
    compressed = await agree_with_client()
    data = Deflater(level=level, strategy=strategy).deflate(b"blocks and blocks and blocks")
    await compressed.conversation.send_frame(Frame(1, data, rsv1=True))
    await compressed.conversation.expect("blocks and blocks and blocks")


@rfc7692("6", MUST, "RSV1 on a frame that starts no message ends the connection")
@pytest.mark.parametrize("opcode", [8, 9, 10], ids=["close", "ping", "pong"])
async def test_rsv1_on_a_control_frame_fails_the_connection(agree_with_client: Agree, opcode: int) -> None:
    conversation = (await agree_with_client()).conversation
    await conversation.send_frame(Frame(opcode, b"\x03\xe8", rsv1=True))
    await conversation.expect_failed()


@rfc7692("6.1", MUST, "RSV1 on a continuation ends the connection")
@pytest.mark.parametrize("first", [True, False], ids=["of a compressed message", "of a plain message"])
async def test_rsv1_on_a_continuation_fails_the_connection(agree_with_client: Agree, first: bool) -> None:
    compressed = await agree_with_client()
    data = compressed.deflater.deflate(b"hello") if first else b"hello"
    await compressed.conversation.send_frame(
        Frame(1, data[:2], fin=False, rsv1=first), Frame(0, data[2:], rsv1=True)
    )
    await compressed.conversation.expect_failed()


@rfc7692("6", MUST, "other reserved bits still end the connection")
@pytest.mark.parametrize("bits", [{"rsv2": True}, {"rsv3": True}], ids=["RSV2", "RSV3"])
async def test_other_reserved_bits_fail_the_connection(
    agree_with_client: Agree, bits: dict[str, bool]
) -> None:
    compressed = await agree_with_client()
    data = compressed.deflater.deflate(b"hello")
    await compressed.conversation.send_frame(Frame(1, data, rsv1=True, **bits))
    await compressed.conversation.expect_failed()


@rfc7692("7.2.2", MUST, "data that cannot be inflated ends the connection")
@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN.keys())
async def test_broken_data_fails_the_connection(agree_with_client: Agree, data: bytes) -> None:
    conversation = (await agree_with_client()).conversation
    await conversation.send_frame(Frame(1, data, rsv1=True))
    await conversation.expect_failed()


@rfc7692("7.2.2", MUST, "compressed text that is not UTF-8 ends the connection")
@pytest.mark.parametrize("data", [b"\xff", b"good \xed\xa0\x80", b"cut \xe2\x82"])
async def test_compressed_text_is_judged(agree_with_client: Agree, data: bytes) -> None:
    compressed = await agree_with_client()
    await compressed.conversation.send_frame(Frame(1, compressed.deflater.deflate(data), rsv1=True))
    await compressed.conversation.expect_failed()


@rfc7692("7.2.2", SHOULD, "the Close frame that answers broken data says so (1007, 1002 or 1011)")
async def test_broken_data_is_called_an_error(agree_with_client: Agree) -> None:
    conversation = (await agree_with_client()).conversation
    await conversation.send_frame(Frame(1, b"\x07", rsv1=True))
    await conversation.expect_failed([1002, 1007, 1011])


@rfc7692("7.1.1.2", MUST, "a client that must not keep its window compresses each message on its own")
async def test_client_forgets_its_window(agree_with_client: Agree) -> None:
    compressed = await agree_with_client("client_no_context_takeover")
    for _ in range(3):
        await compressed.expect_echo("words that return in each message " * 10)


@rfc7692("7.1.2.2", MUST, "a client whose window is limited looks back no farther")
@pytest.mark.parametrize("bits", [9, 10, 12])
async def test_client_keeps_to_its_window(agree_with_client: Agree, bits: int) -> None:
    compressed = await agree_with_client(f"client_max_window_bits={bits}")
    block = os.urandom(1 << bits).hex()
    await compressed.expect_echo(block + text("x").payload.decode() + block)
