"""Floods of legal frames: other clients are served meanwhile and afterwards."""

import pytest

from pytest_websocket import security
from pytest_websocket.fixtures import Connect, Dial, During, Echo, OpenRawConnection
from pytest_websocket.protocol.frames import Frame, binary, continuation, ping, pong, text

pytestmark = [
    pytest.mark.alone,
    security(
        cwe=400,
        asvs="15.2.2",
        severity="high",
        gain="One client that sends small frames without pause stops the service to all others.",
    ),
]

FLOODS = {
    "pings": ping(b"x"),
    "large pings": ping(bytes(125)),
    "pongs": pong(b"x"),
    "empty texts": text(""),
    "empty binaries": binary(b""),
    "texts": text("x"),
}


@pytest.mark.parametrize("frame", FLOODS.values(), ids=FLOODS.keys())
async def test_flood_of_small_frames_does_not_stop_the_server(
    connect: Connect, raw_connection: OpenRawConnection, echo: Echo, during: During, frame: Frame
) -> None:
    raw, other_client = await raw_connection("flood"), await connect(name="another client")
    many = frame.encode() * 300

    async def flood() -> None:
        for _ in range(6):
            await raw.send_bytes(many)

    async with during(flood()):
        for number in range(10):
            if echo.target.echo:
                await echo.expect_replies(other_client, f"meanwhile {number}")
            else:
                await other_client.ping()
    await echo.expect_healthy(other_client)
    await echo.expect_healthy(await connect(name="new client"))


@security(
    cwe=770,
    cve=["CVE-2026-48779", "CVE-2026-42786", "CVE-2021-3859"],
    asvs="15.2.2",
    gain="A message in thousands of tiny fragments costs the server far more memory or time than its size.",
)
@pytest.mark.needs("text")
@pytest.mark.parametrize("payload", ["x", ""], ids=["of one byte", "empty"])
async def test_message_of_many_fragments_is_answered_or_refused(
    connect: Connect, raw_connection: OpenRawConnection, echo: Echo, payload: str
) -> None:
    raw = await raw_connection("flood")
    count = 5_000
    await raw.send(text(payload, fin=False))
    await raw.send_bytes(continuation(payload, fin=False).encode() * count)
    await raw.send(continuation("."))
    got = await raw.message_or_ending()
    if got is not None:
        assert got.content == echo.target.answer(payload * (count + 1) + "."), "fragments were lost"
    await echo.expect_healthy(await connect(name="new client"))


@security(
    cwe=770,
    cve=["CVE-2026-48779", "CVE-2026-42786", "CVE-2021-3859"],
    asvs="15.2.2",
    gain="Fragments of a message that never ends are kept until the memory is used up.",
)
async def test_fragments_that_never_end_do_not_stop_the_server(
    connect: Connect, raw_connection: OpenRawConnection, echo: Echo
) -> None:
    for number in range(3):
        raw = await raw_connection(f"flood {number}")
        await raw.send(text("x", fin=False))
        await raw.send_bytes(continuation("", fin=False).encode() * 2_000)
        await echo.expect_healthy(await connect(name="another client"))


@pytest.mark.needs("text")
async def test_control_frames_in_numbers_between_fragments_do_not_stop_the_server(
    connect: Connect, raw_connection: OpenRawConnection, echo: Echo
) -> None:
    raw = await raw_connection("flood")
    await raw.send(text("begin", fin=False))
    await raw.send_bytes((ping(b"x").encode() + pong(b"y").encode()) * 300)
    await raw.send(continuation(" end"))
    got = await raw.message_or_ending()
    if got is not None:
        assert got.content == echo.target.answer("begin end"), "control frames spoiled the message"
    await echo.expect_healthy(await connect(name="new client"))


@security(
    cwe=770, asvs="15.2.2", severity="medium", gain="Connections that say nothing keep other clients out."
)
async def test_storm_of_connections_does_not_stop_the_server(
    connect: Connect, dial: Dial, echo: Echo
) -> None:
    """Connections without a handshake, as a port scanner makes them."""
    for _ in range(250):
        (await dial("no handshake")).abort()
    await echo.expect_healthy(await connect(name="new client"))
