"""Connections that end in any way leave no descriptor behind in the server's process."""

from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest

from pytest_websocket.fixtures import OwnServer
from pytest_websocket.protocol.frames import close, text
from pytest_websocket.raw.ending import NotReceived
from pytest_websocket.target.dial import opening_for

ROUNDS = 60
ALLOWED = 20
"""Descriptors that a server may keep for itself when it has seen its first connections."""

MANY = 1 << 20


async def closed_by_the_client(server: OwnServer) -> None:
    raw = await server.open("leaving")
    await raw.send(close(1000))
    await raw.tcp_ending(deadline=server.target.deadline / 10)
    raw.abort()


async def reset_by_the_client(server: OwnServer) -> None:
    (await server.open("leaving")).reset()


async def ended_by_a_fin(server: OwnServer) -> None:
    (await server.open("leaving")).abort()


async def failed_by_the_server(server: OwnServer) -> None:
    raw = await server.open("leaving")
    await raw.send(text(b"\xff"))
    await raw.ending(answers=0, deadline=server.target.deadline / 10)
    raw.abort()


async def refused(server: OwnServer) -> None:
    raw = await server.dial("leaving")
    await raw.send_bytes(opening_for(server.target).without("Sec-WebSocket-Key").encode())
    with suppress(NotReceived):
        await raw.refusal(deadline=server.target.deadline / 10)
    raw.abort()


async def broken_off_in_the_handshake(server: OwnServer) -> None:
    raw = await server.dial("leaving")
    await raw.send_bytes(opening_for(server.target).encode()[:40])
    raw.reset()


ENDS = [
    *(closed_by_the_client, reset_by_the_client, ended_by_a_fin, failed_by_the_server, refused),
    broken_off_in_the_handshake,
]


@pytest.mark.parametrize("leave", ENDS, ids=lambda one: one.__name__.replace("_", " "))
async def test_ended_connections_leave_no_descriptor(
    own_server: OwnServer, leave: Callable[[OwnServer], Awaitable[None]]
) -> None:
    await leave(own_server)
    before = await own_server.fewest_descriptors(until=MANY)
    if before is None:
        pytest.skip("the descriptors of a process are known on systems with /proc")
    for _ in range(ROUNDS):
        await leave(own_server)
    after = await own_server.fewest_descriptors(until=before + ALLOWED)
    assert after is not None, "the server has ended"
    assert after <= before + ALLOWED, (
        f"{ROUNDS} connections have ended, and {after - before} descriptors more are open than before"
    )
