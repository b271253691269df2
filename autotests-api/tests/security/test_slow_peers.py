"""Slow peers: they take their time on purpose, to use up what the server has for others."""

import asyncio

import pytest

from websocket_client import ExpectationFailed
from wire.frames import continuation, text

CROWD = 50
"""Hostile connections at once: fewer than any server has room for, more than a pool of threads has."""

MORE_THAN_BUFFERS_HOLD = 40 << 20


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
async def test_server_takes_no_more_from_a_peer_that_never_reads(connect, echo, target):
    """Replies that nobody takes must not pile up in the server's memory."""
    if not echo.is_ours:
        pytest.skip("only our server promises to stop reading; many keep replies in memory without a bound")
    client = await connect(name="greedy", compression=False)
    # TCP buffers of both sides hold some 20 MiB at most; a server that goes on has put the rest in memory.
    patience = 0.5 * target.time_scale
    taken = 0
    try:
        while taken < MORE_THAN_BUFFERS_HOLD:
            await client.send("x" * 256 * 1024, deadline=patience)
            taken += 256 * 1024
    except ExpectationFailed:
        client.abort()
    assert taken < MORE_THAN_BUFFERS_HOLD, f"the server took {taken >> 20} MiB and nobody read its replies"
    await echo.soundness(await connect(name="afterwards"))
