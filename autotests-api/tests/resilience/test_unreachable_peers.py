"""A peer becomes unreachable, or stops reading; other clients are not affected."""

import pytest

from pytest_websocket.fixtures import Abilities, Connect, Echo, OpenLink, OpenRawConnection
from pytest_websocket.network import TO_CLIENT, TO_SERVER, Blackhole, Freeze
from pytest_websocket.protocol.frames import close, text

pytestmark = pytest.mark.needs("text")


@pytest.mark.parametrize("after", [0, 3, 100], ids=["between messages", "in a header", "in a message"])
async def test_unreachable_peers_do_not_affect_other_clients(
    connect: Connect, raw_connection: OpenRawConnection, echo: Echo, link: OpenLink, after: int
) -> None:
    other_client, cable = await connect(name="another client"), await link()
    vanishing = [await raw_connection(f"vanishing {number}", link=cable) for number in range(10)]
    for raw in vanishing:
        await raw.send(text("here"))
        await raw.expect_echo("here")
    cable.add(Blackhole(after))
    for raw in vanishing:
        await raw.send(text("x" * 300))
        await echo.expect_replies(other_client, "meanwhile")
    await echo.expect_healthy(other_client)
    await echo.expect_healthy(await connect(name="new client"))


async def test_unreachable_client_is_served_on_a_new_connection(
    connect: Connect, echo: Echo, link: OpenLink
) -> None:
    """The server does not know yet that the old connection is lost."""
    cable = await link()
    for number in range(5):
        client = await connect(proxy=cable.url, name=f"connection {number}")
        await echo.expect_replies(client, "before")
        hole = cable.add(Blackhole())
        await client.send("lost")
        again = await connect(name=f"again {number}")
        await echo.expect_healthy(again)
        cable.remove(hole)
        client.abort()


async def test_reply_that_is_not_read_is_kept(
    connect: Connect, raw_connection: OpenRawConnection, echo: Echo, link: OpenLink, abilities: Abilities
) -> None:
    """The server's buffers fill up while the link to the client is frozen; afterwards all comes, in order."""
    cable, other_client = await link(), await connect(name="another client")
    slow = await raw_connection("slow", link=cable)
    standstill = cable.add(Freeze(), TO_CLIENT)
    size = min(abilities.max_message, 100_000)
    messages = [f"{number} ".ljust(size, "x") for number in range(8)]
    for message in messages:
        await slow.send(text(message))
        await echo.expect_replies(other_client, "meanwhile")
    await echo.expect_healthy(other_client)
    cable.remove(standstill)
    await slow.expect_echo(*messages)


async def test_message_that_arrives_late_is_answered(
    connect: Connect, raw_connection: OpenRawConnection, echo: Echo, link: OpenLink
) -> None:
    """A part of a frame arrives, then the link is frozen while other clients are served."""
    cable, other_client = await link(), await connect(name="another client")
    late = await raw_connection("late", link=cable)
    frame = late.encode(text("late, but whole"))
    await late.send_bytes(frame[:5])
    standstill = cable.add(Freeze(), TO_SERVER)
    await late.send_bytes(frame[5:])
    await echo.expect_healthy(other_client)
    await echo.expect_healthy(await connect(name="new client"))
    cable.remove(standstill)
    await late.expect_echo("late, but whole")


async def test_unanswered_close_does_not_affect_other_clients(
    connect: Connect, raw_connection: OpenRawConnection, echo: Echo, link: OpenLink
) -> None:
    cable, other_client = await link(), await connect(name="another client")
    for _ in range(5):
        leaving = await raw_connection("leaving", link=cable)
        hole = cable.add(Blackhole(), TO_CLIENT)
        await leaving.send(text("unheard"), close(1000))
        await echo.expect_replies(other_client, "meanwhile")
        cable.remove(hole)
        leaving.reset()
    await echo.expect_healthy(await connect(name="new client"))
