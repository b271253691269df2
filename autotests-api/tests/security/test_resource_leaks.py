"""Resource leaks: connections that end in any way, many times, use up nothing."""

import time
from collections.abc import Awaitable, Callable

import pytest

from pytest_websocket import security
from pytest_websocket.fixtures import Connect, Dial, Echo, LocalProcess, RecordProperty
from pytest_websocket.protocol.frames import close, text
from pytest_websocket.protocol.handshake import Request

pytestmark = [
    pytest.mark.alone,
    security(
        cwe=772,
        cve="CVE-2024-23672",
        asvs="15.2.2",
        gain="Connections that end in odd ways are never cleaned up, until no new one is accepted.",
    ),
]

ROUNDS = 101
"""More than the pools of 10, 50 or 100 connections that servers of a fixed size have."""


SPARE = 20
"""Descriptors that a server may open besides in that time: of logs, modules, workers."""


async def resets_before_the_handshake(dial: Dial, opening: Request) -> None:
    (await dial("ending")).reset()


async def resets_in_the_request(dial: Dial, opening: Request) -> None:
    raw = await dial("ending")
    await raw.send_bytes(opening.encode()[:60])
    raw.reset()


async def resets_before_the_response(dial: Dial, opening: Request) -> None:
    raw = await dial("ending")
    await raw.send_bytes(opening.encode())
    raw.reset()


async def resets_after_the_handshake(dial: Dial, opening: Request) -> None:
    raw = await dial("ending")
    await raw.handshake(opening)
    raw.reset()


async def resets_in_a_frame(dial: Dial, opening: Request) -> None:
    raw = await dial("ending")
    await raw.handshake(opening)
    await raw.send_bytes(raw.encode(text("x" * 200))[:100])
    raw.reset()


async def resets_before_the_reply(dial: Dial, opening: Request) -> None:
    raw = await dial("ending")
    await raw.handshake(opening)
    await raw.send_together(text("x" * 200), text("y" * 200))
    raw.reset()


async def closes_tcp_after_a_message(dial: Dial, opening: Request) -> None:
    raw = await dial("ending")
    await raw.handshake(opening)
    await raw.send(text("and gone"))
    raw.abort()


async def resets_in_the_closing(dial: Dial, opening: Request) -> None:
    raw = await dial("ending")
    await raw.handshake(opening)
    await raw.send(close(1000))
    raw.reset()


async def resets_after_a_refusal(dial: Dial, opening: Request) -> None:
    raw = await dial("ending")
    await raw.send_bytes(opening.without("Sec-WebSocket-Key").encode())
    raw.reset()


async def resets_after_a_violation(dial: Dial, opening: Request) -> None:
    raw = await dial("ending")
    await raw.handshake(opening)
    await raw.send(text(b"\xff"))
    raw.reset()


async def waits_for_the_refusal(dial: Dial, opening: Request) -> None:
    raw = await dial("ending")
    await raw.send_bytes(opening.without("Sec-WebSocket-Key").encode())
    await raw.refusal()
    raw.abort()


async def waits_for_the_failing(dial: Dial, opening: Request) -> None:
    raw = await dial("ending")
    await raw.handshake(opening)
    await raw.send(text(b"\xff"))
    if not (await raw.ending(answers=0)).ended:
        pytest.skip("the server does not fail a connection for illegal UTF-8, which another case judges")
    raw.abort()


async def does_the_closing_handshake(dial: Dial, opening: Request) -> None:
    raw = await dial("ending")
    await raw.handshake(opening)
    if not (await raw.close(1000)).ended:
        pytest.skip("the server does not answer a Close, which another case judges")
    raw.abort()


WAYS_TO_END = [
    *(resets_before_the_handshake, resets_in_the_request, resets_before_the_response),
    *(resets_after_the_handshake, resets_in_a_frame, resets_before_the_reply, closes_tcp_after_a_message),
    *(resets_in_the_closing, resets_after_a_refusal, resets_after_a_violation),
    *(waits_for_the_refusal, waits_for_the_failing, does_the_closing_handshake),
]


@pytest.mark.parametrize("end", WAYS_TO_END, ids=lambda end: end.__name__.replace("_", " "))
async def test_ended_connections_use_nothing_up(
    connect: Connect,
    dial: Dial,
    opening: Request,
    echo: Echo,
    server_process: LocalProcess | None,
    record_property: RecordProperty,
    end: Callable[[Dial, Request], Awaitable[None]],
) -> None:
    other_client = await connect(name="another client")
    before = server_process.descriptors() if server_process else 0
    for _ in range(ROUNDS):
        await end(dial, opening)
    await echo.expect_healthy(other_client)
    if server_process is not None:
        ends = time.monotonic() + echo.target.deadline
        while (left := server_process.descriptors() - before) > SPARE and time.monotonic() < ends:
            await echo.expect_healthy(other_client)
        record_property("descriptors", f"{left} more")
        assert left <= SPARE, f"{ROUNDS} connections have ended, and the server holds {left} descriptors more"
    new_clients = [await connect(name=f"new client {number}") for number in range(5)]
    for new_client in new_clients:
        await echo.expect_healthy(new_client)
