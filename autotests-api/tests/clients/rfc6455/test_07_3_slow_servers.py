"""RFC 6455 §7.3: a client does not close arbitrarily; it waits for a server that is slow.

§4.1, §5.5.2: what it sends, and when.
"""

import pytest

from pytest_websocket import MAY, MUST, SHOULD, rfc6455
from pytest_websocket.fixtures import ClientUnderTest, Conversation, RecordProperty
from pytest_websocket.protocol.frames import PING, continuation, ping, text
from pytest_websocket.protocol.handshake import accept_value
from pytest_websocket.protocol.request import response

LONG = text("slow " * 60).encode(masked=False)
CYRILLIC = text("до").encode(masked=False)
PARTS = {
    "in the first two bytes": (LONG, 1),
    "before the extended length": (LONG, 2),
    "in the extended length": (LONG, 3),
    "before the payload": (LONG, 4),
    "in the payload": (LONG, 100),
    "before the last byte": (LONG, len(LONG) - 1),
    "in a character": (CYRILLIC, 3),
}


@rfc6455("7.3", SHOULD, "a client waits for a frame that stands still in its middle")
@pytest.mark.parametrize(("frame", "place"), PARTS.values(), ids=PARTS.keys())
async def test_frame_that_stands_still_is_waited_for(
    conversation: Conversation, frame: bytes, place: int
) -> None:
    await conversation.send_bytes(frame[:place])
    await conversation.stay_open(conversation.deadline / 10)
    assert not conversation.unread, "the client answered half a message"
    await conversation.send_bytes(frame[place:])
    await conversation.expect("до" if frame is CYRILLIC else "slow " * 60)


@rfc6455("7.3", SHOULD, "a client waits for a message whose bytes come one by one")
@pytest.mark.parametrize("data", [text("drip").encode(masked=False), ping(b"drip").encode(masked=False)])
async def test_bytes_that_drip_are_waited_for(conversation: Conversation, data: bytes) -> None:
    for place in range(len(data)):
        await conversation.send_bytes(data[place : place + 1])
        await conversation.stay_open(conversation.deadline / 50)
    await conversation.send_frame(text("after it"))
    first = await conversation.receive()
    assert first == "after it" or (first, await conversation.receive()) == ("drip", "after it")


@rfc6455("7.3", SHOULD, "a client waits for the rest of a message in fragments")
async def test_fragment_that_comes_late_is_waited_for(conversation: Conversation) -> None:
    await conversation.send_frame(text("first ", fin=False))
    await conversation.stay_open(conversation.deadline / 5)
    await conversation.send_frame(continuation("second"))
    await conversation.expect("first second")


@rfc6455("7.3", SHOULD, "a client goes on with a connection on which nothing is said for a while")
async def test_silence_does_not_end_the_connection(conversation: Conversation) -> None:
    await conversation.stay_open(conversation.deadline / 5)
    await conversation.expect_echo("after the silence")


@rfc6455("5.5.2", MUST, "a Ping after a silence, and each after it, is answered")
async def test_ping_after_a_silence_is_answered(conversation: Conversation) -> None:
    for number in range(3):
        await conversation.stay_open(conversation.deadline / 20)
        await conversation.ping(b"%d" % number)


@rfc6455("7.3", SHOULD, "a client waits for an answer that stands still in its middle")
@pytest.mark.parametrize("place", [1, 13, 40, -3, -1])
async def test_answer_that_stands_still_is_waited_for(client_under_test: ClientUnderTest, place: int) -> None:
    conversation = await client_under_test.requested()
    accept = ("Sec-WebSocket-Accept", accept_value(conversation.request.key))
    answer = response(101, [("Upgrade", "websocket"), ("Connection", "Upgrade"), accept])
    await conversation.answer(answer[:place])
    await conversation.stay_open(conversation.deadline / 10)
    await conversation.send_bytes(answer[place:])
    await conversation.expect_echo("opened")


@rfc6455("4.1", MUST, "a client sends nothing before the answer is whole")
@pytest.mark.parametrize("place", [0, 40, -2], ids=["nothing came", "headers are missing", "no empty line"])
async def test_nothing_is_sent_before_the_answer_is_whole(
    client_under_test: ClientUnderTest, place: int
) -> None:
    conversation = await client_under_test.requested()
    accept = ("Sec-WebSocket-Accept", accept_value(conversation.request.key))
    answer = response(101, [("Upgrade", "websocket"), ("Connection", "Upgrade"), accept])
    await conversation.answer(answer[:place] if place else b"")
    await conversation.stay_open(conversation.deadline / 10)
    assert not conversation.headers_received, "frames came before the answer was whole"
    await conversation.send_bytes(answer[place:])
    await conversation.expect_echo("opened")


@rfc6455("5.5.2", MAY, "a client whose own Pings stay unanswered goes on, or ends the connection in order")
async def test_own_pings_may_stay_unanswered(
    conversation: Conversation, record_property: RecordProperty
) -> None:
    conversation.answers_pings = False
    await conversation.comes_true(lambda: conversation.over, conversation.deadline / 2)
    if not any(header.opcode == PING for header in conversation.headers_received):
        pytest.skip(f"the client sent no Ping within {conversation.deadline / 2:g} s")
    record_property("observed", "connection ended" if conversation.over else "connection goes on")
