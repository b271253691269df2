"""RFC 6455 §5.4: messages of a server in several frames."""

import pytest

from pytest_websocket import MUST, SHOULD, rfc6455
from pytest_websocket.fixtures import Conversation
from pytest_websocket.protocol.frames import Frame, binary, continuation, ping, pong, text


@rfc6455("5.4", MUST, "a message in fragments is one message", autobahn=["5.3", "5.4", "5.5"])
@pytest.mark.parametrize("parts", [["a", "b"], ["a"] * 10, ["", "a", ""], ["", ""], ["hello ", "", "world"]])
async def test_fragments_are_one_message(conversation: Conversation, parts: list[str]) -> None:
    first, *middle, last = parts
    frames = [text(first, fin=False), *(continuation(part, fin=False) for part in middle), continuation(last)]
    await conversation.send_frame(*frames)
    await conversation.expect("".join(parts))


@rfc6455("5.4", MUST, "a binary message in fragments is one message")
async def test_binary_fragments_are_one_message(conversation: Conversation) -> None:
    await conversation.send_frame(
        binary(b"\x00", fin=False), continuation(b"\xfe", fin=False), continuation(b"\xff")
    )
    await conversation.expect(b"\x00\xfe\xff")


@rfc6455("5.4", MUST, "fragments are read however TCP cuts them")
async def test_fragments_octet_by_octet(conversation: Conversation) -> None:
    frames = (text("frag", fin=False), continuation("ment", fin=False), continuation("s"))
    await conversation.send_in_pieces(b"".join(frame.encode(masked=False) for frame in frames), 1)
    await conversation.expect("fragments")


@rfc6455(
    "5.4", MUST, "a Ping between fragments is answered before the message ends", autobahn=["5.6", "5.19"]
)
async def test_ping_between_fragments_is_answered(conversation: Conversation) -> None:
    await conversation.send_frame(text("first ", fin=False))
    await conversation.ping(b"between")
    assert not conversation.unread
    await conversation.send_frame(continuation("second"))
    await conversation.expect("first second")


@rfc6455("5.4", MUST, "a Ping behind each of several fragments is answered")
async def test_ping_behind_every_fragment_is_answered(conversation: Conversation) -> None:
    await conversation.send_frame(text("0", fin=False))
    for number in range(1, 6):
        await conversation.ping(b"behind %d" % number)
        await conversation.send_frame(continuation(str(number), fin=False))
    await conversation.ping(b"")
    await conversation.send_frame(continuation("6"))
    await conversation.expect("0123456")


@rfc6455("5.4", MUST, "a Pong between fragments is ignored")
async def test_pong_between_fragments_is_ignored(conversation: Conversation) -> None:
    await conversation.send_frame(text("first ", fin=False), pong(b"unasked"), continuation("second"))
    await conversation.expect("first second")


@rfc6455("5.4", MUST, "two messages in fragments do not mix")
async def test_messages_in_fragments_do_not_mix(conversation: Conversation) -> None:
    for word in ("one", "two"):
        await conversation.send_frame(text(word, fin=False), continuation(word))
    await conversation.expect("oneone")
    await conversation.expect("twotwo")


@rfc6455("5.4", MUST, "a continuation of nothing ends the connection", autobahn=["5.9-14"])
@pytest.mark.parametrize("fin", [True, False], ids=["last", "more follow"])
@pytest.mark.parametrize("payload", ["", "hello"], ids=["empty", "with a payload"])
async def test_continuation_of_nothing_fails_the_connection(
    conversation: Conversation, payload: str, fin: bool
) -> None:
    await conversation.send_frame(continuation(payload, fin=fin))
    await conversation.expect_failed()


@rfc6455("5.4", MUST, "a continuation after the end of a message ends the connection", autobahn="5.15")
async def test_continuation_after_the_end_fails_the_connection(conversation: Conversation) -> None:
    await conversation.send_frame(text("one ", fin=False), continuation("message"))
    await conversation.expect("one message")
    await conversation.send_frame(continuation("and more"))
    await conversation.expect_failed()


@rfc6455("5.4", MUST, "a new message inside a message in fragments ends the connection", autobahn="5.18")
@pytest.mark.parametrize("second", [text("new"), binary(b"new"), text("new", fin=False)], ids=str)
async def test_message_inside_a_message_fails_the_connection(
    conversation: Conversation, second: Frame
) -> None:
    await conversation.send_frame(text("old", fin=False), second)
    await conversation.expect_failed()


@rfc6455("5.4", SHOULD, "the Close frame that answers a wrong fragment carries 1002")
@pytest.mark.parametrize(
    "frames",
    [[continuation("hello")], [text("old", fin=False), text("new")], [ping(), continuation("x", fin=False)]],
    ids=["continuation of nothing", "message in a message", "continuation after a ping"],
)
async def test_wrong_fragment_is_refused_with_1002(conversation: Conversation, frames: list[Frame]) -> None:
    await conversation.send_frame(*frames)
    await conversation.expect_failed(1002)
