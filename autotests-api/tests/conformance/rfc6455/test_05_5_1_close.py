"""RFC 6455 §5.5.1 and §7.1: the Close frame, and the closing handshake."""

import pytest

from pytest_websocket.fixtures import OpenRawConnection, RawConnection, RecordProperty, Target
from pytest_websocket.plugin.marks import MUST, SHOULD, rfc6455
from pytest_websocket.protocol.frames import (
    CLOSE,
    Frame,
    binary,
    close,
    continuation,
    opcode_name,
    ping,
    text,
)


async def frames_behind_the_close(raw: RawConnection) -> list[str]:
    """Returns the names of the frames received after the server's first Close frame, and what else came."""
    names = []
    while raw.has_data:
        names.append(opcode_name((await raw.frame()).frame.opcode))
    if raw.reader is not None and raw.reader.unreadable:
        names.append("bytes that are no frames")
    return names[names.index("CLOSE") + 1 :] if "CLOSE" in names else []


NORMAL = (1000, 1001, None)
"""Codes with which a server may answer a Close 1000."""


@rfc6455("5.5.1", MUST, "a Close frame is answered with a Close frame", autobahn=["7.3.1", "7.3.3"])
@pytest.mark.parametrize("code", [None, 1000], ids=["without a code", "1000"])
async def test_close_is_answered_with_a_close(raw: RawConnection, code: int | None) -> None:
    await raw.send(close(code))
    await raw.expect_closed(code=NORMAL)


@rfc6455("5.5.1", MUST, "a Close frame is answered after messages as well", autobahn="7.1.1")
@pytest.mark.parametrize("count", [1, 10])
async def test_close_after_messages_is_answered(raw: RawConnection, count: int) -> None:
    for number in range(count):
        await raw.expect_served(f"message {number}")
    await raw.send(close(1000))
    await raw.expect_closed(code=NORMAL)


@rfc6455("5.5.1", MUST, "a Close frame in the segment of a message is answered")
async def test_close_in_the_segment_of_a_message_is_answered(raw: RawConnection) -> None:
    await raw.send_together(text("last words"), close(1000))
    await raw.expect_closed(code=NORMAL)


@rfc6455("5.5.1", MUST, "a Close frame in the segment of several messages is answered")
@pytest.mark.parametrize("count", [2, 20])
async def test_close_in_the_segment_of_several_messages_is_answered(raw: RawConnection, count: int) -> None:
    await raw.send_together(*(text(f"message {number}") for number in range(count)), close(1000))
    await raw.expect_closed(code=NORMAL)


@rfc6455("7.1.5", SHOULD, "the code of a Close frame is echoed also when its payload comes after its header")
async def test_code_that_comes_after_the_header_is_echoed(raw: RawConnection) -> None:
    raw.sent_close = True
    header = 6
    await raw.send_in_pieces(close(1000, "bye").encode(), header)
    await raw.expect_closed(code=1000)


@rfc6455("5.5.1", MUST, "a Close frame that comes octet by octet is answered")
async def test_close_octet_by_octet_is_answered(raw: RawConnection) -> None:
    raw.sent_close = True
    await raw.send_in_pieces(close(1000, "good bye").encode(), 1)
    await raw.expect_closed(code=NORMAL)


@rfc6455("5.5.1", MUST, "a Close frame may carry a reason of up to 123 bytes", autobahn=["7.3.4", "7.3.5"])
@pytest.mark.parametrize(
    "reason",
    [
        "",
        "x",
        "good bye",
        "прощайте",
        "\N{WAVING HAND SIGN}",
        "x" * 122,
        "x" * 123,
        "ж" * 61,
        "€" * 41,
        "x" + "ж" * 61,
        "xy" + "€" * 40,
    ],
    ids=[
        "none",
        "one byte",
        "text",
        "cyrillic",
        "astral",
        "122 bytes",
        "123 bytes",
        "122 bytes of cyrillic",
        "123 bytes of euro signs",
        "a byte and cyrillic",
        "two bytes and euro signs",
    ],
)
async def test_close_with_a_reason_is_answered(raw: RawConnection, reason: str) -> None:
    await raw.send(close(1000, reason))
    await raw.expect_closed(code=NORMAL)
    raw.expect_no_message("the reason of our Close frame was answered as if it were a message")


@rfc6455("5.5.1", MUST, "a Close frame with a body of one byte fails the connection", autobahn="7.3.2")
@pytest.mark.parametrize("body", [b"\x03", b"\x00", b"\xff"], ids=["03", "00", "ff"])
async def test_close_with_one_byte_fails_the_connection(raw: RawConnection, body: bytes) -> None:
    await raw.send(Frame(CLOSE, body))
    await raw.expect_ended(not_code=1000)


@rfc6455("5.5.1", SHOULD, "the Close frame that answers a body of one byte carries 1002", autobahn="7.3.2")
async def test_close_with_one_byte_is_refused_with_1002(raw: RawConnection) -> None:
    await raw.send(Frame(CLOSE, b"\x03"))
    await raw.expect_ended(code=1002)


@rfc6455("5.5.1", MUST, "a Close frame whose reason exceeds 123 bytes fails the connection", autobahn="7.3.6")
async def test_close_with_a_long_reason_fails_the_connection(raw: RawConnection) -> None:
    await raw.send(close(1000, "x" * 124))
    await raw.expect_ended(not_code=1000)


BROKEN_REASONS = {
    "stray byte": b"\xff",
    "truncated character": b"good bye \xd0",
    "overlong": b"\xc0\xaf",
    "surrogate": b"\xed\xa0\x80",
    "beyond Unicode": b"\xf4\x90\x80\x80",
    "broken in the middle": "до ".encode() + b"\xff" + " свидания".encode(),
}


@rfc6455("8.1", MUST, "a reason that is not UTF-8 fails the connection", autobahn="7.5.1")
@pytest.mark.parametrize("reason", BROKEN_REASONS.values(), ids=BROKEN_REASONS.keys())
async def test_reason_that_is_not_utf8_fails_the_connection(raw: RawConnection, reason: bytes) -> None:
    await raw.send(close(1000, reason))
    await raw.expect_ended(not_code=1000)


@rfc6455("8.1", SHOULD, "the Close frame that answers a reason that is not UTF-8 carries 1007 (or 1002)")
@pytest.mark.parametrize("reason", BROKEN_REASONS.values(), ids=BROKEN_REASONS.keys())
async def test_reason_that_is_not_utf8_is_refused(raw: RawConnection, reason: bytes) -> None:
    await raw.send(close(1000, reason))
    await raw.expect_ended(code=(1007, 1002), or_no_close=True)


@rfc6455("5.5.1", MUST, "data after the Close frame is not processed", autobahn=["7.1.4", "7.1.3"])
@pytest.mark.parametrize("how", ["in one segment", "frame by frame"])
@pytest.mark.parametrize("late", [text("too late"), binary(b"too late")], ids=["text", "binary"])
async def test_message_after_close_is_not_answered(raw: RawConnection, late: Frame, how: str) -> None:
    if how == "in one segment":
        await raw.send_together(close(1000), late)
    else:
        await raw.send(close(1000), late)
    await raw.expect_ended()
    await raw.after_closing()
    raw.expect_no_message("a message after our Close frame was answered")


@rfc6455(
    "5.5.1", MUST, "a Ping after the Close frame does not disturb the closing handshake", autobahn="7.1.3"
)
async def test_ping_after_close_does_not_disturb_the_closing(raw: RawConnection) -> None:
    await raw.send(close(1000), ping(b"too late"))
    await raw.expect_ended()
    await raw.after_closing()
    raw.expect_no_violation()


@rfc6455("5.5.1", SHOULD, "a second Close frame is not answered", autobahn="7.1.2")
@pytest.mark.parametrize("how", ["in one segment", "frame by frame"])
async def test_second_close_is_not_answered(raw: RawConnection, how: str) -> None:
    if how == "in one segment":
        await raw.send_together(close(1000), close(1000))
    else:
        await raw.send(close(1000), close(1000))
    await raw.expect_ended()
    await raw.after_closing()
    late = await frames_behind_the_close(raw)
    assert not late, f"after the server's Close frame came {', '.join(late)}"


@rfc6455("5.5.1", MUST, "a message left unfinished by a Close frame is dropped", autobahn="7.1.5")
async def test_message_completed_after_close_is_not_answered(raw: RawConnection) -> None:
    await raw.send(text("unfinished ", fin=False), close(1000), continuation("business"))
    await raw.expect_ended()
    await raw.after_closing()
    raw.expect_no_message("a message completed after our Close frame was answered")


@rfc6455("5.4", SHOULD, "a Close frame may be sent between the fragments of a message, and is no error there")
@pytest.mark.parametrize(
    ("begun", "reason"),
    [(b"unfinished", ""), ("наполовину".encode()[:-1], "прощайте")],
    ids=["text", "half a character"],
)
async def test_close_inside_a_fragmented_message_is_a_normal_closure(
    raw: RawConnection, begun: bytes, reason: str
) -> None:
    await raw.send(text(begun, fin=False))
    await raw.send(close(1000, reason))
    await raw.expect_closed(code=NORMAL)
    raw.expect_no_message("a message that was never finished was answered")


@rfc6455(
    "5.5.1", MUST, "a large message before the Close frame does not hold up the closing", autobahn="7.1.6"
)
@pytest.mark.needs("answer")
async def test_close_after_a_large_message_is_answered(raw: RawConnection) -> None:
    raw.needs_size(256 * 1024)
    await raw.send(text("*" * 256 * 1024), close(1000), ping(b"too late"))
    await raw.expect_ended()
    await raw.after_closing()


@rfc6455("5.5.1", MUST, "messages that came before the Close frame were not lost when they are answered")
@pytest.mark.needs("echo")
async def test_answers_before_the_close_are_in_order(raw: RawConnection, target: Target) -> None:
    messages = [f"message {number}" for number in range(5)]
    await raw.send_together(*(text(message) for message in messages), close(1000))
    await raw.ending()
    await raw.after_closing()
    answers = [(await raw.message()).content for _ in range(raw.waiting_messages)]
    assert answers == [target.answer(message) for message in messages[: len(answers)]]


@rfc6455("5.5.1", MUST, "nothing comes after the server's Close frame")
@pytest.mark.needs("answer")
async def test_nothing_comes_after_the_servers_close(raw: RawConnection) -> None:
    await raw.send_together(*(text(f"message {number}") for number in range(50)), close(1000))
    await raw.ending()
    await raw.after_closing()
    raw.expect_no_violation()


@rfc6455("7.1.1", MUST, "a server closes TCP when the closing handshake is done")
async def test_server_closes_tcp_after_the_closing_handshake(raw: RawConnection) -> None:
    await raw.close(1000)
    await raw.expect_tcp_closed()


@rfc6455("7.1.1", SHOULD, "TCP is closed cleanly (FIN), not reset")
async def test_server_closes_tcp_without_a_reset(raw: RawConnection) -> None:
    await raw.close(1000)
    await raw.expect_tcp_closed(cleanly=True)


@rfc6455("7.1.1", SHOULD, "TCP is closed cleanly also while data is still coming")
async def test_server_closes_tcp_without_a_reset_while_data_is_coming(raw: RawConnection) -> None:
    """A socket that is closed with unread data in it is reset, and a reset may overtake the Close frame."""
    raw.sent_close = True
    await raw.send_bytes(close(1000).encode() + raw.encode(text("x" * 1_000)) * 1_000)
    await raw.expect_tcp_closed(cleanly=True)


@rfc6455("7.1.7", MUST, "a server that fails a connection closes TCP")
@pytest.mark.parametrize("frame", [Frame(3, b""), text(b"\xff")], ids=["protocol error", "not UTF-8"])
async def test_server_closes_tcp_after_failing_the_connection(raw: RawConnection, frame: Frame) -> None:
    await raw.send(frame)
    if not (await raw.ending(answers=0)).ended:
        pytest.skip("the server does not fail the connection, which another case judges")
    await raw.expect_tcp_closed()


FAILURES = {
    "reserved opcode": Frame(3, b"bad").encode(),
    "reserved bit": Frame(1, b"bad", rsv2=True).encode(),
    "not masked": text("bad").encode(masked=False),
    "not UTF-8": text(b"\xff").encode(),
    "long Ping": ping(bytes(126)).encode(),
    "Close of one byte": Frame(CLOSE, b"\x03").encode(),
    "continuation of nothing": continuation("bad").encode(),
}


@rfc6455("7.1.7", MUST, "a failed connection processes nothing more")
@pytest.mark.parametrize("bad", FAILURES.values(), ids=FAILURES.keys())
async def test_failed_connection_answers_nothing_more(raw: RawConnection, bad: bytes) -> None:
    await raw.send_bytes(raw.encode(text("good")) + bad + raw.encode(text("late"), ping(b"late")))
    raw.sent_close = True
    await raw.ending(answers=1)
    if not (await raw.after_closing()).ended:
        pytest.skip("the server does not fail the connection, which another case judges")
    replies = [await raw.message() for _ in range(raw.waiting_messages)]
    answers = [reply for reply in replies if raw.counts_as_answer(reply)]
    assert len(answers) <= 1, f"a message after the violation was answered: {answers[1]}"


@rfc6455(
    "7.2.1", SHOULD, "a client that closes its half of TCP ends the connection; a Close frame may come first"
)
async def test_half_closed_connection_ends(raw: RawConnection, record_property: RecordProperty) -> None:
    raw.half_close()
    ending = await raw.expect_ended()
    record_property("observed", str(ending.close or "no Close frame"))


@rfc6455("7.2.1", SHOULD, "a connection that is cut in the middle of a frame ends")
async def test_connection_cut_in_the_middle_of_a_frame_ends(raw: RawConnection) -> None:
    await raw.send_bytes(raw.encode(text("never finished"))[:-4])
    raw.half_close()
    await raw.expect_ended()
    raw.expect_no_message("half a frame was answered")


@rfc6455("7.1.2", MUST, "a Close frame that crosses the server's own ends the connection all the same")
@pytest.mark.parametrize("how", ["in one segment", "frame by frame"])
async def test_close_that_crosses_the_servers_close_ends_the_connection(raw: RawConnection, how: str) -> None:
    frames = [Frame(3, b"violation"), close(1000)]
    raw.answers_close = False
    if how == "in one segment":
        await raw.send_together(*frames)
    else:
        await raw.send(*frames)
    await raw.expect_tcp_closed()


@rfc6455("5.5.1", SHOULD, "a server that has sent a Close frame sends nothing more, no other Close either")
@pytest.mark.parametrize("how", ["in one segment", "frame by frame", "in answer to its own"])
async def test_server_sends_nothing_after_its_close(raw: RawConnection, how: str) -> None:
    violation = Frame(3, b"violation")
    if how == "in one segment":
        await raw.send_together(violation, close(1000), ping(b"late"))
    elif how == "frame by frame":
        await raw.send(violation, close(1000), ping(b"late"))
    else:
        await raw.send(violation)
        await raw.ending()
    await raw.tcp_ending()
    late = await frames_behind_the_close(raw)
    assert not late, f"after the server's Close frame came {', '.join(late)}"


@rfc6455("7.2.1", MUST, "a client that disconnects does not affect other clients")
@pytest.mark.parametrize(
    "moment", ["idle", "inside a frame", "inside a message", "with an answer on its way"]
)
async def test_reset_of_a_connection_does_not_affect_others(
    raw_connection: OpenRawConnection, moment: str
) -> None:
    other_client = await raw_connection("another client")
    await other_client.expect_served()
    for _ in range(5):
        victim = await raw_connection("victim")
        if moment == "inside a frame":
            await victim.send_bytes(victim.encode(text("never finished"))[:-4])
        elif moment == "inside a message":
            await victim.send(text("never finished", fin=False))
        elif moment == "with an answer on its way":
            await victim.send(text("unheard"))
        victim.reset()
    await other_client.expect_served()
    await (await raw_connection("new client")).expect_served()


@rfc6455("7.1.5", SHOULD, "the code of a normal closure is echoed")
@pytest.mark.parametrize("code", [1000, 1001, 3000, 4000])
async def test_close_code_is_echoed(raw: RawConnection, code: int) -> None:
    await raw.send(close(code))
    await raw.expect_closed(code=code)
