"""Order: each message brings one reply, in the order of the messages, however they arrive."""

import asyncio
import time

import pytest

from pytest_websocket.fixtures import Abilities, Client, Connect, Dial, Echo, RawConnection, Target
from pytest_websocket.protocol.frames import binary, continuation, ping, text

pytestmark = pytest.mark.needs("text")

SLOW = 30
"""Replies within one deadline, below which a target is slow and not tested for it."""


def numbered(count: int) -> list[str]:
    return [f"message {number} of {count}" for number in range(count)]


async def test_one_message_brings_exactly_one_reply(client: Client, echo: Echo) -> None:
    await echo.expect_replies(client, "first")
    await echo.expect_silence(client)


async def test_server_sends_nothing_before_the_first_message(client: Client, echo: Echo) -> None:
    await echo.expect_silence(client)


async def test_reply_does_not_wait_for_the_next_message(client: Client, echo: Echo) -> None:
    await echo.expect_replies(client, "one", "two", "three")


@pytest.mark.parametrize("count", [2, 3, 16, 17, 200])
async def test_burst_is_answered_in_order(client: Client, echo: Echo, count: int) -> None:
    await echo.expect_burst(client, numbered(count))


async def test_burst_without_compression_is_answered_in_order(connect: Connect, echo: Echo) -> None:
    await echo.expect_burst(await connect(compression=False), numbered(200))


async def test_second_burst_is_answered_like_the_first(client: Client, echo: Echo) -> None:
    for _ in range(5):
        await echo.expect_burst(client, numbered(40))


async def test_burst_of_every_size_is_answered_in_order(
    client: Client, echo: Echo, abilities: Abilities
) -> None:
    """A server that answers large messages in another task answers small ones before them."""
    largest = min(abilities.max_message, 300_000)
    sizes = [largest, 1, 0, 70_000, 5, 20_000, 130, 0, largest, 1, 65_536, 2]
    messages = [f"{number} ".ljust(min(size, largest), "x") for number, size in enumerate(sizes)]
    await echo.expect_burst(client, messages)


async def test_five_thousand_messages_on_one_connection_are_all_answered(
    connect: Connect, echo: Echo
) -> None:
    """Every tenth, hundredth or thousandth message is not lost, and no counter of messages overflows."""
    client = await connect(compression=False)
    await echo.expect_burst(client, numbered(5_000), window=64)


async def test_three_hundred_replies_come_within_one_deadline(
    client: Client, dial: Dial, echo: Echo, deadline: float
) -> None:
    """A reply takes no longer after many others; the network's round trips are measured and added."""
    began = time.monotonic()
    await dial("to measure the way")
    way = time.monotonic() - began
    await echo.expect_replies(client, "to measure a reply")
    first = time.monotonic() - began - way
    if first > deadline / SLOW and not echo.is_echo_api:
        pytest.skip(f"a reply of the target takes {first:.2f} s")
    allowed = deadline + 300 * 2 * way
    answered = 0
    try:
        async with asyncio.timeout(allowed):
            for message in numbered(300):
                await echo.expect_replies(client, message)
                answered += 1
    except TimeoutError:
        raise AssertionError(f"only {answered} of 300 replies came within {allowed:.1f} s") from None


@pytest.mark.needs("order")
async def test_client_that_reads_late_gets_every_reply(client: Client, echo: Echo, target: Target) -> None:
    messages = numbered(300)
    for message in messages:
        await client.send(message)
    assert await client.collect(len(messages)) == [target.answer(message) for message in messages]
    await echo.expect_silence(client)


@pytest.mark.parametrize("count", [2, 3, 10, 100, 1_000])
async def test_messages_in_one_segment_are_all_answered(raw: RawConnection, count: int) -> None:
    messages = numbered(count)
    await raw.send_together(*(text(message) for message in messages))
    await raw.expect_echo(*messages)
    await raw.send(text("marker"))
    await raw.expect_echo("marker")


@pytest.mark.needs("binary")
async def test_text_and_binary_in_one_segment_are_all_answered(raw: RawConnection) -> None:
    await raw.send_together(
        text("one"), binary(b"\x02"), text(""), binary(b""), text("five"), binary(b"\xff")
    )
    await raw.expect_echo("one", b"\x02", "", b"", "five", b"\xff")


async def test_equal_messages_in_one_segment_are_each_answered(raw: RawConnection) -> None:
    await raw.send_together(*[text("the same")] * 10, text("marker"))
    await raw.expect_echo(*["the same"] * 10, "marker")


async def test_messages_split_anywhere_between_segments_are_all_answered(raw: RawConnection) -> None:
    """Two frames in two segments, cut at every offset."""
    both = raw.encode(text("first"), text("second, длиннее"))
    for cut in range(1, len(both)):
        await raw.send_split(both, cut)
        await raw.expect_echo("first", "second, длиннее")


@pytest.mark.parametrize("size", [126, 127, 128, 65_536], ids=str)
async def test_long_header_split_between_segments_is_understood(raw: RawConnection, size: int) -> None:
    raw.needs_size(size)
    message = "x" * size
    for cut in range(1, 16):
        frame = raw.encode(text(message))
        await raw.send_together(text("before"))
        await raw.send_split(frame + raw.encode(text("behind")), cut)
        await raw.expect_echo("before", message, "behind")


async def test_message_that_comes_octet_by_octet_is_answered(raw: RawConnection) -> None:
    for message in ("слово", "", "x" * 130):
        await raw.send_in_pieces(raw.encode(text(message)), 1)
        await raw.expect_echo(message)


async def test_fragments_are_answered_as_one_message(client: Client, echo: Echo, target: Target) -> None:
    for fragments in (
        ["a", "b", "c"],
        ["", "", "x"],
        ["слово", "", " и дело"],
        ["\ufeff", "x"],
        [""],
        ["x"] * 300,
    ):
        await client.send(fragments)
        await client.expect(target.answer("".join(fragments)))
    await echo.expect_silence(client)


@pytest.mark.needs("binary")
async def test_binary_fragments_are_answered_as_one_message(
    client: Client, echo: Echo, target: Target
) -> None:
    for fragments in ([b"a", b"", b"\xff"], [b"", b""], [bytes([value]) for value in range(256)]):
        await client.send(fragments)
        await client.expect(target.answer(b"".join(fragments)))
    await echo.expect_silence(client)


async def test_message_after_fragments_begins_anew(raw: RawConnection) -> None:
    await raw.send_together(
        *(text("one ", fin=False), continuation("two")),
        *(text("three "), text("four", fin=False), continuation("", fin=False), continuation(" five")),
        text("six"),
    )
    await raw.expect_echo("one two", "three ", "four five", "six")


async def test_ping_in_the_middle_of_fragments_costs_no_message(raw: RawConnection) -> None:
    for number in range(5):
        await raw.send_together(
            text("be", fin=False), ping(b"%d" % number), continuation("fore"), text("behind")
        )
    await raw.expect_echo(*["before", "behind"] * 5)
    await raw.expect_pong(*[b"%d" % number for number in range(5)])


async def test_pings_of_the_client_cost_no_reply(client: Client, echo: Echo) -> None:
    for number in range(10):
        await echo.expect_replies(client, f"before {number}")
        await client.ping(f"ping {number}")
        await echo.expect_replies(client, f"behind {number}")
    await echo.expect_silence(client)
