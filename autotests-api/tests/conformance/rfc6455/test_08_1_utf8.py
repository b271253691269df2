"""RFC 6455 §8.1: text is UTF-8, whole messages of it; what is not ends the connection."""

import pytest

from pytest_websocket.fixtures import OpenRawConnection, RawConnection, RecordProperty
from pytest_websocket.plugin.marks import MAY, MUST, SHOULD, rfc6455
from pytest_websocket.protocol.frames import Frame, binary, continuation, ping, text

KOSME = b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5"
LONG = "Hello-µ@ßöäüàá-UTF-8!!"


def plane_ends() -> list[str]:
    """Returns the last two code points of every plane: no characters, but legal UTF-8."""
    return [chr(plane << 16 | last) for plane in range(17) for last in (0xFFFE, 0xFFFF)]


VALID = {
    "6.5.1": b"hello$world",
    "6.5.2": "hello\xa2world".encode(),
    "6.5.3": "hello€world".encode(),
    "6.5.4": "hello\U00024b62world".encode(),
    "6.5.5": KOSME,
    **{f"6.6.{n}": KOSME[:n] for n in (2, 5, 7, 9, 11)},
    "6.7.1": b"\x00",
    "6.7.2": b"\xc2\x80",
    "6.7.3": b"\xe0\xa0\x80",
    "6.7.4": b"\xf0\x90\x80\x80",
    "6.9.1": b"\x7f",
    "6.9.2": b"\xdf\xbf",
    "6.9.3": b"\xef\xbf\xbf",
    "6.9.4": b"\xf4\x8f\xbf\xbf",
    "6.11.1": b"\xed\x9f\xbf",
    "6.11.2": b"\xee\x80\x80",
    "6.11.3": b"\xef\xbf\xbd",
    "6.11.4": b"\xf4\x8f\xbf\xbf",
    **{f"6.22.{n}": character.encode() for n, character in enumerate(plane_ends(), 1)},
    **{f"6.23.{n}": chr(0xFFF8 + n).encode() for n in range(1, 8)},
}

STARTS = [(0xC0, 0xDF), (0xE0, 0xEF), (0xF0, 0xF7), (0xF8, 0xFB), (0xFC, 0xFD)]
TRUNCATED = [
    b"\xc0",
    b"\xe0\x80",
    b"\xf0\x80\x80",
    b"\xf8\x80\x80\x80",
    b"\xfc\x80\x80\x80\x80",
    b"\xdf",
    b"\xef\xbf",
    b"\xf7\xbf\xbf",
    b"\xfb\xbf\xbf\xbf",
    b"\xfd\xbf\xbf\xbf\xbf",
]
SURROGATES = [
    b"\xed\xa0\x80",
    b"\xed\xad\xbf",
    b"\xed\xae\x80",
    b"\xed\xaf\xbf",
    b"\xed\xb0\x80",
    b"\xed\xbe\x80",
]

INVALID = {
    "6.3.1": KOSME + b"\xed\xa0\x80" + b"edited",
    **{f"6.6.{n}": KOSME[:n] for n in (1, 3, 4, 6, 8, 10)},
    "6.8.1": b"\xf8\x88\x80\x80\x80",
    "6.8.2": b"\xfc\x84\x80\x80\x80\x80",
    "6.10.1": b"\xf7\xbf\xbf\xbf",
    "6.10.2": b"\xfb\xbf\xbf\xbf\xbf",
    "6.10.3": b"\xfd\xbf\xbf\xbf\xbf\xbf",
    "6.11.5": b"\xf4\x90\x80\x80",
    **{f"start {byte:02x}": bytes([byte]) + b"\x80\x80\x80" for byte in (0xC1, 0xF5, 0xF6, 0xFE)},
    "6.12.1": b"\x80",
    "6.12.2": b"\xbf",
    **{f"6.12.{n + 1}": (b"\x80\xbf" * 3)[:n] for n in range(2, 7)},
    "6.12.8": bytes(range(0x80, 0xC0)),
    **{
        f"6.13.{n}": b"".join(bytes([start]) + b" " for start in range(first, last + 1))
        for n, (first, last) in enumerate(STARTS, 1)
    },
    **{f"6.14.{n}": data for n, data in enumerate(TRUNCATED, 1)},
    "6.15.1": b"".join(TRUNCATED),
    "6.16.1": b"\xfe",
    "6.16.2": b"\xff",
    "6.16.3": b"\xfe\xfe\xff\xff",
    "6.17.1": b"\xc0\xaf",
    "6.17.2": b"\xe0\x80\xaf",
    "6.17.3": b"\xf0\x80\x80\xaf",
    "6.17.4": b"\xf8\x80\x80\x80\xaf",
    "6.17.5": b"\xfc\x80\x80\x80\x80\xaf",
    "6.18.1": b"\xc1\xbf",
    "6.18.2": b"\xe0\x9f\xbf",
    "6.18.3": b"\xf0\x8f\xbf\xbf",
    "6.18.4": b"\xf8\x87\xbf\xbf\xbf",
    "6.18.5": b"\xfc\x83\xbf\xbf\xbf\xbf",
    "6.19.1": b"\xc0\x80",
    "6.19.2": b"\xe0\x80\x80",
    "6.19.3": b"\xf0\x80\x80\x80",
    "6.19.4": b"\xf8\x80\x80\x80\x80",
    "6.19.5": b"\xfc\x80\x80\x80\x80\x80",
    **{f"6.20.{n}": data for n, data in enumerate([*SURROGATES, b"\xed\xbf\xbf"], 1)},
    **{
        f"6.21.{n}": high + low
        for n, (high, low) in enumerate(
            ((h, lo) for h in SURROGATES[:4] for lo in (b"\xed\xb0\x80", b"\xed\xbf\xbf")), 1
        )
    },
}


def cases(table: dict[str, bytes]) -> list[object]:
    """Returns the samples of a table as parameters, named by number and bytes, marked with their number."""
    return [
        pytest.param(
            data,
            id=f"{number} {data[:8].hex(' ')}{' …' if len(data) > 8 else ''}",
            marks=pytest.mark.autobahn(number) if number[0].isdigit() else (),
        )
        for number, data in table.items()
    ]


@rfc6455("8.1", MUST, "every legal UTF-8 sequence is taken, non-characters included")
@pytest.mark.parametrize("data", cases(VALID))
@pytest.mark.needs("echo")
async def test_legal_utf8_is_taken(raw: RawConnection, data: bytes) -> None:
    await raw.send(text(data))
    await raw.expect_echo(data.decode())


@rfc6455("8.1", MUST, "a text message that is not UTF-8 ends the connection and is not answered")
@pytest.mark.parametrize("data", cases(INVALID))
async def test_illegal_utf8_fails_the_connection(raw: RawConnection, data: bytes) -> None:
    await raw.send(text(data))
    await raw.expect_failed()


@rfc6455("8.1", MUST, "illegal UTF-8 anywhere in a message ends the connection")
@pytest.mark.parametrize(
    "bad", [b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80"], ids=lambda b: b.hex(" ")
)
@pytest.mark.parametrize("where", ["at the start", "in the middle", "at the end"])
@pytest.mark.parametrize("size", [20, 200, 70_000, 400_000])
async def test_illegal_utf8_anywhere_fails_the_connection(
    raw: RawConnection, bad: bytes, where: str, size: int
) -> None:
    raw.needs_size(size + 4)
    good = b"x" * size
    cut = {"at the start": 0, "in the middle": size // 2, "at the end": size}[where]
    await raw.send(text(good[:cut] + bad + good[cut:]))
    await raw.expect_failed()


@rfc6455("8.1", MUST, "text is judged after good messages as well")
@pytest.mark.parametrize("before", [1, 10])
async def test_illegal_utf8_after_good_messages_fails_the_connection(raw: RawConnection, before: int) -> None:
    for number in range(before):
        await raw.expect_served(f"good {number}")
    await raw.send(text(b"\xff\xfe"))
    await raw.expect_failed()


@rfc6455("8.1", MUST, "text is judged after a binary message as well, whose bytes mean nothing to it")
@pytest.mark.needs("binary")
async def test_binary_message_does_not_disturb_the_judgement_of_text(raw: RawConnection) -> None:
    await raw.send(binary(b"\xd0"), text("ok"))
    await raw.expect_echo(b"\xd0", "ok")
    await raw.send(binary(b"\xd0"), text(b"\xbf"))
    await raw.expect_failed(answers=1)


@rfc6455("5.6", MUST, "binary messages may hold any bytes")
@pytest.mark.parametrize("data", list(INVALID.values())[:12], ids=lambda data: data[:6].hex(" "))
@pytest.mark.needs("binary")
async def test_binary_message_need_not_be_utf8(raw: RawConnection, data: bytes) -> None:
    await raw.send(binary(data))
    await raw.expect_echo(data)


@rfc6455(
    "8.1", MUST, "a character may be cut by the bounds of fragments", autobahn=["6.2.2", "6.2.3", "6.2.4"]
)
@pytest.mark.parametrize("size", [1, 2, 3, 5, 7])
@pytest.mark.parametrize(
    "message", [LONG, "κόσμε", "Ж€\U0001f600"], ids=["mixed", "greek", "2, 3 and 4 bytes"]
)
@pytest.mark.needs("echo")
async def test_character_cut_by_fragments_is_whole(raw: RawConnection, message: str, size: int) -> None:
    await raw.send(*fragments(message.encode(), size))
    await raw.expect_echo(message)


@rfc6455("8.1", MUST, "a character may be cut by the bounds of fragments, at each of its bytes")
@pytest.mark.parametrize("cut", [1, 2, 3])
@pytest.mark.needs("echo")
async def test_astral_character_cut_at_any_byte_is_whole(raw: RawConnection, cut: int) -> None:
    data = "\U0001f600".encode()
    await raw.send(text(data[:cut], fin=False), ping(b"between"), continuation(data[cut:]))
    await raw.expect_echo("\U0001f600")


@rfc6455("8.1", MUST, "text in one frame is taken as it is", autobahn=["6.1.1", "6.2.1"])
@pytest.mark.parametrize("message", ["", LONG], ids=["empty", "mixed"])
@pytest.mark.needs("echo")
async def test_text_is_taken_as_it_is(raw: RawConnection, message: str) -> None:
    await raw.send(text(message))
    await raw.expect_echo(message)


@rfc6455("8.1", MUST, "a character may be cut by the bounds of TCP segments")
@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.needs("echo")
async def test_character_cut_by_segments_is_whole(raw: RawConnection, size: int) -> None:
    await raw.send_in_pieces(raw.encode(text(LONG)), size)
    await raw.expect_echo(LONG)


@rfc6455("8.1", MUST, "illegal UTF-8 in fragments ends the connection", autobahn="6.3.2")
@pytest.mark.parametrize("size", [1, 2, 5])
@pytest.mark.parametrize(
    "bad",
    [KOSME + b"\xed\xa0\x80" + b"edited", b"ab\xffcd", b"\xf4\x90\x80\x80", b"abc\xc0\xaf"],
    ids=lambda b: b.hex()[:12],
)
async def test_illegal_utf8_in_fragments_fails_the_connection(
    raw: RawConnection, bad: bytes, size: int
) -> None:
    await raw.send(*fragments(bad, size))
    await raw.expect_failed()


@rfc6455("8.1", MUST, "illegal UTF-8 in any of a message's fragments ends the connection")
@pytest.mark.parametrize("where", [0, 1, 2], ids=["first", "middle", "last"])
@pytest.mark.parametrize("size", [10, 5000])
async def test_illegal_utf8_in_any_fragment_fails_the_connection(
    raw: RawConnection, where: int, size: int
) -> None:
    parts = [b"x" * size] * 3
    parts[where] = b"x" * (size // 2) + b"\xff" + b"x" * (size // 2)
    await raw.send(*(Frame(0 if n else 1, part, fin=n == 2) for n, part in enumerate(parts)))
    await raw.expect_failed()


@rfc6455("8.1", MUST, "every connection has a validator of its own")
@pytest.mark.needs("echo")
async def test_validators_of_two_connections_do_not_mix(raw_connection: OpenRawConnection) -> None:
    one, other = await raw_connection("one"), await raw_connection("other")
    await one.send(text(b"\xe2\x82", fin=False), ping(b"marker"))
    await one.pong()
    await other.send(text("€uro"))
    await other.expect_echo("€uro")
    await one.send(continuation(b"\xac"))
    await one.expect_echo("€")


@rfc6455("8.1", MUST, "a message that ends inside a character ends the connection")
@pytest.mark.parametrize("tail", [b"\xd0", b"\xe2\x82", b"\xf0\x9f\x98"], ids=["1 of 2", "2 of 3", "3 of 4"])
@pytest.mark.parametrize("how", ["one frame", "last fragment", "empty last fragment"])
async def test_text_that_ends_inside_a_character_fails_the_connection(
    raw: RawConnection, tail: bytes, how: str
) -> None:
    if how == "one frame":
        await raw.send(text(b"cut " + tail))
    elif how == "last fragment":
        await raw.send(text("cut ", fin=False), continuation(tail))
    else:
        await raw.send(text(b"cut " + tail, fin=False), continuation(b""))
    await raw.expect_failed()


@rfc6455("8.1", MUST, "half a character at the end of a message is not completed by the next message")
async def test_character_is_not_completed_by_the_next_message(raw: RawConnection) -> None:
    await raw.send(text(b"\xd0"), text(b"\x96"))
    await raw.expect_failed()


@rfc6455("8.1", MUST, "half a character at the end of a fragment is not forgotten")
@pytest.mark.parametrize(
    "second", [b"x", b"\xd0\x96", b"\xff"], ids=["ascii", "whole character", "illegal byte"]
)
async def test_half_a_character_before_another_fails_the_connection(
    raw: RawConnection, second: bytes
) -> None:
    await raw.send(text(b"\xd0", fin=False), continuation(second))
    await raw.expect_failed()


@rfc6455("8.1", MUST, "a failed message leaves nothing in the validator of the next connection")
@pytest.mark.needs("echo")
async def test_validator_is_fresh_on_every_connection(raw_connection: OpenRawConnection) -> None:
    first = await raw_connection("first")
    await first.send(text(b"\xe2\x82"))
    await first.expect_failed()
    second = await raw_connection("second")
    await second.send(text("€uro"))
    await second.expect_echo("€uro")


@rfc6455(
    "8.1",
    MAY,
    "illegal UTF-8 ends the connection at once, or when the message is complete",
    autobahn=["6.4.1-4"],
)
@pytest.mark.parametrize("how", ["fragments", "segments"])
@pytest.mark.parametrize("bad", [b"\xf4\x90\x80\x80", b"\xf4\x90", b"\xff"], ids=lambda b: b.hex(" "))
async def test_illegal_utf8_ends_the_connection_at_once_or_later(
    raw: RawConnection, record_property: RecordProperty, how: str, bad: bytes
) -> None:
    frames = [text(KOSME + bad, fin=False), continuation(b"edited")]
    if how == "fragments":
        await raw.send(frames[0], ping(b"marker"))
        early = await ended_before_the_pong(raw)
        if not early:
            await raw.send(frames[1])
    else:
        whole = raw.encode(Frame(1, KOSME + bad + b"edited"))
        await raw.send_split(whole, len(whole) - 3)
        early = False
    ending = await raw.ending(answers=0)
    if raw.waiting_answers or not ending.ended:
        pytest.skip("the server does not fail the connection, which other cases judge")
    if how == "fragments":
        record_property("observed", "failed at once" if early else "failed when the message was complete")


@rfc6455("7.4.1", SHOULD, "the Close frame that answers illegal UTF-8 carries 1007")
@pytest.mark.parametrize(
    "data",
    [b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"cut \xd0"],
    ids=lambda b: b.hex(" "),
)
async def test_illegal_utf8_is_refused_with_1007(raw: RawConnection, data: bytes) -> None:
    await raw.send(text(data))
    await raw.expect_failed(code=1007)


def fragments(data: bytes, size: int) -> list[Frame]:
    """``data`` as a text message in fragments of ``size`` bytes."""
    starts = range(0, len(data), size)
    return [Frame(0 if start else 1, data[start : start + size], fin=start == starts[-1]) for start in starts]


async def ended_before_the_pong(raw: RawConnection) -> bool:
    """Returns whether the connection ends rather than answering the Ping."""
    try:
        await raw.pong()
    except AssertionError:
        return True
    return False
