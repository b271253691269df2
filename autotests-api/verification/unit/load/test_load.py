"""The load engine lists every wrong reply, charges a stall to the server, and ends when it is stopped."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, ExitStack, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Response

from pytest_websocket.load import server_process
from pytest_websocket.load.connection import Endpoint, LoadConnection, Refused
from pytest_websocket.load.connections import Connections
from pytest_websocket.load.result import Result, Second
from pytest_websocket.load.server_process import run_in_process
from pytest_websocket.load.workload import Workload
from pytest_websocket.protocol.handshake import Request
from pytest_websocket.server.background import run_in_background
from pytest_websocket.target.dial import Unusable

pytest.importorskip("hdrh", reason="pip install pytest-websocket[load]")

STALL = 0.3

Handler = Callable[[ServerConnection], Awaitable[None]]
Serving = Callable[..., Endpoint]
Loaded = Callable[..., Awaitable[Result]]


@pytest.fixture
def serving() -> Iterator[Serving]:
    """Starts a server with the given handler and returns its endpoint; the right answer is a plain echo."""
    with ExitStack() as stack:

        def start(handler: Handler, *, greetings: int = 0, **options: Any) -> Endpoint:
            async def quiet(connection: ServerConnection) -> None:
                with suppress(ConnectionClosed):
                    await handler(connection)

            server = stack.enter_context(run_in_background(partial(serve, quiet, "127.0.0.1", 0, **options)))
            return replace(endpoint_at(server.port), greetings=greetings)

        yield start


@pytest.fixture
async def loaded(serving: Serving) -> AsyncIterator[Loaded]:
    """Puts a short load on a server with the given handler and returns the result."""
    async with AsyncExitStack() as stack:

        async def run(
            handler: Handler,
            users: int = 4,
            rate: float | None = 200,
            workload: str = "text:50",
            **options: Any,
        ) -> Result:
            connections = await stack.enter_async_context(Connections(serving(handler, **options), users))
            return await connections.run(duration=0.3, rate=rate, workload=Workload.parse(workload))

        yield run


def endpoint_at(port: int, deadline: float = 1.0) -> Endpoint:
    return Endpoint(
        "127.0.0.1",
        port,
        opening=lambda: Request.opening("/", "127.0.0.1"),
        answer=lambda opcode, payload: (opcode, payload),
        deadline=deadline,
    )


async def echo(connection: ServerConnection) -> None:
    async for message in connection:
        await connection.send(message)


def every(number: int, act: Callable[[ServerConnection, str | bytes], Awaitable[None]]) -> Handler:
    """Returns an echo that calls ``act`` with every ``number``-th message instead."""

    async def handler(connection: ServerConnection) -> None:
        count = 0
        async for message in connection:
            count += 1
            if count % number:
                await connection.send(message)
            else:
                await act(connection, message)

    return handler


async def lose(connection: ServerConnection, message: str | bytes) -> None:
    """Sends no reply."""


async def repeat(connection: ServerConnection, message: str | bytes) -> None:
    await connection.send(message)
    await connection.send(message)


async def change(connection: ServerConnection, message: str | bytes) -> None:
    await connection.send(str(message)[:-1] + "!")


async def send_more(connection: ServerConnection, message: str | bytes) -> None:
    await connection.send("hello")
    await connection.send(message)


async def turn_into_bytes(connection: ServerConnection, message: str | bytes) -> None:
    await connection.send(str(message).encode())


def swapping() -> Handler:
    """Answers two messages in the wrong order."""

    async def handler(connection: ServerConnection) -> None:
        while True:
            first, second = await connection.recv(), await connection.recv()
            await connection.send(second)
            await connection.send(first)

    return handler


def crossing() -> Handler:
    """Sends every reply to the next connection."""
    connections: list[ServerConnection] = []

    async def handler(connection: ServerConnection) -> None:
        connections.append(connection)
        async for message in connection:
            await connections[(connections.index(connection) + 1) % len(connections)].send(message)

    return handler


async def test_correct_server_is_found_correct(loaded: Loaded) -> None:
    result = await loaded(echo, workload="text:20=2,binary:200=1,text:70k=1", max_size=2**20)
    assert result.is_clean, str(result)
    assert result.sent == result.received == len(result.latency) == 60


@pytest.mark.parametrize("rate", [200, None], ids=["open schedule", "closed loop"])
async def test_every_message_is_accounted_for(loaded: Loaded, rate: float | None) -> None:
    result = await loaded(echo, rate=rate)
    assert result.is_clean, str(result)
    assert result.sent == result.received > 0
    assert sum(second.received for second in result.seconds) == result.received


@pytest.mark.parametrize(
    "handler, kind",
    [
        (every(5, lose), "lost"),
        (every(5, repeat), "duplicated"),
        (every(5, change), "wrong"),
        (every(5, send_more), "wrong"),
        (every(5, turn_into_bytes), "wrong"),
        (swapping(), "reordered"),
        (crossing(), "crossed"),
    ],
    ids=["lost", "duplicated", "changet", "unexpected", "of another type", "reordered", "crossed"],
)
async def test_every_kind_of_wrong_reply_is_listed(loaded: Loaded, handler: Handler, kind: str) -> None:
    result = await loaded(handler)
    assert kind in result.wrong_replies.counts, str(result)
    assert any(line.startswith(f"{kind}: user ") for line in result.wrong_replies.listed)


async def test_replies_after_a_lost_one_are_not_reordered(loaded: Loaded) -> None:
    result = await loaded(every(5, lose))
    assert set(result.wrong_replies.counts) == {"lost"}, str(result)


async def test_messages_that_the_server_sends_first_are_not_replies(loaded: Loaded) -> None:
    async def greet(connection: ServerConnection) -> None:
        await connection.send("welcome")
        await echo(connection)

    assert (await loaded(greet, greetings=1)).is_clean


async def test_stall_of_the_server_is_charged_to_all_messages_that_waited(loaded: Loaded) -> None:
    async def stall_once(connection: ServerConnection) -> None:
        stalled = False
        async for message in connection:
            if not stalled:
                stalled = True
                stall = asyncio.get_running_loop().create_future()
                asyncio.get_running_loop().call_later(STALL, stall.set_result, None)
                await stall
            await connection.send(message)

    result = await loaded(stall_once, users=1, rate=100)
    # A closed loop would have sent one message in that time, and reported one slow reply of thirty.
    assert result.latency.percentile(50) > STALL / 4
    assert result.latency.longest >= STALL * 0.95


async def test_connection_that_ends_is_an_error_and_its_replies_are_lost(loaded: Loaded) -> None:
    async def close_at_once(connection: ServerConnection) -> None:
        await connection.recv()
        await connection.close(1011)

    result = await loaded(close_at_once)
    assert result.errors["closed by the server with 1011"] == 4
    assert result.errors["not sent: the connection had ended"] > 0
    assert result.wrong_replies.counts["lost"] >= 4


async def test_stopped_load_waits_for_its_replies(serving: Serving) -> None:
    async with Connections(serving(echo), 4) as connections:
        result = await connections.run(
            duration=60,
            rate=400,
            workload=Workload.parse("text:50"),
            interval=0.05,
            progress=lambda _: connections.stop(),
        )
        assert result.is_clean, str(result)
        assert result.sent == result.received > 0
        assert result.duration < 60
        assert (await connections.run(duration=60, rate=400, workload=Workload.parse("text:50"))).sent == 0


async def test_cancelled_load_has_a_result(serving: Serving) -> None:
    results: list[Result] = []

    def cancel(_: Second) -> None:
        running.cancel()

    async with Connections(serving(echo), 4) as connections:
        running = asyncio.ensure_future(
            connections.run(
                duration=60,
                rate=400,
                workload=Workload.parse("text:50"),
                interval=0.05,
                progress=cancel,
                ended=results.append,
            )
        )
        with pytest.raises(asyncio.CancelledError):
            await running
    assert results[0].received > 0
    assert results[0].is_clean, "replies that were pending at the end are not lost"
    assert results[0].duration < 60


async def test_replies_that_never_come_are_lost_in_the_last_second(serving: Serving) -> None:
    seconds: list[Second] = []
    async with Connections(serving(every(5, lose)), 4) as connections:
        result = await connections.run(
            duration=0.3, rate=200, workload=Workload.parse("text:50"), progress=seconds.append
        )
    assert sum(second.lost for second in seconds) == result.wrong_replies.counts["lost"] > 0
    assert sum(second.received for second in seconds) + result.wrong_replies.counts["lost"] == result.sent


async def test_refused_connections_are_counted_by_their_reason(serving: Serving) -> None:
    def refuse(connection: ServerConnection, request: object) -> Response:
        return connection.respond(503, "too many")

    async with Connections(serving(echo, process_request=refuse), 3) as connections:
        assert connections.opened == []
        assert connections.errors.total() == 3
        assert "503" in next(iter(connections.errors))


async def test_silent_server_costs_the_deadline() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening, pytest.raises(TimeoutError):
        await LoadConnection.open(0, endpoint_at(listening.getsockname()[1], deadline=0.1))


async def test_server_of_another_protocol_is_refused() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"SSH-2.0-OpenSSH\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(talk, "127.0.0.1", 0) as server:
        with pytest.raises(Refused):
            await LoadConnection.open(0, endpoint_at(server.sockets[0].getsockname()[1]))


async def test_pings_are_answered_and_fragments_joined(loaded: Loaded) -> None:
    async def in_fragments(connection: ServerConnection) -> None:
        async for message in connection:
            await (await connection.ping())
            await connection.send([message[:7], message[7:]])

    assert (await loaded(in_fragments)).is_clean


async def test_ramp_opens_connections_at_its_rate(serving: Serving) -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with Connections(serving(echo), 11, ramp=50) as connections:
        assert len(connections.opened) == 11
        assert loop.time() - began >= 0.2


def test_server_process_has_url_and_memory() -> None:
    with run_in_process() as server:
        assert server.target.url.startswith("ws://127.0.0.1:")
        memory = server.memory()
        assert memory is None or memory > 2**20


def test_server_that_cannot_start_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "pytest_websocket"
    package.mkdir()
    (package / "__init__.py").write_text("raise SystemExit('no server here')")
    monkeypatch.setattr(server_process, "FOLDER", tmp_path)
    with (
        pytest.raises(Unusable, match=r"the server did not start: .*\nits last output:\nno server here"),
        run_in_process(),
    ):
        pass


async def test_connections_are_dropped_where_one_cannot_be_entered(serving: Serving) -> None:
    entered: list[LoadConnection] = []

    async def enter(connection: LoadConnection) -> None:
        entered.append(connection)
        if len(entered) == 3:
            raise LookupError("a fault of the login itself")

    connections = Connections(replace(serving(echo), enter=enter), 5)
    with pytest.raises(LookupError):
        await connections.open()
    assert len(entered) >= 3
    assert all(one.closing for one in entered)


async def test_message_of_many_fragments_is_joined_in_time(loaded: Loaded) -> None:
    async def in_crumbs(connection: ServerConnection) -> None:
        async for message in connection:
            assert isinstance(message, str)
            await connection.send(list(message))

    # 40,000 fragments: a sum over all of them for each would take seconds.
    result = await loaded(in_crumbs, users=1, rate=1, workload="text:40000")
    assert result.is_clean, result
    assert result.received == 1
