"""RFC 6455 §5.5.1 and §7.1: a server closes, well or badly."""

import pytest

from pytest_websocket import MUST, SHOULD, rfc6455
from pytest_websocket.fixtures import Conversation
from pytest_websocket.protocol.frames import CLOSE, Frame, close, continuation, ping, text


async def expect_answered(conversation: Conversation, *codes: int) -> None:
    """The client must answer the server's Close frame with one that carries one of the codes, or none."""
    await conversation.expect_closed([*codes, 1000, 1001, 1005])


@rfc6455("5.5.1", MUST, "a Close frame is answered with a Close frame", autobahn=["7.3.1", "7.3.3"])
@pytest.mark.parametrize("code", [None, 1000], ids=["without a code", "1000"])
async def test_close_is_answered(conversation: Conversation, code: int | None) -> None:
    await conversation.close(code)
    await expect_answered(conversation)


REASONS = {
    "ASCII": "bye",
    "UTF-8": "до свидания",
    "beyond the BMP": "\U0001f44b",
    "a zero byte": "good\0bye",
    "lines": "good\r\nbye",
    "123 bytes": "x" * 123,
    "123 bytes of UTF-8": "€" * 41,
}


@rfc6455("5.5.1", MUST, "a Close frame with a reason is answered", autobahn=["7.3.4", "7.3.5"])
@pytest.mark.parametrize("reason", REASONS.values(), ids=REASONS.keys())
async def test_close_with_a_reason_is_answered(conversation: Conversation, reason: str) -> None:
    await conversation.close(1000, reason)
    await expect_answered(conversation)


@rfc6455("5.5.1", MUST, "a Close frame after messages is answered, and the messages too", autobahn="7.1.1")
async def test_close_after_messages_is_answered(conversation: Conversation) -> None:
    await conversation.expect_echo("first")
    await conversation.expect_echo("second")
    await conversation.close(1000)
    await expect_answered(conversation)


@rfc6455("5.5.1", MUST, "a Close frame octet by octet is answered")
async def test_close_octet_by_octet_is_answered(conversation: Conversation) -> None:
    conversation.sent_close = True
    await conversation.send_in_pieces(close(1000, "good bye").encode(masked=False), 1)
    await conversation.expect_closed([1000, 1001, 1005])


@rfc6455("5.5.1", MUST, "a Close frame inside a message in fragments is answered", autobahn="7.1.5")
async def test_close_inside_a_message_is_answered(conversation: Conversation) -> None:
    await conversation.send_frame(text("never ended", fin=False))
    await conversation.close(1000)
    closing = await conversation.expect_closed()
    assert closing.code != 1006, "the Close frame was not answered"


AFTER = {
    "text": [text("too late")],
    "ping": [ping(b"too late")],
    "fragments": [text("too", fin=False), continuation("late")],
    "another Close": [close(1001)],
}


@rfc6455("5.5.1", MUST, "frames after a Close frame are not answered", autobahn=["7.1.2", "7.1.3", "7.1.4"])
@pytest.mark.parametrize("frames", AFTER.values(), ids=AFTER.keys())
async def test_frames_after_a_close_are_not_answered(conversation: Conversation, frames: list[Frame]) -> None:
    await conversation.send_bytes(b"".join(frame.encode(masked=False) for frame in (close(1000), *frames)))
    conversation.sent_close = True
    # A client may call a frame after the Close a protocol error, as a server must not send one.
    await conversation.expect_closed([1000, 1001, 1002, 1005])
    # What the client sends after its own Close frame is read as well, up to its end of TCP.
    conversation.half_close()
    await conversation.comes_true(lambda: conversation.tcp != "open", conversation.deadline)
    assert not conversation.unread
    assert not conversation.has_pong(b"too late")


@rfc6455("5.5.1", MUST, "a Close frame with half a code ends the connection", autobahn="7.3.2")
async def test_half_a_code_fails_the_connection(conversation: Conversation) -> None:
    await conversation.send_frame(Frame(CLOSE, b"\x03"))
    await conversation.expect_failed()


@rfc6455("5.5.1", SHOULD, "half a code is called a protocol error (1002)")
async def test_half_a_code_is_refused_with_1002(conversation: Conversation) -> None:
    await conversation.send_frame(Frame(CLOSE, b"\x03"))
    await conversation.expect_failed(1002)


@rfc6455("5.5.1", MUST, "a reason that is not UTF-8 ends the connection", autobahn="7.5.1")
@pytest.mark.parametrize("reason", [b"\xff", b"ok\xc0\x80", b"\xed\xa0\x80", b"cut \xe2\x82"])
async def test_reason_that_is_not_utf8_fails_the_connection(
    conversation: Conversation, reason: bytes
) -> None:
    await conversation.send_frame(close(1000, reason))
    await conversation.expect_failed()


@rfc6455("5.5.1", SHOULD, "a reason that is not UTF-8 is called an error (1007 or 1002)")
@pytest.mark.parametrize("reason", [b"\xff", b"\xed\xa0\x80", b"cut \xe2\x82"])
async def test_reason_that_is_not_utf8_is_called_an_error(conversation: Conversation, reason: bytes) -> None:
    await conversation.send_frame(close(1000, reason))
    await conversation.expect_failed([1002, 1007])


@rfc6455("7.1.4", MUST, "the end of TCP without a Close frame ends the connection, and the client")
@pytest.mark.parametrize("how", ["abort", "reset", "half_close"])
async def test_end_of_tcp_ends_the_client(conversation: Conversation, how: str) -> None:
    await conversation.expect_echo("before")
    getattr(conversation, how)()
    assert await conversation.comes_true(lambda: conversation.tcp != "open", conversation.deadline)


@rfc6455("7.1.1", SHOULD, "after the closing handshake the server ends TCP first: the client waits for it")
async def test_client_lets_the_server_end_tcp(conversation: Conversation) -> None:
    await conversation.send_frame(close(1000))
    await conversation.expect_closed([1000, 1001, 1005])
    early = await conversation.comes_true(lambda: conversation.tcp != "open", conversation.deadline / 25)
    assert not early, f"the client ended TCP at once: {conversation.recording.ended}"
    conversation.close_tcp()
