"""An impaired link delivers everything, but late, slowly or in pieces: only times change."""

import pytest

from pytest_websocket.fixtures import Connect, During, Echo, OpenLink, Target
from pytest_websocket.network import (
    BOTH,
    TO_CLIENT,
    TO_SERVER,
    Bandwidth,
    Direction,
    Freeze,
    Latency,
    Noop,
    Slicer,
)

pytestmark = pytest.mark.needs("text")

DIRECTIONS = {"to the server": TO_SERVER, "to the client": TO_CLIENT, "both ways": BOTH}
MESSAGES = ["Привет, сервер! " * 8, "", "\N{WAVING HAND SIGN}" * 40, "x", "\x00\r\n", "ж" * 63]


async def test_clean_link_changes_nothing(connect: Connect, echo: Echo, link: OpenLink) -> None:
    cable = await link(Noop())
    await echo.expect_healthy(await connect(proxy=cable.url))
    assert cable.opened == 1


@pytest.mark.parametrize("towards", DIRECTIONS.values(), ids=DIRECTIONS.keys())
@pytest.mark.parametrize("size", [1, 2, 3, 7])
async def test_message_survives_delivery_in_pieces(
    connect: Connect, echo: Echo, link: OpenLink, size: int, towards: Direction
) -> None:
    """From the first byte of the handshake on; the compression of the messages is cut as well."""
    cable = await link()
    cable.add(Slicer(size), towards)
    client = await connect(proxy=cable.url)
    await echo.expect_replies(client, *MESSAGES)
    await echo.expect_burst(client, [f"message {number}" for number in range(20)])


@pytest.mark.needs("binary")
async def test_bytes_survive_delivery_in_pieces(connect: Connect, echo: Echo, link: OpenLink) -> None:
    client = await connect(proxy=(await link(Slicer(3))).url, compression=False)
    await echo.expect_replies(client, bytes(range(256)), b"", b"\x00" * 130)


async def test_large_message_survives_delivery_in_pieces(
    connect: Connect, echo: Echo, link: OpenLink
) -> None:
    echo.needs_size(200_000)
    client = await connect(proxy=(await link(Slicer(1_459))).url, compression=False)
    await echo.expect_burst(client, ["ж" * 100_000, "small", "€" * 60_000])


@pytest.mark.parametrize("towards", DIRECTIONS.values(), ids=DIRECTIONS.keys())
async def test_message_survives_a_late_delivery(
    connect: Connect, echo: Echo, link: OpenLink, towards: Direction
) -> None:
    cable = await link()
    cable.add(Latency(0.02, jitter=0.02), towards)
    client = await connect(proxy=cable.url)
    await echo.expect_replies(client, *MESSAGES[:3])
    await echo.expect_burst(client, [f"message {number}" for number in range(50)])


async def test_message_survives_a_slow_link(connect: Connect, echo: Echo, link: OpenLink) -> None:
    echo.needs_size(20_000)
    client = await connect(proxy=(await link(Bandwidth(200_000))).url, compression=False)
    await echo.expect_burst(client, ["x" * 20_000, "small"])


async def test_slow_link_of_one_does_not_slow_the_others(
    connect: Connect, echo: Echo, link: OpenLink, during: During
) -> None:
    echo.needs_size(60_000)
    slow = await connect(proxy=(await link(Bandwidth(50_000))).url, compression=False, name="slow")
    other_client = await connect(name="another client")

    async def crawl() -> None:
        await echo.expect_replies(slow, "x" * 60_000)

    async with during(crawl()) as crawling:
        await echo.expect_burst(other_client, [f"message {number}" for number in range(100)])
        await echo.expect_healthy(other_client)
        assert not crawling.done(), "the other client was served only when the slow one had finished"


async def test_conversation_goes_on_when_the_link_gets_better(
    connect: Connect, echo: Echo, link: OpenLink
) -> None:
    cable = await link()
    client = await connect(proxy=cable.url)
    await echo.expect_replies(client, "good")
    for fault in (Slicer(1), Latency(0.01), Slicer(2)):
        cable.add(fault)
        await echo.expect_replies(client, "bad", "ж" * 70)
        cable.remove(fault)
        await echo.expect_replies(client, "good again")
    await echo.expect_healthy(client)


@pytest.mark.parametrize("towards", DIRECTIONS.values(), ids=DIRECTIONS.keys())
async def test_message_survives_a_link_that_stands_still(
    connect: Connect, echo: Echo, link: OpenLink, target: Target, towards: Direction
) -> None:
    """What was sent while the link was frozen arrives in order, and once."""
    cable = await link()
    client = await connect(proxy=cable.url)
    other_client = await connect(name="another client")
    await echo.expect_replies(client, "before")
    standstill = cable.add(Freeze(), towards)
    messages = [f"message {number}" for number in range(30)]
    for message in messages:
        await client.send(message)
    await echo.expect_healthy(other_client)
    cable.remove(standstill)
    for message in messages:
        await client.expect(target.answer(message))
    await echo.expect_healthy(client)
