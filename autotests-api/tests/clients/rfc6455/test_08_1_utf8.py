"""RFC 6455 §8.1: text of a server is UTF-8; what is not ends the connection."""

import pytest

from pytest_websocket import MUST, SHOULD, rfc6455
from pytest_websocket.fixtures import Conversation
from pytest_websocket.protocol.frames import CONTINUATION, Frame, continuation, text

VALID = {
    "two bytes": "ж",
    "three bytes": "€",
    "four bytes": "\U0001f600",
    "all lengths": "a\u00e9€\U00024b62",
    "NUL": "\x00",
    "end of one byte": "\x7f",
    "end of two bytes": "\u07ff",
    "end of three bytes": "\uffff",
    "end of four bytes": "\U0010ffff",
    "before the surrogates": "\ud7ff",
    "after the surrogates": "\ue000",
    "replacement character": "\ufffd",
    "combining": "e\u0301",
    "no character": "\ufffe\U0001fffe",
}
INVALID = {
    "a byte that never stands": b"\xff",
    "a lone continuation byte": b"\x80",
    "two continuation bytes": b"a\xbf\xbf",
    "slash in two bytes": b"\xc0\xaf",
    "NUL in two bytes": b"\xc0\x80",
    "NUL in three bytes": b"\xe0\x80\x80",
    "NUL in four bytes": b"\xf0\x80\x80\x80",
    "overlong of three": b"\xe0\x9f\xbf",
    "overlong of four": b"\xf0\x8f\xbf\xbf",
    "high surrogate": b"\xed\xa0\x80",
    "low surrogate": b"\xed\xbf\xbf",
    "surrogate pair": b"\xed\xa0\x80\xed\xb0\x80",
    "beyond U+10FFFF": b"\xf4\x90\x80\x80",
    "five bytes": b"\xf8\x88\x80\x80\x80",
    "six bytes": b"\xfc\x84\x80\x80\x80\x80",
    "cut of two": b"cut \xd0",
    "cut of three": b"cut \xe2\x82",
    "cut of four": b"cut \xf0\x9f\x98",
    "cut in the middle": b"cut \xe2\x82 here",
}


@rfc6455("8.1", MUST, "every legal UTF-8 sequence is taken", autobahn=["6.2", "6.7", "6.9"])
@pytest.mark.parametrize("message", VALID.values(), ids=VALID.keys())
async def test_legal_utf8_is_taken(conversation: Conversation, message: str) -> None:
    await conversation.expect_echo(message)


# RFC 3629 §6 leaves it to a protocol whether a mark at the start belongs to the text, and RFC 6455 is silent.
@rfc6455("8.1", SHOULD, "a byte order mark at the start of a message is a part of the message")
async def test_byte_order_mark_is_kept(conversation: Conversation) -> None:
    await conversation.expect_echo("\ufeffhello")


@rfc6455("8.1", MUST, "a character may be cut by fragments", autobahn="6.2.4")
@pytest.mark.parametrize("message", ["ж", "€", "\U0001f600"])
async def test_character_may_be_cut_by_fragments(conversation: Conversation, message: str) -> None:
    first, *others = (bytes([byte]) for byte in message.encode())
    frames = [text(first, fin=False), *(Frame(CONTINUATION, byte, fin=False) for byte in others)]
    await conversation.send_frame(*frames, continuation(""))
    await conversation.expect(message)


@rfc6455(
    "8.1", MUST, "text that is not UTF-8 ends the connection and is not answered", autobahn=["6.3", "6.6"]
)
@pytest.mark.parametrize("data", INVALID.values(), ids=INVALID.keys())
async def test_illegal_utf8_fails_the_connection(conversation: Conversation, data: bytes) -> None:
    await conversation.send_frame(text(data))
    await conversation.expect_failed()


@rfc6455("8.1", MUST, "illegal UTF-8 anywhere in a long message ends the connection")
@pytest.mark.parametrize("where", [0, 100_000, 200_000], ids=["at the start", "in the middle", "at the end"])
async def test_illegal_utf8_anywhere_fails_the_connection(conversation: Conversation, where: int) -> None:
    await conversation.send_frame(text(b"x" * where + b"\xed\xa0\x80" + b"x" * (200_000 - where)))
    await conversation.expect_failed()


@rfc6455("8.1", MUST, "illegal UTF-8 in fragments ends the connection", autobahn=["6.3.2", "6.4"])
@pytest.mark.parametrize("parts", [(b"\xff", b"ok"), (b"ok", b"\xff"), (b"\xe2", b"(\xa1"), (b"\xd0", b"")])
async def test_illegal_utf8_in_fragments_fails_the_connection(
    conversation: Conversation, parts: tuple[bytes, bytes]
) -> None:
    await conversation.send_frame(text(parts[0], fin=False), Frame(CONTINUATION, parts[1]))
    await conversation.expect_failed()


@rfc6455("8.1", MUST, "text is judged after good messages as well")
async def test_illegal_utf8_after_good_messages_fails_the_connection(conversation: Conversation) -> None:
    await conversation.expect_echo("good")
    await conversation.send_frame(text(b"bad \xff"))
    await conversation.expect_failed()


@rfc6455("7.4.1", SHOULD, "the Close frame that answers illegal UTF-8 carries 1007")
@pytest.mark.parametrize("data", [b"\xff", b"\xed\xa0\x80", b"cut \xe2\x82"])
async def test_illegal_utf8_is_refused_with_1007(conversation: Conversation, data: bytes) -> None:
    await conversation.send_frame(text(data))
    await conversation.expect_failed(1007)
