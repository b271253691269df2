"""RFC 6455 §5.2, §5.4, §6.2: nothing is lost of large messages, of many, and of what stands behind them."""

from collections.abc import Callable

import pytest

from pytest_websocket import MUST, rfc6455
from pytest_websocket.fixtures import Conversation
from pytest_websocket.protocol.frames import Frame, binary, continuation, ping, text
from pytest_websocket.protocol.payloads import bytes_of, text_of

SIZES = [100_000, 300_000, (1 << 20) + 1]
FRAGMENT = 16 << 10
COUNT = 300


def frames_of(message: str | bytes, size: int) -> list[Frame]:
    """The message in fragments of ``size`` bytes."""
    data = message.encode() if isinstance(message, str) else message
    pieces = [data[start : start + size] for start in range(0, len(data), size)]
    first = text if isinstance(message, str) else binary
    frames = [first(pieces[0], fin=False), *(continuation(piece, fin=False) for piece in pieces[1:])]
    return [*frames, continuation("")]


async def expect_whole_or_refused(conversation: Conversation, message: str | bytes) -> None:
    """The client must send the message back as it is, or end the connection, as its limits allow (§10.4)."""
    await conversation.comes_true(
        lambda: bool(conversation.unread) or conversation.over, 4 * conversation.deadline
    )
    if conversation.unread:
        await conversation.expect(message)
        await conversation.expect_echo("still served")
    else:
        await conversation.expect_failed()


@rfc6455("6.2", MUST, "a large message is received whole, or refused")
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("of", [text_of, bytes_of], ids=["text", "binary"])
@pytest.mark.parametrize("fragments", [False, True], ids=["one frame", "fragments"])
async def test_large_message_is_received_whole_or_refused(
    conversation: Conversation, size: int, of: Callable[[int], str | bytes], fragments: bool
) -> None:
    message = of(size)
    if fragments:
        await conversation.send_frame(*frames_of(message, FRAGMENT))
    else:
        await conversation.send_frame(text(message) if isinstance(message, str) else binary(message))
    await expect_whole_or_refused(conversation, message)


@rfc6455("5.2", MUST, "frames directly behind a long one are read")
@pytest.mark.parametrize("size", [1000, 4096, 65536, 70_000])
async def test_frames_behind_a_long_one_are_read(conversation: Conversation, size: int) -> None:
    frames = (text(text_of(size)), text("behind it"), ping(b"at last"), text("the end"))
    await conversation.send_bytes(b"".join(frame.encode(masked=False) for frame in frames))
    for message in (text_of(size), "behind it", "the end"):
        await conversation.expect(message)
    assert await conversation.comes_true(lambda: conversation.has_pong(b"at last"), conversation.deadline)


@rfc6455("6.2", MUST, "of many messages each is received once, in their order")
@pytest.mark.parametrize("segments", [1, COUNT], ids=["at once", "one by one"])
async def test_many_messages_are_received_in_order(conversation: Conversation, segments: int) -> None:
    messages = [f"message {number}" for number in range(COUNT)]
    if segments == 1:
        await conversation.send_bytes(b"".join(text(one).encode(masked=False) for one in messages))
    else:
        for one in messages:
            await conversation.send_bytes(text(one).encode(masked=False))
    for one in messages:
        await conversation.expect(one)
    await conversation.expect_echo("the end")
