"""RFC 6455 §5.5: control frames in general, Ping and Pong (Close is in test_05_5_1_close.py)."""

import pytest

from pytest_websocket.fixtures import RawConnection, RecordProperty
from pytest_websocket.plugin.marks import MAY, MUST, SHOULD, rfc6455
from pytest_websocket.protocol.frames import CLOSE, PING, PONG, Frame, binary, continuation, ping, pong, text

CONTROL = {"close": CLOSE, "ping": PING, "pong": PONG}


def filled(opcode: int, size: int) -> Frame:
    """Returns a control frame of ``size`` bytes; a Close with a code and a reason of ASCII."""
    return Frame(opcode, (b"\x03\xe8" + b"x" * size)[:size] if opcode == CLOSE else b"x" * size)


@rfc6455("5.5", MUST, "a control frame with more than 125 bytes fails the connection", autobahn=["2.5"])
@pytest.mark.parametrize("size", [126, 127, 128, 65535, 65536])
@pytest.mark.parametrize(
    "opcode",
    [
        pytest.param(CLOSE, id="close"),
        pytest.param(PING, id="ping"),
        # It binds the sender, and a Pong that was not asked for needs no reaction (§5.5.3).
        pytest.param(PONG, id="pong", marks=rfc6455("5.5", SHOULD, "a Pong of more than 125 bytes fails it")),
    ],
)
async def test_long_control_frame_fails_the_connection(raw: RawConnection, opcode: int, size: int) -> None:
    await raw.send(filled(opcode, size))
    await raw.expect_failed(not_code=1000 if opcode == CLOSE else ())


@rfc6455("5.5", MUST, "a control frame in fragments fails the connection", autobahn=["5.1", "5.2"])
@pytest.mark.parametrize("opcode", [PING, PONG, CLOSE], ids=["ping", "pong", "close"])
async def test_fragmented_control_frame_fails_the_connection(raw: RawConnection, opcode: int) -> None:
    payload = b"\x03\xe8" if opcode == CLOSE else b"first "
    await raw.send(Frame(opcode, payload, fin=False), continuation("second"))
    await raw.expect_failed(not_code=1000 if opcode == CLOSE else ())


@rfc6455("5.5", MUST, "a fragmented control frame inside a message fails the connection")
@pytest.mark.parametrize("opcode", [PING, PONG], ids=["ping", "pong"])
async def test_fragmented_control_frame_inside_a_message_fails_the_connection(
    raw: RawConnection, opcode: int
) -> None:
    await raw.send(text("first ", fin=False), Frame(opcode, b"part", fin=False), continuation("second"))
    await raw.expect_failed()


@rfc6455("5.5", MUST, "an empty control frame whose FIN is clear fails the connection as well")
@pytest.mark.parametrize("opcode", [PING, PONG], ids=["ping", "pong"])
async def test_empty_control_frame_without_fin_fails_the_connection(raw: RawConnection, opcode: int) -> None:
    await raw.send(Frame(opcode, b"", fin=False))
    await raw.expect_failed()


@rfc6455("5.5", SHOULD, "the Close frame that answers an illegal control frame carries 1002")
@pytest.mark.parametrize(
    "frame", [ping(bytes(126)), Frame(PING, b"part", fin=False)], ids=["long", "fragmented"]
)
async def test_illegal_control_frame_is_refused_with_1002(raw: RawConnection, frame: Frame) -> None:
    await raw.send(frame)
    await raw.expect_failed(code=1002)


PAYLOADS = {
    "empty": b"",
    "one byte": b"x",
    "text": b"Hello",
    "cyrillic": "пинг".encode(),
    "binary": b"\x00\xff\xfe\xfd\xfc\xfb\x00\xff",
    "not UTF-8": b"\xff\xfe",
    "zeros": bytes(8),
    "124 bytes": b"\xfe" * 124,
    "125 bytes": b"\xfe" * 125,
}


@rfc6455(
    "5.5.3",
    MUST,
    "a Pong carries the application data of the Ping that it answers",
    autobahn=["2.1-4"],
)
@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS.keys())
async def test_ping_is_answered_with_a_pong_of_the_same_payload(raw: RawConnection, payload: bytes) -> None:
    await raw.send(ping(payload))
    await raw.expect_pong(payload)


@rfc6455("5.5.3", MUST, "a Pong carries the application data of its Ping, at every length")
async def test_ping_of_every_length_is_answered_with_the_same_payload(raw: RawConnection) -> None:
    everything = bytes(range(256))
    for size in range(126):
        payload = everything[size : size + size]
        await raw.send(ping(payload))
        await raw.expect_pong(payload)


@rfc6455("5.5.3", MUST, "a Pong carries the application data of its own Ping, and nothing of those before")
@pytest.mark.parametrize("how", ["one by one", "in one segment"])
async def test_shorter_ping_after_a_longer_one_is_answered_with_its_own_payload(
    raw: RawConnection, how: str
) -> None:
    payloads = [b"a long one, the longest of all", b"", b"short", b"x", b""]
    if how == "in one segment":
        await raw.send_together(*(ping(payload) for payload in payloads), ping(b"last"))
        await raw.expect_pong(*payloads, b"last")
    else:
        for payload in payloads:
            await raw.send(ping(payload))
            await raw.expect_pong(payload)


@rfc6455("5.5.2", MUST, "a Ping is answered when it comes octet by octet", autobahn=["2.6"])
async def test_ping_octet_by_octet_is_answered(raw: RawConnection) -> None:
    await raw.send_in_pieces(ping(b"\xfe" * 125).encode(), 1)
    await raw.expect_pong(b"\xfe" * 125)


@rfc6455(
    "5.5.2", MUST, "pings in a row are answered in order, the last of them always", autobahn=["2.10", "2.11"]
)
@pytest.mark.parametrize("how", ["frame by frame", "octet by octet", "in one segment"])
async def test_pings_in_a_row_are_answered_in_order(raw: RawConnection, how: str) -> None:
    payloads = [b"payload %d" % number for number in range(10)]
    frames = [ping(payload) for payload in payloads]
    if how == "frame by frame":
        await raw.send(*frames)
    elif how == "in one segment":
        await raw.send_together(*frames)
    else:
        await raw.send_in_pieces(raw.encode(*frames), 1)
    await raw.expect_pong(*payloads)


@rfc6455("5.4", MUST, "a Pong is sent between the frames of an answer and never inside one")
@pytest.mark.parametrize("size", [100, 40_000, 60_000])
@pytest.mark.needs("answer")
async def test_ping_after_a_message_in_one_segment_spoils_no_answer(raw: RawConnection, size: int) -> None:
    raw.needs_size(size)
    message = "x" * size
    await raw.send_together(text(message), ping(b"first"), text("next"), ping(b"second"))
    await raw.expect_echo(message, "next")
    await raw.send(ping(b"last"))
    await raw.pong(b"last")


@rfc6455("5.5.2", MUST, "every Ping is answered, however many came before")
async def test_ping_after_ping_is_answered(raw: RawConnection) -> None:
    for number in range(30):
        await raw.send(ping(b"%d" % number))
        await raw.expect_pong(b"%d" % number)


@rfc6455("5.5.2", MUST, "a Ping whose payload was seen before is answered as well")
async def test_same_ping_again_is_answered_again(raw: RawConnection) -> None:
    for _ in range(5):
        await raw.send(ping(b"the same"))
        await raw.expect_pong(b"the same")


@rfc6455("5.5.3", MAY, "of several pings on the way only the most recent need be answered")
async def test_burst_of_pings_ends_with_the_answer_to_the_last(
    raw: RawConnection, record_property: RecordProperty
) -> None:
    payloads = [b"%d" % number for number in range(20)]
    await raw.send_together(*(ping(payload) for payload in payloads))
    count = await raw.expect_pong(*payloads)
    record_property("observed", f"{count} of {len(payloads)} pings answered")


@rfc6455("5.5.2", MUST, "a Ping is answered between messages, and disturbs none of them")
@pytest.mark.needs("answer")
async def test_pings_between_messages_disturb_none(raw: RawConnection) -> None:
    for number in range(5):
        await raw.send(text(f"message {number}"), ping(b"%d" % number))
    await raw.expect_pong(*[b"%d" % number for number in range(5)])
    await raw.expect_echo(*(f"message {number}" for number in range(5)))


@rfc6455("5.5.2", MUST, "a Ping in the segment of a message is answered as well")
@pytest.mark.needs("answer")
async def test_ping_in_the_segment_of_a_message_is_answered(raw: RawConnection) -> None:
    await raw.send_together(text("before"), ping(b"together"), text("after"))
    await raw.expect_pong(b"together")
    await raw.expect_echo("before", "after")


@rfc6455("5.5.2", MUST, "the payload of a Ping is not a message")
@pytest.mark.needs("answer")
async def test_ping_is_not_answered_with_a_message(raw: RawConnection) -> None:
    await raw.send(ping(b"not a message"), text("a message"))
    await raw.expect_pong(b"not a message")
    await raw.expect_echo("a message")
    raw.expect_no_message("one message too many")


UNASKED = {"empty": b"", "text": b"not asked for", "125 bytes": b"\xff" * 125}


@rfc6455("5.5.3", MUST, "an unsolicited Pong is no message", autobahn=["2.7", "2.8", "2.9"])
@pytest.mark.parametrize("payload", UNASKED.values(), ids=UNASKED.keys())
async def test_unsolicited_pong_is_not_taken_for_a_message(raw: RawConnection, payload: bytes) -> None:
    await raw.send(pong(payload), ping(b"marker"))
    await raw.pong(b"marker")
    raw.expect_no_message("the unsolicited Pong was answered with a message")


@rfc6455("5.5.3", SHOULD, "an unsolicited Pong expects no answer")
@pytest.mark.parametrize("payload", UNASKED.values(), ids=UNASKED.keys())
async def test_unsolicited_pong_is_not_answered(raw: RawConnection, payload: bytes) -> None:
    await raw.send(pong(payload), ping(b"marker"))
    await raw.expect_pong(b"marker")


@rfc6455("5.5.3", MUST, "a row of unsolicited pongs harms nothing")
@pytest.mark.needs("answer")
async def test_row_of_unsolicited_pongs_harms_nothing(raw: RawConnection) -> None:
    await raw.send_together(*(pong(b"%d" % number) for number in range(50)))
    await raw.expect_served()


@rfc6455("5.5", MUST, "control frames are understood before the first message")
@pytest.mark.needs("answer")
async def test_control_frames_before_the_first_message_are_understood(raw: RawConnection) -> None:
    await raw.send(pong(b"early"), ping(b"early"), text("first"))
    await raw.expect_pong(b"early")
    await raw.expect_echo("first")


@rfc6455("5.5.2", MUST, "a Ping is answered after a large message, too")
@pytest.mark.needs("binary")
async def test_ping_after_a_large_message_is_answered(raw: RawConnection) -> None:
    raw.needs_size(200_000)
    await raw.send(binary(b"\x00" * 200_000), ping(b"behind"))
    await raw.expect_pong(b"behind")
    await raw.expect_echo(b"\x00" * 200_000)
