"""RFC 6455 §5.5: Ping and Pong of a server, and control frames that break the rules."""

import pytest

from pytest_websocket import MUST, SHOULD, rfc6455
from pytest_websocket.fixtures import Conversation
from pytest_websocket.protocol.frames import CLOSE, PING, PONG, Frame, continuation, ping, pong, text

LONGEST = bytes(range(125))


@rfc6455("5.5.2", MUST, "a Ping is answered with a Pong", autobahn=["2.1", "2.2", "2.3", "2.4"])
@pytest.mark.parametrize(
    "payload",
    [b"", b"hello", b"\x00\xff\xfe", LONGEST],
    ids=["empty", "text", "no UTF-8", "125 bytes"],
)
async def test_ping_is_answered_with_its_payload(conversation: Conversation, payload: bytes) -> None:
    await conversation.ping(payload)


@rfc6455("5.5.2", MUST, "a Ping in pieces is answered")
async def test_ping_octet_by_octet_is_answered(conversation: Conversation) -> None:
    await conversation.send_in_pieces(ping(b"slowly").encode(masked=False), 1)
    await conversation.send_frame(text("after it"))
    await conversation.expect("after it")
    assert conversation.has_pong(b"slowly")


@rfc6455(
    "5.5.3", MUST, "of Pings on their way at least the last is answered, in order", autobahn=["2.10", "2.11"]
)
@pytest.mark.parametrize("count", [2, 10])
async def test_pings_are_answered_in_order(conversation: Conversation, count: int) -> None:
    payloads = [b"%d" % number for number in range(count)]
    await conversation.send_frame(*map(ping, payloads))
    await conversation.send_frame(text("after them"))
    await conversation.expect("after them")
    answered = list(iter(conversation.take_pong, None))
    assert answered[-1:] == payloads[-1:], f"the last Ping was not answered: {answered}"
    assert answered == sorted(answered), f"Pongs out of order: {answered}"
    assert len(set(answered)) == len(answered), f"a Ping was answered twice: {answered}"


@rfc6455("5.5.2", MUST, "a Ping before a message is answered, and the message is not lost")
async def test_ping_and_message_in_one_segment(conversation: Conversation) -> None:
    await conversation.send_bytes(ping(b"p").encode(masked=False) + text("m").encode(masked=False))
    await conversation.expect("m")
    assert await conversation.comes_true(lambda: conversation.has_pong(b"p"), conversation.deadline)


@rfc6455("5.5.3", MUST, "a Pong that nothing asked for is ignored", autobahn=["2.7", "2.8", "2.9"])
@pytest.mark.parametrize("payload", [b"", b"unsolicited", LONGEST], ids=["empty", "text", "125 bytes"])
async def test_unsolicited_pong_is_ignored(conversation: Conversation, payload: bytes) -> None:
    await conversation.send_frame(pong(payload))
    await conversation.expect_echo("still served")


@rfc6455("5.5", MUST, "a control frame with more than 125 bytes ends the connection", autobahn="2.5")
@pytest.mark.parametrize("size", [126, 127, 65536])
@pytest.mark.parametrize("opcode", [PING, PONG, CLOSE], ids=["ping", "pong", "close"])
async def test_long_control_frame_fails_the_connection(
    conversation: Conversation, opcode: int, size: int
) -> None:
    await conversation.send_frame(Frame(opcode, b"\x03\xe8" + b"x" * (size - 2)))
    await conversation.expect_failed()


@rfc6455("5.5", MUST, "a control frame in fragments ends the connection", autobahn=["5.1", "5.2"])
@pytest.mark.parametrize("opcode", [PING, PONG, CLOSE], ids=["ping", "pong", "close"])
@pytest.mark.parametrize("complete", [True, False], ids=["continued", "never continued"])
async def test_fragmented_control_frame_fails_the_connection(
    conversation: Conversation, opcode: int, complete: bool
) -> None:
    await conversation.send_frame(Frame(opcode, b"\x03\xe8", fin=False))
    if complete:
        await conversation.send_frame(continuation("rest"))
    await conversation.expect_failed()


@rfc6455("5.5", SHOULD, "the Close frame that answers a wrong control frame carries 1002")
@pytest.mark.parametrize(
    "frame",
    [
        ping(bytes(126)),
        Frame(PING, b"x", fin=False),
        pong(bytes(126)),
        Frame(CLOSE, b"\x03\xe8" + b"x" * 124),
        Frame(CLOSE, b"\x03\xe8", fin=False),
    ],
    ids=["long", "cut", "pong", "long Close", "cut Close"],
)
async def test_wrong_control_frame_is_refused_with_1002(conversation: Conversation, frame: Frame) -> None:
    await conversation.send_frame(frame)
    await conversation.expect_failed(1002)
