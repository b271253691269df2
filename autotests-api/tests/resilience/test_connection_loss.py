"""A connection is lost: by RST, FIN or corrupt data; other clients are not affected."""

import contextlib

import pytest

from pytest_websocket import ConnectFailed, ExpectationFailed
from pytest_websocket.fixtures import Connect, Echo, OpenLink, OpenRawConnection
from pytest_websocket.network import FIN, RESET, TO_CLIENT, TO_SERVER, Corrupt, Direction, End
from pytest_websocket.protocol.frames import text

pytestmark = pytest.mark.needs("text")


async def test_lost_connection_does_not_affect_other_clients(
    connect: Connect, echo: Echo, link: OpenLink
) -> None:
    other_client, cable = await connect(name="another client"), await link()
    victim = await connect(proxy=cable.url, name="victim")
    await echo.expect_replies(victim, "here")
    cable.reset()
    await victim.expect_closed()
    await echo.expect_healthy(other_client)
    await echo.expect_healthy(await connect(name="new client"))


async def test_client_is_served_again_after_its_connection_was_lost(
    connect: Connect, echo: Echo, link: OpenLink
) -> None:
    cable = await link()
    for number in range(10):
        client = await connect(proxy=cable.url)
        await echo.expect_replies(client, f"before cut {number}")
        cable.reset()
        await client.expect_closed()
    await echo.expect_healthy(await connect(proxy=cable.url, name="mended"))


@pytest.mark.parametrize("towards", [TO_SERVER, TO_CLIENT], ids=["to the server", "to the client"])
@pytest.mark.parametrize("after", [0, 1, 20, 100])
async def test_reset_in_the_handshake_does_not_affect_a_new_client(
    connect: Connect, echo: Echo, link: OpenLink, after: int, towards: Direction
) -> None:
    cable = await link()
    cable.add(End(after, RESET), towards)
    for _ in range(5):
        with contextlib.suppress(ConnectFailed, ExpectationFailed):
            await connect(proxy=cable.url, name="victim")
    await echo.expect_healthy(await connect(name="new client"))


@pytest.mark.parametrize("towards", [TO_SERVER, TO_CLIENT], ids=["to the server", "to the client"])
@pytest.mark.parametrize("after", [1, 3, 5, 50, 1_000])
async def test_reset_in_a_message_does_not_affect_other_clients(
    connect: Connect,
    raw_connection: OpenRawConnection,
    echo: Echo,
    link: OpenLink,
    after: int,
    towards: Direction,
) -> None:
    """In a header of 4 bytes, in the masking key, in the payload, after many messages."""
    other_client = await connect(name="another client")
    for _ in range(3):
        cable = await link()
        victim = await raw_connection("victim", link=cable)
        await victim.send(text("before"))
        await victim.expect_echo("before")
        cable.add(End(after, RESET), towards)
        await victim.send(*(text("x" * 200) for _ in range(5)))
        await victim.tcp_ending()
        await echo.expect_replies(other_client, "meanwhile")
    await echo.expect_healthy(other_client)
    await echo.expect_healthy(await connect(name="new client"))


@pytest.mark.parametrize("after", [1, 4, 50])
async def test_fin_in_a_message_does_not_affect_a_new_client(
    connect: Connect, raw_connection: OpenRawConnection, echo: Echo, link: OpenLink, after: int
) -> None:
    """FIN instead of RST, in the middle of a frame."""
    for _ in range(3):
        cable = await link()
        victim = await raw_connection("victim", link=cable)
        cable.add(End(after, FIN), TO_SERVER)
        await victim.send(text("x" * 200))
        ending = await victim.ending(probe_with_ping=False)
        if not ending.ended and not echo.is_echo_api:
            pytest.skip(f"the target takes its time with a client whose half of TCP is closed: {ending}")
        await victim.expect_ended()
        victim.expect_no_message("a part of a message was answered")
    await echo.expect_healthy(await connect(name="new client"))


@pytest.mark.parametrize("at", [0, 1, 4, 6, 20], ids=["opcode", "length", "mask", "payload", "next frame"])
async def test_corrupted_frame_does_not_affect_other_clients(
    connect: Connect, raw_connection: OpenRawConnection, echo: Echo, link: OpenLink, at: int
) -> None:
    """What happens to the connection itself depends on the byte; RFC 6455 has no checksum."""
    other_client = await connect(name="another client")
    for mask in (0x01, 0x40, 0x80, 0xFF):
        cable = await link()
        victim = await raw_connection("victim", link=cable)
        cable.add(Corrupt(at, mask), TO_SERVER)
        await victim.send(text("corrupted"), text("on the way"))
        victim.half_close()
        await victim.tcp_ending()
        await echo.expect_replies(other_client, "meanwhile")
    await echo.expect_healthy(await connect(name="new client"))


async def test_reset_in_a_burst_does_not_affect_a_new_client(
    connect: Connect, raw_connection: OpenRawConnection, echo: Echo, link: OpenLink
) -> None:
    for number in range(10):
        cable = await link()
        victim = await raw_connection("victim", link=cable)
        await victim.send_together(*(text(f"cut {number} message {place}") for place in range(100)))
        cable.reset()
        await echo.expect_silence(await connect(name="new client"))
    await echo.expect_healthy(await connect(name="at the end"))
