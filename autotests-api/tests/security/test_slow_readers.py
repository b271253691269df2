"""Slow readers: they do not read their replies, and the server has to keep them or wait.

Their connections have small buffers, so that all are full after some 100 kB.
"""

import pytest

from pytest_websocket import security
from pytest_websocket.fixtures import (
    Client,
    Connect,
    During,
    Echo,
    ExpectBoundedMemory,
    OpenRawConnection,
    RawConnection,
    Target,
)
from pytest_websocket.protocol.frames import close, text
from pytest_websocket.raw.ending import NotReceived

pytestmark = [
    pytest.mark.alone,
    pytest.mark.needs("text"),
    security(
        cwe=400,
        asvs="15.2.2",
        severity="medium",
        gain="A client that does not read its replies makes the server keep them in memory, or stop.",
    ),
]

PILES = {
    "short messages": [f"message {number}" for number in range(6_000)],
    "long messages": [f"{number} ".ljust(10_000, "x") for number in range(60)],
    "mixed messages": [f"{number} ".ljust((3_000, 50_000, 10)[number % 3], "x") for number in range(60)],
}

# A reply is longer than its message: the shortest messages make a server write the most.
STEEP_PILES = {"empty messages": [""] * 24_000, **PILES}

MORE_THAN_BUFFERS_HOLD = 24 << 20
"""Bytes; the kernel keeps megabytes for a server that has read fast so far."""


def encoded(raw: RawConnection, messages: list[str]) -> bytes:
    return raw.encode(*map(text, messages))


TURNS = 5
"""Round trips of another client in which a server takes nothing more of what is sent to it."""


def hung_up(raw: RawConnection) -> bool:
    """Returns whether the server ended the connection, which it may when a peer does not read."""
    return raw.tcp != "open" or raw.close_status is not None


async def taken_in(raw: RawConnection, echo: Echo, other_client: Client) -> None:
    """Waits until the server has read all that is being sent, or reads no further."""
    before, same = raw.unsent, 0
    while same < TURNS:
        await echo.expect_replies(other_client, "meanwhile")
        before, same = raw.unsent, same + 1 if raw.unsent == before else 0


async def test_peers_that_never_read_do_not_stop_the_server(
    connect: Connect,
    raw_connection: OpenRawConnection,
    echo: Echo,
    during: During,
    expect_bounded_memory: ExpectBoundedMemory,
) -> None:
    other_client = await connect(name="another client")
    readers = [await raw_connection(f"slow reader {number}", small_buffers=True) for number in range(3)]
    for number, (raw, messages) in enumerate(zip(readers, PILES.values(), strict=True)):
        raw.pause_reading()
        async with during(raw.send_bytes(encoded(raw, messages))):
            for turn in range(10):
                await echo.expect_replies(other_client, f"meanwhile {number}, {turn}")
            await echo.expect_healthy(await connect(name="new client"))
    await echo.expect_healthy(other_client)
    expect_bounded_memory()
    for raw in readers:
        raw.reset()
    await echo.expect_healthy(await connect(name="afterwards"))


@pytest.mark.parametrize("messages", STEEP_PILES.values(), ids=STEEP_PILES.keys())
async def test_replies_that_are_read_late_all_come(
    connect: Connect, raw_connection: OpenRawConnection, echo: Echo, during: During, messages: list[str]
) -> None:
    """All buffers run full and empty several times, and nothing is lost, repeated or forgotten in them."""
    slow, other_client = (
        await raw_connection("slow", small_buffers=True),
        await connect(name="another client"),
    )
    slow.pause_reading()
    async with during(slow.send_bytes(encoded(slow, messages))):
        await echo.expect_healthy(other_client)
        await taken_in(slow, echo, other_client)
        slow.resume_reading()
        try:
            await slow.expect_echo(*messages)
        except NotReceived:
            if echo.is_echo_api or not hung_up(slow):
                raise
            pytest.skip(f"the target hangs up on a peer that does not read ({slow.close_status or slow.tcp})")
    await slow.expect_served()


@pytest.mark.parametrize("messages", PILES.values(), ids=PILES.keys())
async def test_closing_after_replies_that_are_read_late_is_answered(
    connect: Connect, raw_connection: OpenRawConnection, echo: Echo, during: During, messages: list[str]
) -> None:
    """The frame that is being sent when the Close comes is sent to its end; a Close follows."""
    slow, other_client = (
        await raw_connection("slow", small_buffers=True),
        await connect(name="another client"),
    )
    slow.pause_reading()
    async with during(slow.send_bytes(encoded(slow, messages) + close(1000).encode())):
        await echo.expect_healthy(other_client)
        await taken_in(slow, echo, other_client)
        slow.sent_close = True
        slow.resume_reading()
        count = 0
        while (got := await slow.message_or_ending()) is not None:
            assert got.content == echo.target.answer(messages[count]), f"reply {count + 1} is spoilt"
            count += 1
    if slow.close_status is None and not echo.is_echo_api:
        pytest.skip("the target hangs up on a peer that does not read")
    assert slow.close_status is not None, (
        f"after {count} of {len(messages)} replies TCP ended ({slow.tcp}), and the Close was not answered"
    )


async def test_server_waits_for_a_peer_that_does_not_read(
    raw_connection: OpenRawConnection, echo: Echo, target: Target
) -> None:
    """The server stops reading; replies are neither kept in memory without limit nor lost."""
    if not echo.is_echo_api:
        pytest.skip("only our server promises to wait; others hang up on such a peer, or keep all in memory")
    reader = await raw_connection("slow reader", small_buffers=True)
    reader.pause_reading()
    deadline, reader.deadline = reader.deadline, 0.5 * target.time_scale
    sent: list[str] = []
    size, waits = 0, False
    while size < MORE_THAN_BUFFERS_HOLD and not waits:
        sent.append(f"{len(sent)} ".ljust((50_000, 120_000, 3_000)[len(sent) % 3], "x"))
        size += len(sent[-1])
        try:
            await reader.send(text(sent[-1]))
        except NotReceived:
            waits = True
    assert waits, f"the server took {MORE_THAN_BUFFERS_HOLD >> 20} MiB although its replies were not read"
    reader.deadline = deadline
    reader.resume_reading()
    # What was not sent within the deadline is sent later.
    await reader.expect_echo(*sent)
    await reader.expect_served()
