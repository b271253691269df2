"""The end of a server after SIGTERM: what its clients are told, and that it ends (RFC 6455 §7.4.1)."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import pytest

from pytest_websocket import SHOULD, rfc6455
from pytest_websocket.fixtures import OwnServer, RawConnection
from pytest_websocket.protocol.frames import close, text
from pytest_websocket.raw.ending import NotReceived
from pytest_websocket.target.dial import opening_for

GOING_AWAY = (1001, 1012)
"""Going away, and service restart, which IANA's registry has in addition."""

CONNECTIONS = 12


async def keep_asking(raw: RawConnection, answered: asyncio.Event, enough: asyncio.Event) -> None:
    """Sends messages, each after the reply to the one before, until the end or until ``enough``."""
    with suppress(NotReceived, OSError):
        for number in itertools.count():
            if enough.is_set():
                return
            await raw.send(text(f"load {number}"))
            if await raw.message_or_ending() is None:
                return
            answered.set()


@asynccontextmanager
async def load_on(connections: list[RawConnection]) -> AsyncIterator[None]:
    """Keeps all connections busy; the block begins once each has had a reply."""
    answered = [asyncio.Event() for _ in connections]
    # Python 3.11 loses the cancellation of a task whose message arrives at the same time.
    enough = asyncio.Event()
    tasks = [
        asyncio.create_task(keep_asking(raw, event, enough))
        for raw, event in zip(connections, answered, strict=True)
    ]
    try:
        async with asyncio.timeout(connections[0].deadline):
            await asyncio.gather(*(event.wait() for event in answered))
        yield
    finally:
        enough.set()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def expect_going_away(server: OwnServer, connections: list[RawConnection]) -> None:
    """Every connection receives a Close that says that the server goes."""
    endings = await asyncio.gather(
        *(raw.ending(probe_with_ping=False, deadline=server.end_deadline) for raw in connections)
    )
    wrong = [str(ending) for ending in endings if ending.code not in GOING_AWAY]
    assert not wrong, f"{len(wrong)} of {len(endings)} connections got no Close 1001: {wrong[0]}"


@rfc6455("7.4.1", SHOULD, "a server that goes down closes its connections with 1001")
async def test_sigterm_brings_close_1001_to_every_open_connection(own_server: OwnServer) -> None:
    connections = await own_server.open_many(CONNECTIONS)
    own_server.terminate()
    await expect_going_away(own_server, connections)


@pytest.mark.needs("answer")
@rfc6455("7.4.1", SHOULD, "a server that goes down closes busy connections with 1001, too")
async def test_sigterm_under_load_brings_close_1001_to_every_connection(
    own_server: OwnServer,
) -> None:
    connections = await own_server.open_many(CONNECTIONS)
    async with load_on(connections):
        own_server.terminate()
        await expect_going_away(own_server, connections)


@rfc6455("7.4.1", SHOULD, "a peer that does not answer does not keep others from hearing of the end")
async def test_sigterm_beside_a_mute_peer_brings_close_1001_to_the_others(
    own_server: OwnServer,
) -> None:
    mute = await own_server.open("mute")
    mute.answers_close = False
    connections = await own_server.open_many(CONNECTIONS)
    own_server.terminate()
    await expect_going_away(own_server, connections)


Situation = Callable[[OwnServer, AsyncExitStack], Awaitable[None]]


async def no_connection(server: OwnServer, _: AsyncExitStack) -> None:
    (await server.open()).abort()


async def open_connections(server: OwnServer, _: AsyncExitStack) -> None:
    await server.open_many(CONNECTIONS)


async def load(server: OwnServer, stack: AsyncExitStack) -> None:
    if not server.target.answers:
        pytest.skip("the target answers nothing that is known")
    await stack.enter_async_context(load_on(await server.open_many(CONNECTIONS)))


async def a_peer_that_does_not_answer(server: OwnServer, _: AsyncExitStack) -> None:
    mute = await server.open("mute")
    mute.answers_close = False


async def a_peer_that_does_not_read(server: OwnServer, _: AsyncExitStack) -> None:
    slow_reader = await server.open("does not read", small_buffers=True)
    slow_reader.pause_reading()
    # More than fits between the two; a server that waits for its client to read does not read on.
    with suppress(NotReceived):
        for _number in range(64):
            await slow_reader.send(text("x" * 60_000))


async def half_a_handshake(server: OwnServer, _: AsyncExitStack) -> None:
    raw = await server.dial("half a handshake")
    await raw.send_bytes(opening_for(server.target).encode()[:40])
    # Once the next connection is open, the server has had the half.
    await server.open("whole handshake")


async def a_connection_without_a_request(server: OwnServer, _: AsyncExitStack) -> None:
    await server.dial("silent")
    await server.open("whole handshake")


async def half_a_message(server: OwnServer, _: AsyncExitStack) -> None:
    raw = await server.open("half a message")
    await raw.send_bytes(text("x" * 200).encode()[:100])
    await server.open("whole handshake")


async def ended_handshakes(server: OwnServer, _: AsyncExitStack) -> None:
    """Handshakes that were completed, refused and broken off: a timer of theirs must not outlive them."""
    opening = opening_for(server.target)
    for _number in range(10):
        completed = await server.open("completed")
        await completed.send(close(1000))
        await completed.tcp_ending()
        refused = await server.dial("refused")
        await refused.send_bytes(opening.without("Sec-WebSocket-Key").encode())
        with suppress(NotReceived):
            await refused.refusal()
        refused.abort()
        broken_off = await server.dial("broken off")
        await broken_off.send_bytes(opening.encode()[:40])
        broken_off.reset()


SITUATIONS = [
    *(no_connection, open_connections, load, a_peer_that_does_not_answer, a_peer_that_does_not_read),
    *(half_a_handshake, a_connection_without_a_request, half_a_message, ended_handshakes),
]


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda one: one.__name__.replace("_", " "))
@rfc6455("7.4.1", SHOULD, "a server that goes down ends, whatever its clients do")
async def test_server_ends_after_sigterm(own_server: OwnServer, situation: Situation) -> None:
    async with AsyncExitStack() as stack:
        await situation(own_server, stack)
        own_server.terminate()
        await own_server.expect_end()
