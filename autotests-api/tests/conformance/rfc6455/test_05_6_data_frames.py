"""RFC 6455 §5.6 and §6: text and binary messages of all sizes, sent and received."""

import pytest

from pytest_websocket.fixtures import Abilities, RawConnection
from pytest_websocket.plugin.marks import MUST, rfc6455
from pytest_websocket.protocol.frames import BINARY, TEXT, Frame, binary, text
from pytest_websocket.protocol.payloads import bytes_of, text_of

KIB, MIB = 1 << 10, 1 << 20

SIZES = [0, 125, 126, 127, 128, 65535, 65536]


@rfc6455("5.6", MUST, "a text message comes through whole", autobahn=["1.1.1-7"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.needs("answer")
async def test_text_message_comes_through(raw: RawConnection, size: int) -> None:
    raw.needs_size(size)
    await raw.send(text(text_of(size)))
    await raw.expect_echo(text_of(size))


@rfc6455("5.6", MUST, "a binary message comes through whole", autobahn=["1.2.1-7"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.needs("binary")
async def test_binary_message_comes_through(raw: RawConnection, size: int) -> None:
    raw.needs_size(size)
    await raw.send(binary(bytes_of(size)))
    await raw.expect_echo(bytes_of(size))


@rfc6455("5.6", MUST, "a message that comes in chops is read whole", autobahn=["1.1.8", "1.2.8"])
@pytest.mark.parametrize(
    "opcode", [TEXT, pytest.param(BINARY, marks=pytest.mark.needs("binary"))], ids=["text", "binary"]
)
@pytest.mark.needs("echo")
async def test_message_in_chops_of_997_bytes_comes_through(raw: RawConnection, opcode: int) -> None:
    raw.needs_size(65536)
    content = text_of(65536) if opcode == TEXT else bytes_of(65536)
    frame = text(content) if isinstance(content, str) else binary(content)
    await raw.send_in_pieces(raw.encode(frame), 997)
    await raw.expect_echo(content)


@rfc6455("5.6", MUST, "a reply has the type of what the contract promises, for messages in any order")
@pytest.mark.needs("binary")
async def test_kinds_of_messages_are_told_apart(raw: RawConnection) -> None:
    messages: list[str | bytes] = ["text", b"\x00binary", "", b"", "ещё", b"\xff"]
    for message in messages:
        await raw.send(text(message) if isinstance(message, str) else binary(message))
    await raw.expect_echo(*messages)


@rfc6455("5.6", MUST, "every byte comes through, in its place")
@pytest.mark.parametrize("shift", [0, 1, 2, 3])
@pytest.mark.needs("binary")
async def test_every_byte_comes_through(raw: RawConnection, shift: int) -> None:
    data = bytes(range(256)) * 3
    await raw.send(binary(data[shift:] + data[:shift]))
    await raw.expect_echo(data[shift:] + data[:shift])


@rfc6455("6.1", MUST, "a server sends whole messages, in legal fragments when it fragments them")
@pytest.mark.parametrize("size", [1000, 70_000, 500_000])
@pytest.mark.needs("answer")
async def test_server_sends_legal_frames(raw: RawConnection, size: int) -> None:
    raw.needs_size(size)
    await raw.send(text("ж" * (size // 2)), text("next"))
    await raw.expect_echo("ж" * (size // 2), "next")
    raw.expect_no_violation()


@rfc6455("6.2", MUST, "messages keep their order")
@pytest.mark.parametrize("sizes", [[1, 70_000, 1], [70_000, 1, 70_000, 1], [0, 125, 126, 65536, 0]], ids=str)
@pytest.mark.needs("answer")
async def test_large_and_small_messages_keep_their_order(raw: RawConnection, sizes: list[int]) -> None:
    raw.needs_size(max(sizes))
    messages = [letter * size for letter, size in zip("abcde", sizes, strict=False)]
    await raw.send_together(*(text(message) for message in messages))
    await raw.expect_echo(*messages)


@rfc6455("5.4", MUST, "a message in fragments of 1300 bytes comes through", autobahn="10.1.1")
@pytest.mark.needs("answer")
async def test_message_in_fragments_of_1300_bytes_comes_through(raw: RawConnection) -> None:
    raw.needs_size(65536)
    await send_fragments(raw, TEXT, text_of(65536).encode(), 1300)
    await raw.expect_echo(text_of(65536))


LARGE = [64 * KIB, 256 * KIB, MIB, 4 * MIB, 8 * MIB, 16 * MIB]
FRAGMENTS = [64, 256, KIB, 4 * KIB, 16 * KIB, 64 * KIB, 256 * KIB, MIB, 4 * MIB]
CHOPS = [64, 128, 256, 512, KIB, 2 * KIB]
TRIPS = [0, 16, 64, 256, KIB, 4 * KIB]


def numbered(group: str, values: list[int]) -> list[object]:
    """Returns ``values`` as parameters, each with the number of Autobahn's case."""
    return [
        pytest.param(v, marks=pytest.mark.autobahn(f"{group}.{n}"), id=str(v))
        for n, v in enumerate(values, 1)
    ]


async def send_fragments(raw: RawConnection, opcode: int, data: bytes, size: int) -> None:
    """Sends ``data`` as one message in fragments of ``size`` bytes, many in a write."""
    frames = [
        Frame(opcode if start == 0 else 0, data[start : start + size], fin=start + size >= len(data))
        for start in range(0, len(data), size)
    ]
    together = max(1, 256 * KIB // size)
    for start in range(0, len(frames), together):
        await raw.send_together(*frames[start : start + together])


@rfc6455("5.2", MUST, "a large text message comes through")
@pytest.mark.mass
@pytest.mark.needs("answer")
@pytest.mark.parametrize("size", numbered("9.1", LARGE))
async def test_large_text_message_comes_through(raw: RawConnection, size: int) -> None:
    raw.needs_size(size)
    await raw.send(text(text_of(size)))
    await raw.expect_echo(text_of(size))


@rfc6455("5.2", MUST, "a large binary message comes through")
@pytest.mark.mass
@pytest.mark.needs("binary")
@pytest.mark.parametrize("size", numbered("9.2", LARGE))
async def test_large_binary_message_comes_through(raw: RawConnection, size: int) -> None:
    raw.needs_size(size)
    await raw.send(binary(bytes_of(size)))
    await raw.expect_echo(bytes_of(size))


@rfc6455("5.4", MUST, "a large text message in fragments comes through")
@pytest.mark.mass
@pytest.mark.needs("answer")
@pytest.mark.parametrize("size", numbered("9.3", FRAGMENTS))
async def test_large_text_message_in_fragments_comes_through(
    raw: RawConnection, abilities: Abilities, size: int
) -> None:
    whole = min(4 * MIB, abilities.max_message)
    await send_fragments(raw, TEXT, text_of(whole).encode(), size)
    await raw.expect_echo(text_of(whole), skip_if_too_big=True)


@rfc6455("5.4", MUST, "a large binary message in fragments comes through")
@pytest.mark.mass
@pytest.mark.needs("binary")
@pytest.mark.parametrize("size", numbered("9.4", FRAGMENTS))
async def test_large_binary_message_in_fragments_comes_through(
    raw: RawConnection, abilities: Abilities, size: int
) -> None:
    whole = min(4 * MIB, abilities.max_message)
    await send_fragments(raw, BINARY, bytes_of(whole), size)
    await raw.expect_echo(bytes_of(whole), skip_if_too_big=True)


@rfc6455("5.2", MUST, "a large text message in chops comes through")
@pytest.mark.mass
@pytest.mark.needs("answer")
@pytest.mark.parametrize("chop", numbered("9.5", CHOPS))
async def test_large_text_message_in_chops_comes_through(
    raw: RawConnection, abilities: Abilities, chop: int
) -> None:
    whole = min(MIB, abilities.max_message)
    await raw.send_in_pieces(raw.encode(text(text_of(whole))), chop)
    await raw.expect_echo(text_of(whole))


@rfc6455("5.2", MUST, "a large binary message in chops comes through")
@pytest.mark.mass
@pytest.mark.needs("binary")
@pytest.mark.parametrize("chop", numbered("9.6", CHOPS))
async def test_large_binary_message_in_chops_comes_through(
    raw: RawConnection, abilities: Abilities, chop: int
) -> None:
    whole = min(MIB, abilities.max_message)
    await raw.send_in_pieces(binary(bytes_of(whole)).encode(), chop)
    await raw.expect_echo(bytes_of(whole))


@rfc6455("6.2", MUST, "text messages go to and fro by the thousand")
@pytest.mark.mass
@pytest.mark.needs("answer")
@pytest.mark.parametrize("size", numbered("9.7", TRIPS))
async def test_text_goes_to_and_fro_by_the_thousand(raw: RawConnection, size: int) -> None:
    raw.needs_size(size)
    for _ in range(1000):
        await raw.send(text(text_of(size)))
        await raw.expect_echo(text_of(size))


@rfc6455("6.2", MUST, "binary messages go to and fro by the thousand")
@pytest.mark.mass
@pytest.mark.needs("binary")
@pytest.mark.parametrize("size", numbered("9.8", TRIPS))
async def test_binary_goes_to_and_fro_by_the_thousand(raw: RawConnection, size: int) -> None:
    raw.needs_size(size)
    for _ in range(1000):
        await raw.send(binary(bytes_of(size)))
        await raw.expect_echo(bytes_of(size))
