"""RFC 6455 §4.1: a client waits for the response; what comes earlier all the same is not lost in silence."""

import pytest

from pytest_websocket.fixtures import Dial, RawConnection, RecordProperty, Target
from pytest_websocket.plugin.marks import MAY, SHOULD, rfc6455
from pytest_websocket.protocol.frames import Frame, close, continuation, ping, text
from pytest_websocket.protocol.handshake import Request


async def opened_with(connection: RawConnection, opening: Request, early: bytes) -> RawConnection | None:
    """Sends a request with frames in the same segment; returns None where the server refuses it for them."""
    if connection.target.login is not None:
        pytest.skip("the target takes no message before its login")
    await connection.send_bytes(opening.encode() + early)
    response = await connection.refusal()
    if response is None or 400 <= response.status < 600:
        return None
    assert response.accepted, f"the early frames spoilt the response: {response}"
    connection.switch_protocols()
    return connection


not_lost = rfc6455("4.1", SHOULD, "frames in the segment of the request are answered, or the connection ends")


@not_lost
@pytest.mark.parametrize("count", [1, 2, 20])
@pytest.mark.needs("echo")
async def test_messages_in_the_segment_of_the_request_are_not_lost(
    dial: Dial, opening: Request, target: Target, count: int
) -> None:
    messages = [f"early {number}" for number in range(count)]
    connection = await dial()
    raw = await opened_with(connection, opening, connection.encode(*map(text, messages)))
    if raw is None:
        return
    await raw.send(text("in time"))
    for message in [*messages, "in time"]:
        answer = await raw.message_or_ending()
        if answer is None:
            return
        assert answer.content == target.answer(message), f"{message!r} was lost: next came {answer}"


@not_lost
async def test_ping_in_the_segment_of_the_request_is_not_lost(dial: Dial, opening: Request) -> None:
    raw = await opened_with(await dial(), opening, ping(b"early").encode())
    if raw is None:
        return
    await raw.send(ping(b"in time"))
    ending = await raw.ending(probe_with_ping=False, deadline=raw.deadline / 10)
    if not ending.ended:
        assert await raw.pong() == b"early", "the early Ping was not answered"


@not_lost
@pytest.mark.parametrize("cut", [1, 2, 6, 8], ids=["opcode", "length", "mask key", "payload"])
@pytest.mark.needs("echo")
async def test_frame_begun_in_the_segment_of_the_request_is_put_together(
    dial: Dial, opening: Request, target: Target, cut: int
) -> None:
    connection = await dial()
    frame = connection.encode(text("begun early"))
    raw = await opened_with(connection, opening, frame[:cut])
    if raw is None:
        return
    await raw.send_bytes(frame[cut:])
    answer = await raw.message_or_ending()
    assert answer is None or answer.content == target.answer("begun early"), (
        f"read as something else: {answer}"
    )


@not_lost
async def test_close_in_the_segment_of_the_request_ends_the_connection(dial: Dial, opening: Request) -> None:
    raw = await opened_with(await dial(), opening, close(1000).encode())
    if raw is not None:
        raw.sent_close = True
        await raw.expect_ended()


VIOLATIONS = {
    "not masked": text("early").encode(masked=False),
    "reserved opcode": Frame(3, b"early").encode(),
    "reserved bit": Frame(1, b"early", rsv2=True).encode(),
    "continuation of nothing": continuation("early").encode(),
}


@rfc6455("4.1", SHOULD, "a violation in the segment of the request fails the connection")
@pytest.mark.parametrize("early", VIOLATIONS.values(), ids=VIOLATIONS.keys())
async def test_violation_in_the_segment_of_the_request_fails_the_connection(
    dial: Dial, opening: Request, early: bytes
) -> None:
    raw = await opened_with(await dial(), opening, early)
    if raw is not None:
        await raw.expect_failed()


@rfc6455("4.1", MAY, "a frame sent before the 101 may be lost, but is not read as something else")
@pytest.mark.needs("echo")
async def test_frame_in_the_segment_of_the_handshake_is_not_misread(
    dial: Dial, opening: Request, target: Target, record_property: RecordProperty
) -> None:
    if target.login is not None:
        pytest.skip("the target takes no message before its login")
    connection = await dial()
    await connection.send_bytes(opening.encode() + connection.encode(text("early")))
    response = await connection.refusal()
    if response is None or not response.accepted:
        record_property("observed", f"refused: {response or 'closed'}")
        return
    connection.switch_protocols()
    await connection.send(text("in time"))
    first = await connection.message_or_ending()
    if first is None:
        record_property("observed", "connection ended")
    elif first.content == target.answer("early"):
        record_property("observed", "served")
        await connection.expect_echo("in time")
    else:
        record_property("observed", "early frame lost")
        assert first.content == target.answer("in time"), (
            f"an early frame was read as something else: {first}"
        )
