"""Starvation: what one client sends, though it is legal, does not keep the others waiting."""

import time
from collections.abc import Awaitable, Callable

import pytest

from pytest_websocket import security
from pytest_websocket.fixtures import (
    Abilities,
    Agree,
    Client,
    Connect,
    During,
    Echo,
    OpenRawConnection,
    RawConnection,
)
from pytest_websocket.protocol.frames import Frame, binary, continuation, ping, pong, text

pytestmark = [
    pytest.mark.alone,
    pytest.mark.needs("text"),
    security(
        cwe=400,
        asvs="15.2.2",
        severity="medium",
        gain="What one client sends makes all others wait, as long as it likes.",
    ),
]

LONGEST_WAIT = 1.2
"""Seconds that another client may wait for a reply, before ``--ws-time-scale``; twice that in a flood."""

ATTEMPTS = 3
"""A busy machine makes a client wait now and then; a server that blocks does it every time."""

USUAL_TRIPS = 5
"""Round trips of the other client before a message and after it, which show how busy the machine is."""

UNUSUAL = 4
"""How much longer than those a wait is at least that counts."""

PIECE = 1 << 16
"""Bytes written at a time, so that this event loop serves the other client meanwhile."""

LARGE: dict[str, Callable[[int], list[Frame]]] = {
    "text": lambda size: [text("x" * size)],
    "text of wide characters": lambda size: [text("\N{WAVING HAND SIGN}" * (size // 4))],
    "binary": lambda size: [binary(bytes(size))],
    "text in fragments": lambda size: [
        text("x" * 100, fin=False),
        *[continuation("x" * 100, fin=False)] * (min(size, 200_000) // 100 - 2),
        continuation("x" * 100),
    ],
    "text in empty fragments": lambda _: [
        text("", fin=False),
        *[continuation("", fin=False)] * 3_000,
        continuation("x"),
    ],
    "lines": lambda size: [text("a\r\n" * (size // 3))],
    "blanks": lambda size: [text(" " * (size - 1) + "x")],
    "brackets": lambda size: [text("[{" * (size // 2))],
}


@pytest.fixture
def expect_short_wait(echo: Echo, connect: Connect, during: During) -> Callable[..., Awaitable[None]]:
    """Asserts that in one of several attempts no other client waits for longer than `LONGEST_WAIT`.

    An attempt lasts until the message is answered, or for ``seconds``. A wait counts only where it is far
    longer than those of the same client just before and just after.
    """

    async def push(raw: RawConnection, data: bytes) -> None:
        for at in range(0, len(data), PIECE):
            await raw.send_bytes(data[at : at + PIECE])

    async def wait_of(client: Client) -> float:
        began = time.monotonic()
        await echo.expect_replies(client, "meanwhile")
        return time.monotonic() - began

    async def longest_waits(raw: RawConnection, data: bytes, seconds: float | None) -> tuple[float, float]:
        """Returns the longest wait while the message is handled, and the longest before and after."""
        other_client = await connect(name="another client")
        usual = [await wait_of(other_client) for _ in range(USUAL_TRIPS)]
        longest, end = 0.0, time.monotonic() + (seconds or 0)
        async with during(push(raw, data)), during(raw.message_or_ending()) as answered:
            while time.monotonic() < end if seconds else not answered.done():
                longest = max(longest, await wait_of(other_client))
        raw.reset()
        # The first one may still wait for what is being handled.
        await wait_of(other_client)
        usual += [await wait_of(other_client) for _ in range(USUAL_TRIPS)]
        return longest, max(usual)

    async def check(
        open_raw: Callable[[], Awaitable[RawConnection]], data: bytes, seconds: float | None = None
    ) -> None:
        allowed = min(
            LONGEST_WAIT * (2 if seconds else 1) * echo.target.time_scale, echo.target.deadline * 0.8
        )
        waits: list[float] = []
        while len(waits) < ATTEMPTS:
            longest, usual = await longest_waits(await open_raw(), data, seconds)
            if longest <= max(allowed, usual * UNUSUAL):
                return
            waits.append(longest)
        pytest.fail(
            f"while {len(data)} bytes of one client were handled, another waited {min(waits):.1f} s "
            f"for its reply, {ATTEMPTS} times out of {ATTEMPTS}; else at most {usual:.2f} s"
        )

    return check


@pytest.mark.parametrize("frames_of", LARGE.values(), ids=LARGE.keys())
async def test_large_message_does_not_keep_others_waiting(
    raw_connection: OpenRawConnection,
    expect_short_wait: Callable[..., Awaitable[None]],
    abilities: Abilities,
    frames_of: Callable[[int], list[Frame]],
) -> None:
    frames = frames_of(min(abilities.max_message, 1 << 20))
    await expect_short_wait(lambda: raw_connection("large"), b"".join(frame.encode() for frame in frames))


@pytest.mark.needs("deflate")
@pytest.mark.parametrize("content", ["zeros", "words"])
async def test_compressed_message_does_not_keep_others_waiting(
    agree: Agree, expect_short_wait: Callable[..., Awaitable[None]], abilities: Abilities, content: str
) -> None:
    size = min(abilities.max_message, 1 << 20)
    words = "".join(f"word {number * number} " for number in range(100_000))
    message = "\x00" * size if content == "zeros" else words[:size]
    packed = (await agree("permessage-deflate", name="to compress")).compress(message)
    await expect_short_wait(
        lambda: agree("permessage-deflate", name="large"), b"".join(frame.encode() for frame in packed)
    )


FLOODS = {"pings": ping(bytes(125)), "pongs": pong(bytes(125)), "texts": text("x" * 125)}
"""Frames as large as a Ping can be: how many of them a server handles at a time is its own affair."""

FLOOD = 6 << 20
"""Bytes that wait to be read: a server that reads on while there is something has much to do."""


@pytest.mark.parametrize("frame", FLOODS.values(), ids=FLOODS.keys())
async def test_flood_that_is_not_read_does_not_keep_others_waiting(
    raw_connection: OpenRawConnection, expect_short_wait: Callable[..., Awaitable[None]], frame: Frame
) -> None:
    async def open_flood() -> RawConnection:
        raw = await raw_connection("flood")
        # Reading so many replies would keep this event loop busy.
        raw.pause_reading()
        return raw

    await expect_short_wait(open_flood, frame.encode() * (FLOOD // len(frame.encode())), seconds=1.0)
