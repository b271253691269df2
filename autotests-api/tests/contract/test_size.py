"""Size: a message comes back whole at every length up to the limit, and one above the limit is refused."""

import contextlib
import itertools
import random
from collections.abc import Awaitable, Callable, Sequence

import pytest

from pytest_websocket import ConnectionEnded
from pytest_websocket.fixtures import Abilities, Client, Connect, Echo, OpenRawConnection, Target
from pytest_websocket.protocol.frames import continuation, ping, text
from pytest_websocket.server.promises import MAX_SIZE
from pytest_websocket.target.target import Message

pytestmark = pytest.mark.needs("text")

BOUNDARIES = [125, 126, 127, 65_535, 65_536, 65_537, 1_048_576]
POWERS = [1 << exponent for exponent in range(7, 20)]
BUFFERS = [1 << exponent for exponent in range(9, 18)]
ALPHABET = "aя€😀"
NEAR = 4_096


LARGEST = MAX_SIZE + 2_000
# Noise, so that no two parts of a message are alike and what is lost or swapped shows. Every second byte
# only: pure noise would grow beyond the limit when it is compressed.
NOISE = b"\x00".join(bytes([value]) for value in random.Random(1).randbytes(LARGEST // 2))
TEXT = "".join(
    f"{number:x}{letter}" for number, letter in zip(range(1 << 16, 1 << 18), itertools.cycle(ALPHABET))
).encode()


def text_of(size: int) -> str:
    """Text of exactly ``size`` bytes in UTF-8, with characters of every width."""
    start = size % 997
    whole = TEXT[start : start + size].decode(errors="ignore")
    return whole + "." * (size - len(whole.encode()))


def bytes_of(size: int) -> bytes:
    """``size`` bytes, the same at every call."""
    return NOISE[size % 997 :][:size]


MessageOf = Callable[[int], Message]
Refused = Callable[[Client, Message | Sequence[bytes]], Awaitable[None]]

KINDS: dict[str, MessageOf] = {"text": text_of, "binary": bytes_of}


@pytest.fixture(params=KINDS)
def message_of(request: pytest.FixtureRequest, abilities: Abilities, target: Target) -> MessageOf:
    if request.param == "binary" and (target.binary == "none" or not abilities.binary):
        pytest.skip("the target does not answer binary messages")
    return KINDS[request.param]


@pytest.fixture
async def limit(target: Target, echo: Echo, connect: Connect) -> int:
    """Returns the limit in bytes that the target promises: the echo API's, or that of --ws-max-message."""
    if target.embedded:
        return MAX_SIZE
    if target.max_message is not None:
        return target.max_message
    if not echo.is_echo_api:
        pytest.skip("what the target's limit is has not been said (--ws-max-message)")
    if not await takes(connect, target, MAX_SIZE - NEAR):
        pytest.skip("the target's limit is below 1 MiB")
    if await takes(connect, target, MAX_SIZE + NEAR):
        pytest.skip("the target's limit is above 1 MiB")
    return MAX_SIZE


async def takes(connect: Connect, target: Target, size: int) -> bool:
    """Returns whether a message of ``size`` bytes is answered."""
    client = await connect(name="of another size", compression=False)
    message = "x" * size
    try:
        await client.send(message)
        await client.expect(target.answer(message))
    except ConnectionEnded:
        return False
    return True


@pytest.fixture
def refused(echo: Echo, target: Target, connect: Connect) -> Refused:
    """Asserts that a message above the limit is refused with 1009, and that other clients are served."""

    async def check(client: Client, message: Message | Sequence[bytes]) -> None:
        with contextlib.suppress(ConnectionEnded):
            await client.send(message)
        if echo.is_echo_api:
            await client.expect_closed(1009)
        else:
            got = await client.collect(quiet=0.2 * target.time_scale)
            if got and client.is_open:
                pytest.skip("the target takes more than --ws-max-message says")
            assert not got, f"a message above the limit was answered with {len(got[0])} of its characters"
            await client.expect_closed()
        await echo.expect_healthy(await connect(name="afterwards"))

    return check


@pytest.mark.parametrize("size", BOUNDARIES)
@pytest.mark.parametrize("compression", [True, False], ids=["deflate", "plain"])
async def test_message_at_a_boundary_of_length_comes_back(
    connect: Connect, echo: Echo, message_of: MessageOf, size: int, compression: bool
) -> None:
    echo.needs_size(size)
    client = await connect(compression=compression)
    await echo.expect_replies(client, message_of(size), "still in step?")


@pytest.mark.parametrize("size", sorted({*BOUNDARIES[:-1], *BUFFERS}))
async def test_reply_at_a_boundary_of_length_is_whole(
    connect: Connect, echo: Echo, target: Target, size: int
) -> None:
    """The reply is longer than the message, so its length reaches the boundaries elsewhere."""
    echo.needs_size(size + 2)
    around = len(str(target.answer("")).encode())
    client = await connect(compression=False)
    await echo.expect_replies(
        client, *(text_of(size - around + more) for more in (0, 1, 2)), "still in step?"
    )


@pytest.mark.parametrize("compression", [True, False], ids=["deflate", "plain"])
async def test_message_of_every_short_length_comes_back(
    connect: Connect, echo: Echo, message_of: MessageOf, compression: bool
) -> None:
    client = await connect(compression=compression)
    await echo.expect_burst(client, [message_of(size) for size in range(301)], window=64)


@pytest.mark.parametrize("letter", ALPHABET, ids=["1 byte", "2 bytes", "3 bytes", "4 bytes"])
async def test_text_of_every_short_count_of_letters_comes_back(
    client: Client, echo: Echo, letter: str
) -> None:
    await echo.expect_burst(client, [letter * count for count in range(1, 140)], window=64)


@pytest.mark.parametrize("compression", [True, False], ids=["deflate", "plain"])
async def test_message_around_every_power_of_two_comes_back(
    connect: Connect, echo: Echo, abilities: Abilities, message_of: MessageOf, compression: bool
) -> None:
    client = await connect(compression=compression)
    # Compressing megabytes takes most of the time of this file; the boundaries above have one.
    largest = min(abilities.max_message, 1 << 17 if compression else 1 << 20)
    sizes = [size + more for size in POWERS for more in (-1, 0, 1) if size + more <= largest]
    await echo.expect_burst(client, [message_of(size) for size in sizes], window=2)


@pytest.mark.parametrize("size", [1_000, 1_500, 10_000, 100_000, 1_000_000])
async def test_message_of_a_round_size_comes_back(
    connect: Connect, echo: Echo, message_of: MessageOf, size: int
) -> None:
    echo.needs_size(size + 1)
    client = await connect(compression=False)
    await echo.expect_replies(client, message_of(size), message_of(size + 1))


async def test_large_messages_come_back_one_after_another(
    connect: Connect, echo: Echo, message_of: MessageOf
) -> None:
    """Sixteen megabytes on one connection: a total is no limit, and no counter overflows."""
    echo.needs_size(1 << 20)
    client = await connect(compression=False)
    message = message_of((1 << 20) - 8)
    messages = [
        message + f"{number:08}" if isinstance(message, str) else message + b"%08d" % number
        for number in range(16)
    ]
    await echo.expect_burst(client, messages, window=2)


async def test_compressible_message_comes_back_whole(client: Client, echo: Echo) -> None:
    """Compressed it is a thousandth of its size: no buffer may be measured by the smaller one."""
    echo.needs_size(1 << 20)
    await echo.expect_replies(client, "x" * (1 << 20), "ж" * (1 << 19), "x" * (1 << 20))


@pytest.mark.parametrize("compression", [True, False], ids=["deflate", "plain"])
async def test_message_of_exactly_the_limit_comes_back(
    connect: Connect, echo: Echo, limit: int, message_of: MessageOf, compression: bool
) -> None:
    client = await connect(compression=compression)
    await echo.expect_replies(client, message_of(limit - 1), message_of(limit), "still in step?")


@pytest.mark.parametrize("compression", [True, False], ids=["deflate", "plain"])
async def test_message_above_the_limit_is_refused(
    connect: Connect, refused: Refused, limit: int, message_of: MessageOf, compression: bool
) -> None:
    await refused(await connect(compression=compression), message_of(limit + 1))


async def test_limit_is_counted_in_bytes_and_not_in_letters(
    connect: Connect, refused: Refused, limit: int
) -> None:
    await refused(await connect(), "ж" * (limit // 2 + 1))


async def test_limit_is_of_the_message_and_not_of_its_fragments(
    connect: Connect, refused: Refused, limit: int
) -> None:
    await refused(await connect(), [bytes(limit // 2), bytes(limit // 2), b"x"])


async def test_limit_is_of_the_message_and_not_of_the_pings_between(
    raw_connection: OpenRawConnection, limit: int
) -> None:
    raw = await raw_connection()
    message = "x" * limit
    first, last = text(message[: limit // 2], fin=False), continuation(message[limit // 2 :])
    await raw.send_together(first, *[ping(bytes(125))] * 20, last)
    await raw.expect_echo(message)


async def test_limit_is_of_the_message_and_not_of_its_compressed_form(
    connect: Connect, refused: Refused, limit: int
) -> None:
    await refused(await connect(compression=True), "x" * (limit + 1))


async def test_message_far_above_any_limit_is_refused_or_comes_back_whole(
    connect: Connect, echo: Echo, abilities: Abilities
) -> None:
    """The server may do either; a part of the message, or no answer, is neither."""
    client = await connect(compression=False)
    message = "x" * (max(abilities.max_message, 1 << 20) + 1)
    with contextlib.suppress(ConnectionEnded):
        await echo.expect_replies(client, message)
    await echo.expect_healthy(await connect(name="afterwards"))
