"""RFC 6455 §10.4: a server cannot use up a client's memory or time."""

import asyncio
import zlib

import pytest

from pytest_websocket import MUST, SHOULD, rfc6455, security
from pytest_websocket.fixtures import ClientUnderTest, Conversation
from pytest_websocket.plugin.client_compression import Agree, answer_to, offer_of
from pytest_websocket.protocol.deflate import Inflater
from pytest_websocket.protocol.frames import Frame, binary, continuation, ping
from pytest_websocket.protocol.reader import Message
from pytest_websocket.raw.ending import NotReceived

LIMIT = 8 << 20
"""Bytes of an answer's head that a client may read."""

PIECE = 64 << 10

FLOOD = 2 << 20
"""Bytes of Pings."""


async def answer_of(conversation: Conversation) -> Message | None:
    """The client's message, or None where it refuses; a slow one comes before the answer to a Close frame."""
    await conversation.comes_true(
        lambda: bool(conversation.unread) or conversation.over, conversation.deadline
    )
    await conversation.close()
    return conversation.take_message()


@security(
    cwe=770,
    asvs="15.2.2",
    severity="medium",
    gain="An answer that never ends keeps the client waiting, and fills its memory.",
)
@rfc6455("10.4", SHOULD, "an answer whose head has no end is given up")
@pytest.mark.parametrize(
    ("start", "line"),
    [(b"", b"X-More: " + b"a" * 1000 + b"\r\n"), (b"X-Long: ", b"a" * 1000)],
    ids=["many headers", "one header"],
)
async def test_head_without_end_is_given_up(
    client_under_test: ClientUnderTest, start: bytes, line: bytes
) -> None:
    conversation = await client_under_test.requested()
    await conversation.answer(
        b"HTTP/1.1 101 Switching Protocols\r\nX-Long: a" + b"\r\n" * line.endswith(b"\r\n")
    )
    piece = line * (PIECE // len(line))
    for _ in range(LIMIT // len(piece)):
        if conversation.tcp != "open":
            return
        await conversation.send_bytes(piece)
    assert await conversation.comes_true(lambda: conversation.tcp != "open", conversation.deadline / 5)


@security(
    cwe=409,
    cve="CVE-2026-1526",
    asvs="15.2.2",
    gain="A server sends some kilobytes that inflate until the client's memory is used up.",
)
@rfc6455("10.4", MUST, "a compressed message that is a thousand times larger when inflated ends no client")
async def test_compression_bomb_ends_no_client(agree_with_client: Agree) -> None:
    compressed = await agree_with_client()
    bomb = bytes((16 << 20) + 1)
    await compressed.send(bomb)
    # Sent back or refused: both protect the client. A client that crashes is found when it exits.
    message = await answer_of(compressed.conversation)
    assert message is None or message.data == bomb, "a part of the message was sent back"


@security(cwe=770, asvs="15.2.2", gain="A server that sends next to nothing, very often, ends the client.")
@rfc6455("10.4", MUST, "hundreds of Pings, and of empty fragments, end no client")
async def test_many_small_frames_end_no_client(conversation: Conversation) -> None:
    await conversation.send_bytes(ping(b"p").encode(masked=False) * 500)
    await conversation.send_bytes(binary(b"", fin=False).encode(masked=False))
    await conversation.send_bytes(continuation(b"", fin=False).encode(masked=False) * 1500)
    await conversation.send_frame(continuation(b"end"))
    message = await answer_of(conversation)
    assert message is None or message.data == b"end"


@security(
    cwe=770,
    cve="CVE-2026-11586",
    asvs="15.2.2",
    gain="A server that sends Pings and reads no Pong fills the client's memory with them.",
)
@rfc6455("10.4", MUST, "Pings whose Pongs are not read end no client")
async def test_pings_whose_pongs_are_not_read_end_no_client(conversation: Conversation) -> None:
    conversation.pause_reading()
    pings = ping(bytes(125)).encode(masked=False) * 500
    for _ in range(FLOOD // len(pings)):
        if conversation.tcp != "open":
            break
        try:
            await asyncio.wait_for(conversation.send_bytes(pings), conversation.deadline / 5)
        except (NotReceived, TimeoutError):
            # It waits for its Pongs to be read, which protects it.
            break
    conversation.resume_reading()
    # A client that crashes is found when it exits.
    await conversation.comes_true(lambda: conversation.has_pong() or conversation.over, conversation.deadline)


@security(
    cwe=190,
    cve="CVE-2026-1528",
    asvs="1.4.2",
    gain="A server whose frame announces a length that overflows a number ends the client.",
)
@rfc6455("10.4", MUST, "a length that no memory holds ends no client")
@pytest.mark.parametrize("length", [1 << 31, 1 << 32, 1 << 53, (1 << 63) - 1])
async def test_length_that_no_memory_holds_ends_no_client(conversation: Conversation, length: int) -> None:
    await conversation.send_frame(binary(b"hello"), length=length, length_bits=64)
    # Refused or waited for: both protect the client. A client that crashes is found when it exits.
    await conversation.comes_true(lambda: conversation.over, conversation.deadline / 10)


@security(
    cwe=248,
    cve="CVE-2026-2229",
    asvs="16.5.1",
    gain="A server that answers with a window that does not exist raises an error that ends the client.",
)
@rfc6455("10.4", MUST, "an answer with a window that does not exist ends no client")
@pytest.mark.parametrize("bits", ["7", "16", "1000", "-1"])
async def test_window_that_does_not_exist_ends_no_client(
    client_under_test: ClientUnderTest, bits: str
) -> None:
    conversation = await client_under_test.requested()
    answer = answer_to(offer_of(conversation), [f"server_max_window_bits={bits}"])
    # A client that opens the connection may send compressed messages: that it opens is judged elsewhere.
    await conversation.accept(extensions=answer, inflate=Inflater())
    packer = zlib.compressobj(wbits=-15)
    data = packer.compress(b"hello") + packer.flush(zlib.Z_SYNC_FLUSH)
    await conversation.send_frame(Frame(1, data.removesuffix(b"\x00\x00\xff\xff"), rsv1=True))
    await conversation.comes_true(
        lambda: bool(conversation.unread) or conversation.over, conversation.deadline / 5
    )
    conversation.take_message()
