"""Slow peers: they send slowly on purpose, to use up the server's connections."""

from pytest_websocket import security
from pytest_websocket.fixtures import Connect, Dial, Echo, ExpectBoundedMemory, OpenRawConnection
from pytest_websocket.protocol.frames import continuation, text
from pytest_websocket.protocol.handshake import Request

pytestmark = security(
    cwe=400,
    asvs="15.2.2",
    severity="medium",
    gain="Clients that send slowly hold the connections that other clients need.",
)

HOSTILE = 50
"""Hostile connections at once: fewer than the limit of most servers, more than a pool of threads."""


async def test_slow_handshakes_do_not_stop_the_server(
    connect: Connect, dial: Dial, opening: Request, echo: Echo
) -> None:
    """As slowloris: many requests, one header line at a time, never the last one."""
    slow = [await dial(f"slow {number}") for number in range(HOSTILE)]
    lines = opening.encode().removesuffix(b"\r\n").splitlines(keepends=True)
    for line in lines:
        for raw in slow:
            await raw.send_bytes(line)
        await echo.expect_healthy(await connect(name="another client"))


async def test_handshake_octet_by_octet_is_answered_or_refused(
    connect: Connect, dial: Dial, opening: Request, echo: Echo
) -> None:
    """Slow is not wrong: a client with a slow link looks the same."""
    raw = await dial()
    await raw.send_in_pieces(opening.encode(), 1)
    response = await raw.refusal()
    if echo.is_echo_api:
        assert response is not None, "a slow handshake was not answered"
        assert response.accepted, f"a slow handshake was refused: {response}"
    await echo.expect_healthy(await connect(name="another client"))


async def test_silent_connections_do_not_stop_the_server(connect: Connect, dial: Dial, echo: Echo) -> None:
    for number in range(HOSTILE):
        await dial(f"silent {number}")
    await echo.expect_healthy(await connect(name="another client"))


async def test_frames_that_never_end_do_not_stop_the_server(
    connect: Connect,
    raw_connection: OpenRawConnection,
    echo: Echo,
    expect_bounded_memory: ExpectBoundedMemory,
) -> None:
    parts = [text("x" * 200).encode()[:stop] for stop in (1, 2, 3, 5, 7, 100)]
    for number in range(HOSTILE):
        await (await raw_connection(f"unfinished {number}")).send_bytes(parts[number % len(parts)])
    await echo.expect_healthy(await connect(name="another client"))
    expect_bounded_memory()


async def test_messages_that_never_end_do_not_stop_the_server(
    connect: Connect,
    raw_connection: OpenRawConnection,
    echo: Echo,
    expect_bounded_memory: ExpectBoundedMemory,
) -> None:
    slow = [await raw_connection(f"unfinished {number}") for number in range(HOSTILE)]
    for raw in slow:
        await raw.send(text("begun", fin=False))
    for _ in range(3):
        for raw in slow:
            await raw.send(continuation(" and going on", fin=False))
        await echo.expect_healthy(await connect(name="another client"))
    expect_bounded_memory()
