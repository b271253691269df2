"""Isolation: a client receives its own replies only, whatever happens on other connections."""

import asyncio
import random
from collections.abc import Awaitable, Callable

import pytest

from pytest_websocket.fixtures import (
    Abilities,
    Client,
    Connect,
    Dial,
    During,
    Echo,
    OpenRawConnection,
    RawConnection,
    RecordProperty,
    Target,
)
from pytest_websocket.plugin.echo import RATE_LIMIT_CODES
from pytest_websocket.protocol.frames import close, continuation, ping, text
from pytest_websocket.raw.ending import NotReceived
from pytest_websocket.server.open_files import allow_many_connections

pytestmark = pytest.mark.needs("text")

OpenClients = Callable[[int], Awaitable[list[Client]]]
OpenConnections = Callable[[int], Awaitable[list[RawConnection]]]

CONNECTIONS = 1_000
CONNECTIONS_OF_ANOTHER_TARGET = 100
"""What a small server of others is asked to hold; ``-m load`` asks for more."""

WAVE = 50
"""Handshakes at a time: many servers have a backlog of 128, and some of them answer in a process each."""


@pytest.fixture
def open_clients(connect: Connect) -> OpenClients:
    """Opens ``count`` clients at once."""

    async def gather(count: int) -> list[Client]:
        opening = (connect(name="one of many") for _ in range(count))
        # Before a failure is raised all have ended: a handshake under way would keep its place at the server.
        opened = await asyncio.gather(*opening, return_exceptions=True)
        clients = [each for each in opened if isinstance(each, Client)]
        for refusal in opened:
            if isinstance(refusal, BaseException):
                raise refusal
        return clients

    return gather


@pytest.fixture
def many_connections(raw_connection: OpenRawConnection, target: Target) -> OpenConnections:
    """Opens ``count`` connections; a target other than the embedded one may accept fewer."""

    async def gather(count: int) -> list[RawConnection]:
        allow_many_connections()
        connections: list[RawConnection] = []
        while len(connections) < count:
            wave = [raw_connection("one of many") for _ in range(min(WAVE, count - len(connections)))]
            opened = await asyncio.gather(*wave, return_exceptions=True)
            connections += [raw for raw in opened if not isinstance(raw, BaseException)]
            refusals = [refusal for refusal in opened if isinstance(refusal, BaseException)]
            if refusals and (target.embedded or len(connections) < 2):
                raise refusals[0]
            if refusals:
                break
        if target.embedded:
            return connections
        # Some servers accept the handshake first and then close the connections above their limit.
        turned_away = await asyncio.gather(*map(is_turned_away, connections))
        return [raw for raw, gone in zip(connections, turned_away, strict=True) if not gone]

    return gather


async def is_turned_away(raw: RawConnection) -> bool:
    """Returns whether the server closed an unused connection because it has too many."""
    await raw.send(ping(b"any room?"))
    try:
        await raw.pong()
    except NotReceived:
        return raw.close_status is not None and raw.close_status.code in RATE_LIMIT_CODES
    return False


async def test_thousand_connections_at_once_receive_their_own_replies_only(
    many_connections: OpenConnections, target: Target, record_property: RecordProperty
) -> None:
    connections = await many_connections(CONNECTIONS if target.embedded else CONNECTIONS_OF_ANOTHER_TARGET)
    record_property("connections", len(connections))
    for word in ("first", "second"):
        for number, raw in enumerate(connections):
            await raw.send(text(f"{word} of connection {number}"))
        # Backwards, so that a reply sent on the wrong connection is read there.
        for number, raw in reversed(list(enumerate(connections))):
            await raw.expect_echo(f"{word} of connection {number}")
    for raw in connections:
        raw.expect_no_message("a connection received more than its own replies")


async def test_clients_sending_at_the_same_time_keep_their_own_order(
    open_clients: OpenClients, echo: Echo, abilities: Abilities
) -> None:
    """Sizes differ, so that replies are written in parts while other connections are served."""
    largest = min(abilities.max_message, 150_000)

    async def talk(number: int, client: Client) -> None:
        sizes = random.Random(number).choices([0, 10, 200, 5_000, 70_000, largest], [4, 9, 9, 4, 1, 1], k=40)
        messages = [
            f"client {number}, message {place} ".ljust(min(size, largest), "abcdefghijkl"[number])
            for place, size in enumerate(sizes)
        ]
        await echo.expect_burst(client, messages, window=8)

    clients = await open_clients(12)
    talks = [talk(number, client) for number, client in enumerate(clients)]
    outcomes = await asyncio.gather(*talks, return_exceptions=True)
    for failure in filter(None, outcomes):
        raise failure


async def test_clients_sending_the_same_are_each_answered(open_clients: OpenClients, echo: Echo) -> None:
    for client in await open_clients(10):
        await echo.expect_replies(client, "the same", "words", "the same")


async def test_pings_of_many_connections_are_not_mixed(
    many_connections: OpenConnections, raw_connection: OpenRawConnection
) -> None:
    """A large message keeps the server busy, so that it finds the pings of all together afterwards."""
    connections, busy = await many_connections(20), await raw_connection("busy")
    busy.needs_size(500_000)
    for turn in range(4):
        await busy.send(text("x" * 500_000))
        for number, raw in enumerate(connections):
            await raw.send(ping(b"%d in turn %d" % (number, turn)))
        for number, raw in enumerate(connections):
            await raw.expect_pong(b"%d in turn %d" % (number, turn))


async def test_other_clients_receive_nothing_of_a_conversation(open_clients: OpenClients, echo: Echo) -> None:
    speaker, *others = await open_clients(6)
    await echo.expect_burst(speaker, [f"private {number}" for number in range(20)])
    for other in others:
        await echo.expect_silence(other)


async def test_clients_taking_turns_are_each_answered(open_clients: OpenClients, echo: Echo) -> None:
    clients = await open_clients(3)
    for number in range(12):
        await echo.expect_replies(clients[number % 3], f"turn {number}")
    for client in clients:
        await echo.expect_silence(client)


async def test_fragments_of_two_clients_are_not_mixed(raw_connection: OpenRawConnection) -> None:
    one, other = await raw_connection("one"), await raw_connection("other")
    await one.send(text("one: ", fin=False))
    await other.send(text("other: ", fin=False))
    await one.send(continuation("begun, ", fin=False))
    await other.send(continuation("done"))
    await other.expect_echo("other: done")
    await other.send(text("whole"))
    await other.expect_echo("whole")
    await one.send(continuation("done"))
    await one.expect_echo("one: begun, done")


async def test_split_frames_of_two_clients_are_not_mixed(raw_connection: OpenRawConnection) -> None:
    one, other = await raw_connection("one"), await raw_connection("other")
    message = "x" * 300
    frame = one.encode(text(message))
    for cut in (1, 3, 5, 9, 100):
        await one.send_bytes(frame[:cut])
        await other.send(text(f"whole {cut}"), ping(b"whole"))
        await other.expect_echo(f"whole {cut}")
        await other.expect_pong(b"whole")
        await one.send_bytes(frame[cut:])
        await one.expect_echo(message)


async def test_wide_character_split_while_another_client_sends_stays_whole(
    raw_connection: OpenRawConnection,
) -> None:
    one, other = await raw_connection("one"), await raw_connection("other")
    first, second = b"\xd0", b"\xb6"
    await one.send(text(first, fin=False))
    await other.send(text("ж"))
    await other.expect_echo("ж")
    await one.send(continuation(second))
    await one.expect_echo("ж")


async def disconnects_by_reset(raw: RawConnection) -> None:
    raw.reset()


async def disconnects_without_a_close(raw: RawConnection) -> None:
    raw.abort()


async def disconnects_in_a_frame(raw: RawConnection) -> None:
    await raw.send_bytes(raw.encode(text("never finished"))[:-3])
    raw.reset()


async def disconnects_in_a_header(raw: RawConnection) -> None:
    await raw.send_bytes(raw.encode(text("x" * 70_000))[:5])
    raw.reset()


async def disconnects_between_fragments(raw: RawConnection) -> None:
    await raw.send(text("never ", fin=False))
    raw.reset()


async def disconnects_before_its_replies(raw: RawConnection) -> None:
    await raw.send_together(*(text("x" * 1_000) for _ in range(200)))
    raw.reset()


async def disconnects_in_the_closing(raw: RawConnection) -> None:
    await raw.send_together(text("last words"), close(1000))
    raw.reset()


async def disconnects_after_a_violation(raw: RawConnection) -> None:
    await raw.send_bytes(b"\xff\xff\xff\xff not a frame at all")
    raw.abort()


DISCONNECTS = [
    *(
        disconnects_by_reset,
        disconnects_without_a_close,
        disconnects_in_a_frame,
        disconnects_in_a_header,
        disconnects_between_fragments,
    ),
    *(disconnects_before_its_replies, disconnects_in_the_closing, disconnects_after_a_violation),
]


@pytest.mark.parametrize(
    "disconnect", DISCONNECTS, ids=lambda disconnect: disconnect.__name__.replace("_", " ")
)
async def test_client_that_disconnects_does_not_disturb_another(
    connect: Connect,
    raw_connection: OpenRawConnection,
    echo: Echo,
    disconnect: Callable[[RawConnection], Awaitable[None]],
) -> None:
    client = await connect(name="another client")
    await echo.expect_replies(client, "before")
    for _ in range(12):
        await disconnect(await raw_connection("victim"))
        await echo.expect_replies(client, "meanwhile")
    await echo.expect_healthy(client)
    await echo.expect_healthy(await connect(name="new client"))


async def test_new_client_receives_nothing_for_a_closed_connection(
    connect: Connect, raw_connection: OpenRawConnection, echo: Echo
) -> None:
    """A new connection may take the file descriptor of a closed one, but not its replies."""
    for number in range(20):
        raw = await raw_connection("closed")
        await raw.send_together(*(text(f"for the closed {number}") for _ in range(20)))
        raw.reset()
        await echo.expect_silence(await connect(name="new client"))


async def test_client_that_does_not_read_does_not_disturb_another(
    connect: Connect, raw_connection: OpenRawConnection, echo: Echo, during: During
) -> None:
    """The client sends and never reads, until all buffers are full."""
    client, slow_reader = (
        await connect(name="another client"),
        await raw_connection("slow reader", small_buffers=True),
    )
    slow_reader.pause_reading()
    async with during(slow_reader.send_bytes(slow_reader.encode(text("x" * 10_000)) * 100)) as sending:
        for number in range(1_000):
            await echo.expect_replies(client, f"meanwhile {number}")
            if sending.done():
                break
        await echo.expect_healthy(client)
        await echo.expect_healthy(await connect(name="new client"))


async def test_client_that_floods_does_not_disturb_another(
    connect: Connect, echo: Echo, during: During
) -> None:
    client, flooder = await connect(name="another client"), await connect(name="flooder", compression=False)

    unread = asyncio.Semaphore(500)

    async def read() -> None:
        while True:
            await flooder.receive()
            unread.release()

    async def flood() -> None:
        # So many unanswered messages flood the server, and leave this event loop to the other client.
        while True:
            for _ in range(20):
                await unread.acquire()
                await flooder.send("flood")
            # Sending waits only when buffers are full; the other client runs in the same event loop.
            await asyncio.sleep(0)

    async with during(flood()), during(read()):
        for number in range(30):
            await echo.expect_replies(client, f"meanwhile {number}")
        await echo.expect_healthy(await connect(name="new client"))


async def test_client_that_begins_and_does_not_finish_does_not_disturb_another(
    connect: Connect, dial: Dial, raw_connection: OpenRawConnection, echo: Echo
) -> None:
    """One is connected, one is in its handshake, one in a frame, one between fragments."""
    await dial("silent")
    await (await dial("in its handshake")).send_bytes(b"GET / HTTP/1.1\r\nHost: x\r\n")
    await (await raw_connection("in a frame")).send_bytes(text("never finished").encode()[:-3])
    await (await raw_connection("between fragments")).send(text("never ", fin=False))
    await echo.expect_healthy(await connect(name="another client"))


async def test_client_that_is_refused_does_not_disturb_another(
    connect: Connect, echo: Echo, dial: Dial
) -> None:
    client = await connect(name="another client")
    for nonsense in (
        b"\x00" * 100,
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00",
    ):
        raw = await dial("refused")
        await raw.send_bytes(nonsense)
        raw.half_close()
        await echo.expect_replies(client, "meanwhile")
        await raw.tcp_ending()
    await echo.expect_healthy(client)
