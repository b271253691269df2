"""RFC 6455 §5.4: messages in fragments, and control frames between them."""

import pytest

from pytest_websocket.fixtures import OpenRawConnection, RawConnection
from pytest_websocket.plugin.marks import MUST, SHOULD, rfc6455
from pytest_websocket.protocol.frames import (
    BINARY,
    PING,
    Frame,
    binary,
    close,
    continuation,
    ping,
    pong,
    text,
)
from pytest_websocket.protocol.payloads import text_of

WAYS = ["whole", "frame by frame", "octet by octet"]


async def deliver(raw: RawConnection, how: str, *frames: Frame) -> None:
    if how == "whole":
        await raw.send_together(*frames)
    elif how == "frame by frame":
        await raw.send(*frames)
    else:
        await raw.send_in_pieces(raw.encode(*frames), 1)


def cut(data: bytes, size: int, opcode: int = 1) -> list[Frame]:
    """``data`` as the fragments of one message, ``size`` bytes each."""
    parts = [data[start : start + size] for start in range(0, len(data), size)] or [b""]
    last = len(parts) - 1
    return [Frame(opcode if n == 0 else 0, part, fin=n == last) for n, part in enumerate(parts)]


@rfc6455("5.4", MUST, "a message in two fragments is put together", autobahn=["5.3", "5.4", "5.5"])
@pytest.mark.parametrize("how", WAYS)
@pytest.mark.needs("answer")
async def test_two_fragments_make_one_message(raw: RawConnection, how: str) -> None:
    await deliver(raw, how, text("first ", fin=False), continuation("second"))
    await raw.expect_echo("first second")


@rfc6455("5.4", MUST, "a binary message in fragments stays binary")
@pytest.mark.needs("binary")
async def test_fragments_of_a_binary_message_make_a_binary_message(raw: RawConnection) -> None:
    await raw.send(
        binary(b"\x00\x01", fin=False), continuation(b"\xfe\xff", fin=False), continuation(b"\x80")
    )
    await raw.expect_echo(b"\x00\x01\xfe\xff\x80")


@rfc6455("5.4", MUST, "a message may have any number of fragments")
@pytest.mark.parametrize("count", [3, 10, 100, 1000])
@pytest.mark.needs("answer")
async def test_many_fragments_make_one_message(raw: RawConnection, count: int) -> None:
    await raw.send_together(*cut(b"0123456789" * count, 10))
    await raw.expect_echo("0123456789" * count, skip_if_too_big=True)


@rfc6455("5.4", MUST, "a message of ten thousand fragments is put together")
@pytest.mark.mass
@pytest.mark.needs("answer")
async def test_ten_thousand_fragments_make_one_message(raw: RawConnection) -> None:
    await raw.send_together(*cut(b"x" * 10_000, 1))
    await raw.expect_echo("x" * 10_000, skip_if_too_big=True)


@rfc6455(
    "5.4", MUST, "fragments may be empty: the first, one between, the last, all", autobahn=["6.1.2", "6.1.3"]
)
@pytest.mark.parametrize(
    "parts",
    [
        ["", ""],
        ["", "", ""],
        ["", "middle", ""],
        ["first", "", "last"],
        ["", "last"],
        ["first", ""],
        ["a", "", "", "b"],
    ],
    ids=[
        "two empty",
        "three empty",
        "only the middle",
        "empty middle",
        "empty first",
        "empty last",
        "two empty inside",
    ],
)
@pytest.mark.needs("answer")
async def test_empty_fragments_add_nothing(raw: RawConnection, parts: list[str]) -> None:
    last = len(parts) - 1
    await raw.send(
        *(
            text(part, fin=n == last) if n == 0 else continuation(part, fin=n == last)
            for n, part in enumerate(parts)
        )
    )
    await raw.expect_echo("".join(parts))


@rfc6455("5.4", MUST, "a fragment may have any length, whatever the length of the others")
@pytest.mark.parametrize(
    "sizes", [[125, 126], [126, 125], [1, 65536], [65535, 1], [127, 0, 65536, 1]], ids=str
)
@pytest.mark.needs("answer")
async def test_fragments_of_any_length_make_one_message(raw: RawConnection, sizes: list[int]) -> None:
    raw.needs_size(sum(sizes))
    whole = text_of(sum(sizes))
    parts = [whole[sum(sizes[:n]) : sum(sizes[: n + 1])] for n in range(len(sizes))]
    last = len(parts) - 1
    await raw.send(
        *(text(p, fin=n == last) if n == 0 else continuation(p, fin=n == last) for n, p in enumerate(parts))
    )
    await raw.expect_echo("".join(parts))


@rfc6455("5.4", MUST, "a control frame between fragments is served at once", autobahn=["5.6", "5.7", "5.8"])
@pytest.mark.parametrize("how", WAYS)
@pytest.mark.needs("answer")
async def test_ping_between_fragments_is_answered_and_the_message_is_whole(
    raw: RawConnection, how: str
) -> None:
    await deliver(raw, how, text("first ", fin=False), ping(b"between"), continuation("second"))
    await raw.expect_pong(b"between")
    await raw.expect_echo("first second")


@rfc6455("5.4", MUST, "a Ping between fragments is answered however much of the message has come")
@pytest.mark.needs("answer")
async def test_ping_between_large_fragments_is_answered(raw: RawConnection) -> None:
    raw.needs_size(240_000)
    parts = ["a" * 60_000, "b" * 60_000, "c" * 60_000, "d" * 60_000]
    await raw.send(text(parts[0], fin=False))
    for number, part in enumerate(parts[1:], 1):
        await raw.send(ping(b"%d" % number))
        await raw.expect_pong(b"%d" % number)
        await raw.send(continuation(part, fin=number == len(parts) - 1))
    await raw.expect_echo("".join(parts))


@rfc6455("5.4", MUST, "a Ping between fragments is answered before the message is complete")
@pytest.mark.needs("answer")
async def test_ping_between_fragments_does_not_wait_for_the_message(raw: RawConnection) -> None:
    await raw.send(text("first ", fin=False), ping(b"now"))
    await raw.expect_pong(b"now")
    await raw.send(continuation("second"))
    await raw.expect_echo("first second")


@rfc6455("5.4", MUST, "control frames may be sent between all fragments", autobahn=["5.19", "5.20"])
@pytest.mark.parametrize("how", ["whole", "frame by frame"])
@pytest.mark.needs("answer")
async def test_pings_between_all_fragments_are_answered_in_order(raw: RawConnection, how: str) -> None:
    frames = []
    for number, fragment in enumerate(cut(b"one two three four five six", 4)):
        frames += [fragment, ping(b"ping %d" % number)] if not fragment.fin else [fragment]
    await deliver(raw, how, *frames)
    await raw.expect_pong(*[frame.payload for frame in frames if frame.opcode == PING])
    await raw.expect_echo("one two three four five six")


@rfc6455("5.4", MUST, "a message loses nothing when pings are sent between all of its fragments")
@pytest.mark.parametrize("count", [100, pytest.param(10_000, marks=pytest.mark.mass)])
@pytest.mark.needs("answer")
async def test_pings_between_many_fragments_cost_no_data(raw: RawConnection, count: int) -> None:
    # Ten at a time: some servers close the connection of a client that sends many pings at once.
    for start in range(0, count, 10):
        payloads = [b"%d" % number for number in range(start, start + 10)]
        frames = [Frame(0 if payload != b"0" else 1, b"z", fin=False) for payload in payloads]
        await raw.send_together(*(f for pair in zip(frames, map(ping, payloads), strict=True) for f in pair))
        if raw.close_status is not None:
            break
        await raw.expect_pong(*payloads)
    await raw.send(continuation(""))
    await raw.expect_echo("z" * count, skip_if_too_big=True)


@rfc6455("5.4", MUST, "an unsolicited Pong between fragments changes nothing")
@pytest.mark.needs("answer")
async def test_pong_between_fragments_changes_nothing(raw: RawConnection) -> None:
    await raw.send(text("first ", fin=False), pong(b"not asked for"), continuation("second"))
    await raw.expect_echo("first second")


@rfc6455("5.4", MUST, "a Close frame between fragments closes the connection; the message is never completed")
async def test_close_between_fragments_closes_the_connection(raw: RawConnection) -> None:
    await raw.send(text("first ", fin=False))
    await raw.send(close(1000))
    await raw.expect_ended()
    raw.expect_no_message("an incomplete message was answered")


@rfc6455("5.4", MUST, "nothing is answered before the message is complete")
@pytest.mark.needs("answer")
async def test_incomplete_message_is_not_answered(raw: RawConnection) -> None:
    await raw.send(text("first ", fin=False), continuation("second ", fin=False), ping(b"marker"))
    await raw.expect_pong(b"marker")
    raw.expect_no_message("a message was answered before its last fragment was sent")
    await raw.send(continuation("third"))
    await raw.expect_echo("first second third")


@rfc6455("5.4", MUST, "a fragmented message leaves nothing for the next")
@pytest.mark.needs("answer")
async def test_messages_after_a_fragmented_one_are_whole(raw: RawConnection) -> None:
    await raw.send(
        text("a ", fin=False), continuation("b"), text("c"), text("d ", fin=False), continuation("e")
    )
    await raw.expect_echo("a b", "c", "d e")


@rfc6455("5.4", MUST, "every connection puts its own fragments together")
@pytest.mark.needs("answer")
async def test_fragments_of_two_connections_do_not_mix(raw_connection: OpenRawConnection) -> None:
    one, other = await raw_connection("one"), await raw_connection("other")
    await one.send(text("one, ", fin=False))
    await other.send(text("other, ", fin=False))
    await one.send(continuation("two, ", fin=False))
    await other.send(continuation("another"))
    await other.expect_echo("other, another")
    await other.send(text("whole"))
    await other.expect_echo("whole")
    await one.send(continuation("three"))
    await one.expect_echo("one, two, three")


@rfc6455("5.4", MUST, "a connection that ends inside a message leaves nothing to the next connection")
@pytest.mark.parametrize("how", ["reset", "closed"])
@pytest.mark.needs("answer")
async def test_unfinished_message_is_not_left_to_the_next_connection(
    raw_connection: OpenRawConnection, how: str
) -> None:
    first = await raw_connection("first")
    await first.send(text("left ", fin=False), ping(b"marker"))
    await first.pong()
    if how == "reset":
        first.reset()
    else:
        await first.close()
    for number in range(3):
        raw = await raw_connection("next")
        await raw.send(text(f"number {number}"))
        await raw.expect_echo(f"number {number}")


@rfc6455("5.4", MUST, "a text message after a fragmented binary one is text, and the other way round")
@pytest.mark.needs("binary")
async def test_kind_of_a_fragmented_message_does_not_stick(raw: RawConnection) -> None:
    await raw.send(Frame(BINARY, b"\xff", fin=False), continuation(b"\xfe"), text("text"), binary(b"\xfd"))
    await raw.expect_echo(b"\xff\xfe", "text", b"\xfd")


@rfc6455(
    "5.4",
    MUST,
    "a continuation frame with nothing to continue fails the connection",
    autobahn=["5.9-14"],
)
@pytest.mark.parametrize("how", WAYS)
@pytest.mark.parametrize("fin", [True, False], ids=["final", "not final"])
async def test_continuation_of_nothing_fails_the_connection(raw: RawConnection, fin: bool, how: str) -> None:
    await deliver(raw, how, continuation("of nothing", fin=fin), text("good"))
    await raw.expect_failed()


@rfc6455("5.4", MUST, "an empty continuation frame with nothing to continue fails the connection as well")
@pytest.mark.parametrize("fin", [True, False], ids=["final", "not final"])
async def test_empty_continuation_of_nothing_fails_the_connection(raw: RawConnection, fin: bool) -> None:
    await raw.send(continuation("", fin=fin))
    await raw.expect_failed()


@rfc6455("5.4", MUST, "a continuation frame after a whole message continues nothing", autobahn=["5.15"])
@pytest.mark.parametrize("fin", [True, False], ids=["final", "not final"])
async def test_continuation_after_a_whole_message_fails_the_connection(raw: RawConnection, fin: bool) -> None:
    await raw.send(
        text("first ", fin=False), continuation("second"), continuation("orphan", fin=fin), text("good")
    )
    await raw.expect_failed(answers=1)


@rfc6455("5.4", MUST, "a continuation frame after an unfragmented message continues nothing")
@pytest.mark.parametrize("fin", [True, False], ids=["final", "not final"])
async def test_continuation_after_an_unfragmented_message_fails_the_connection(
    raw: RawConnection, fin: bool
) -> None:
    await raw.expect_served()
    await raw.send(continuation("orphan", fin=fin))
    await raw.expect_failed()


@rfc6455(
    "5.4",
    MUST,
    "orphaned continuation frames before a fragmented message fail the connection",
    autobahn=["5.16", "5.17"],
)
@pytest.mark.parametrize("fin", [True, False], ids=["final", "not final"])
async def test_continuation_before_a_fragmented_message_fails_the_connection(
    raw: RawConnection, fin: bool
) -> None:
    for _ in range(2):
        await raw.send(continuation("orphan", fin=fin), text("first ", fin=False), continuation("second"))
    await raw.expect_failed()


@rfc6455("5.4", MUST, "a new message inside an unfinished one fails the connection", autobahn=["5.18"])
@pytest.mark.parametrize("second_fin", [True, False], ids=["whole", "fragmented"])
@pytest.mark.parametrize("first", [1, 2], ids=["text first", "binary first"])
@pytest.mark.parametrize("second", [1, 2], ids=["then text", "then binary"])
async def test_new_message_inside_an_unfinished_one_fails_the_connection(
    raw: RawConnection, first: int, second: int, second_fin: bool
) -> None:
    await raw.send(Frame(first, b"unfinished", fin=False), Frame(second, b"new", fin=second_fin))
    await raw.expect_failed()


@rfc6455("5.4", MUST, "a new message fails the connection late in an unfinished one, too")
async def test_new_message_after_many_fragments_fails_the_connection(raw: RawConnection) -> None:
    await raw.send(text("0", fin=False), *(continuation("n", fin=False) for _ in range(10)), text("new"))
    await raw.expect_failed()


@rfc6455("5.4", MUST, "a new message inside an unfinished one fails the connection after a Ping, too")
async def test_new_message_after_a_ping_inside_an_unfinished_one_fails_the_connection(
    raw: RawConnection,
) -> None:
    await raw.send(text("unfinished", fin=False), ping(b"between"), text("new"))
    await raw.expect_failed()


@rfc6455("5.4", SHOULD, "the Close frame that answers wrong fragmentation carries 1002")
@pytest.mark.parametrize(
    "frames", [[continuation("orphan")], [text("a", fin=False), text("b")]], ids=["orphan", "new"]
)
async def test_wrong_fragmentation_is_refused_with_1002(raw: RawConnection, frames: list[Frame]) -> None:
    await raw.send(*frames)
    await raw.expect_failed(code=1002)
