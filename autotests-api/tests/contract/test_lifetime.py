"""Lifetime: connections are opened and closed, stay open while they are idle, and leave nothing."""

import asyncio

import pytest

from pytest_websocket import ExpectationFailed
from pytest_websocket.fixtures import Client, Connect, Echo, OpenRawConnection, Target
from pytest_websocket.protocol.frames import Frame, continuation, text

pytestmark = pytest.mark.needs("text")


async def test_connections_one_after_another_are_all_served(connect: Connect, echo: Echo) -> None:
    for number in range(110):
        client = await connect(name=f"connection {number}")
        await echo.expect_replies(client, f"first of {number}", f"second of {number}")
        await connect.leave(client)


async def test_connections_that_overlap_are_all_served(connect: Connect, echo: Echo) -> None:
    previous = await connect(name="the first")
    for number in range(40):
        following = await connect(name=f"connection {number}")
        await echo.expect_replies(previous, "still here")
        await echo.expect_replies(following, "just come")
        await connect.leave(previous)
        await echo.expect_replies(following, "alone now")
        previous = following


@pytest.mark.parametrize("code", [1000, 1001, 3000, 4000, 4999])
async def test_client_is_served_again_after_it_closed(connect: Connect, echo: Echo, code: int) -> None:
    for _ in range(3):
        client = await connect()
        await echo.expect_replies(client, "before")
        await client.close(code, "до свидания")
        await echo.expect_healthy(await connect(name="again"))


async def test_client_is_served_again_after_it_closed_without_a_message(connect: Connect, echo: Echo) -> None:
    for _ in range(5):
        await (await connect()).close()
    await echo.expect_healthy(await connect(name="again"))


async def test_client_is_served_again_after_it_broke_off(connect: Connect, echo: Echo) -> None:
    for _ in range(20):
        client = await connect()
        await echo.expect_replies(client, "before")
        client.abort()
        await echo.expect_replies(await connect(name="again"), "again")
    await echo.expect_healthy(await connect(name="at the end"))


async def test_client_is_served_again_after_its_connection_failed(
    connect: Connect, raw_connection: OpenRawConnection, echo: Echo
) -> None:
    for broken in (text(b"\xff"), Frame(3, b"reserved"), Frame(9, bytes(126))):
        raw = await raw_connection("broken")
        await raw.send(broken)
        await raw.ending()
        await echo.expect_healthy(await connect(name="again"))


async def test_closing_is_answered_in_the_middle_of_a_conversation(connect: Connect, echo: Echo) -> None:
    for _ in range(5):
        client = await connect()
        await echo.expect_burst(client, [f"message {number}" for number in range(10)])
        await client.close(1000)
        assert client.close_code != 1006, "the server did not answer the Close frame"


async def test_server_does_not_close_after_its_reply(client: Client, echo: Echo) -> None:
    await echo.expect_replies(client, "only one")
    await client.ping()
    assert client.is_open, "the server closed the connection after its reply"
    await echo.expect_replies(client, "and another")


IDLE = 3.2
"""Seconds; longer than the short timeouts that servers often have: one, two or three seconds."""

BY_CHOICE = {1000, 1001, 1008}
"""Close codes of a server that ends a connection though nothing is wrong with it (RFC 6455 §7.4.1)."""


async def test_idle_connection_stays_open(
    connect: Connect, raw_connection: OpenRawConnection, target: Target, echo: Echo
) -> None:
    """Idle after the handshake, after messages, after a large message, in a message, in a frame."""
    fresh, used, large = await connect(name="fresh"), await connect(name="used"), await connect(name="large")
    await echo.expect_healthy(used)
    await echo.expect_replies(large, "x" * min(50_000, echo.abilities.max_message))
    within, leaving = await raw_connection("within a message"), await connect(name="leaving")
    torn = await raw_connection("within a frame")
    frame = torn.encode(text("torn"))
    await within.send(text("begun, ", fin=False))
    await torn.send_bytes(frame[:-2])
    idle = [fresh, used, large, leaving]
    try:
        heard = await asyncio.gather(*(client.collect(quiet=IDLE, deadline=2 * IDLE) for client in idle))
    except ExpectationFailed as failure:
        pytest.fail(f"a server that is not spoken to does not fall silent: {failure}")
    codes = {client.close_code for client in idle if not client.is_open}
    if codes and not echo.is_echo_api and all(code in BY_CHOICE or (code or 0) >= 3000 for code in codes):
        pytest.skip(f"the target closes idle connections within {IDLE} s, with {min(filter(None, codes))}")
    assert not any(heard), "an idle connection heard something"
    await leaving.close()
    assert leaving.close_code != 1006, "the server did not answer the Close frame of an idle connection"
    for client in idle[:-1]:
        assert client.is_open, f"the server closed an idle connection with {client.close_code}"
        await echo.expect_healthy(client)
    await within.send(continuation("done"))
    await within.expect_echo("begun, done")
    await torn.send_bytes(frame[-2:])
    await torn.expect_echo("torn")
