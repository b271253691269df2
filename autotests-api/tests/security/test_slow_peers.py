"""Slow peers: they take their time on purpose, to use up what the server has for others."""

import asyncio

import pytest

from websocket_client import ConnectionEnded, ExpectationFailed
from wire.frames import continuation, text

CROWD = 50
"""Hostile connections at once: fewer than any server has room for, more than a pool of threads has."""

MORE_THAN_BUFFERS_HOLD = 40 << 20
PORTIONS = (50_000, 120_000, 3_000)
"""Bytes of messages that follow each other: buffers are to be full in more than one way."""


async def test_handshakes_that_drip_do_not_keep_others_out(connect, dial, opening, echo):
    """The way of slowloris: many requests, a header line at a time, and never the last one."""
    slow = [await dial(f"slow {number}") for number in range(CROWD)]
    lines = opening.encode().removesuffix(b"\r\n").splitlines(keepends=True)
    for line in lines:
        for wire in slow:
            await wire.send_bytes(line)
        await echo.soundness(await connect(name="neighbour"))


async def test_handshake_that_drips_octet_by_octet_is_answered_or_refused(connect, dial, opening, echo):
    """Slow is not wrong: a client behind a bad link looks the same."""
    wire = await dial()
    await wire.send_in_chops(opening.encode(), 1)
    response = await wire.refusal()
    if echo.is_ours:
        assert response is not None, "a slow handshake was not answered"
        assert response.accepted, f"a slow handshake was refused: {response}"
    await echo.soundness(await connect(name="neighbour"))


async def test_connections_that_say_nothing_do_not_keep_others_out(connect, dial, echo):
    for number in range(CROWD):
        await dial(f"silent {number}")
    await echo.soundness(await connect(name="neighbour"))


async def test_frames_that_never_end_do_not_keep_others_out(connect, open_wire, echo):
    parts = [text("x" * 200).encode()[:stop] for stop in (1, 2, 3, 5, 7, 100)]
    for number in range(CROWD):
        await (await open_wire(f"unfinished {number}")).send_bytes(parts[number % len(parts)])
    await echo.soundness(await connect(name="neighbour"))


async def test_messages_that_never_end_do_not_keep_others_out(connect, open_wire, echo):
    slow = [await open_wire(f"unfinished {number}") for number in range(CROWD)]
    for wire in slow:
        await wire.send(text("begun", fin=False))
    for _ in range(3):
        for wire in slow:
            await wire.send(continuation(" and going on", fin=False))
        await echo.soundness(await connect(name="neighbour"))


async def send_and_never_read(client, size, limit):
    sent = 0
    message = "x" * size
    while sent < limit:
        await client.send(message)
        sent += size
    return sent


@pytest.mark.needs("text")
async def test_peers_that_never_read_do_not_keep_others_out(connect, abilities, echo, during):
    size = min(abilities.max_message, 64 * 1024)
    neighbour = await connect(name="neighbour")
    greedy = [await connect(name=f"greedy {number}", compression=False) for number in range(4)]
    floods = asyncio.gather(*(send_and_never_read(client, size, 8 << 20) for client in greedy))
    async with during(floods):
        for number in range(20):
            await echo.replies(neighbour, f"meanwhile {number}")
        await echo.soundness(neighbour)
        await echo.soundness(await connect(name="newcomer"))
    for client in greedy:
        client.abort()
    await echo.soundness(await connect(name="afterwards"))


@pytest.mark.needs("text")
async def test_server_waits_for_a_peer_that_does_not_read(connect, echo, target):
    """Replies that nobody takes neither pile up in the server's memory nor get lost: it stops reading."""
    if not echo.is_ours:
        pytest.skip("only our server promises to wait; others hang up on such a peer, or keep all in memory")
    client = await connect(name="greedy", compression=False)
    # TCP buffers of both sides hold some 20 MiB at most; a server that goes on has put the rest in memory.
    patience = 0.5 * target.time_scale
    sent, size, waits = [], 0, False
    while size < MORE_THAN_BUFFERS_HOLD and not waits:
        sent.append(f"{len(sent)} ".ljust(PORTIONS[len(sent) % len(PORTIONS)], "x"))
        size += len(sent[-1])
        try:
            await client.send(sent[-1], deadline=patience)
        except ConnectionEnded:
            raise
        except ExpectationFailed:
            waits = True
    assert waits, f"the server took {MORE_THAN_BUFFERS_HOLD >> 20} MiB and nobody read its replies"
    # What did not go out in time is on its way all the same.
    for message in sent:
        await client.expect(target.answer(message))
    await echo.soundness(client)
