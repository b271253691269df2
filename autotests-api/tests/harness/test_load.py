"""The load engine finds every wrong reply, charges a stall to the server, and knows its own limits."""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, ExitStack, suppress
from dataclasses import replace
from functools import partial
from xml.etree import ElementTree

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Response

from fixtures.load import LOAD_OPTIONS, answer_of
from load import plots
from load.budget import Budget
from load.connection import Endpoint, LoadConnection, Refused
from load.crowd import Crowd
from load.histogram import Histogram, log_of
from load.knee import MOST_STEPS, find_knee
from load.ledger import Faults, Ledger
from load.mix import Kind, Mix, identity_of, writer_of
from load.result import Result, Second
from servers.background import run_in_background
from servers.process import run_in_process
from target import Target
from wire.frames import BINARY, TEXT
from wire.handshake import Request

pytest.importorskip("hdrh", reason="pip install -r requirements-load.txt")

STALL = 0.3

Handler = Callable[[ServerConnection], Awaitable[None]]


@pytest.fixture
def serving() -> Iterator[Callable[..., Endpoint]]:
    """Starts a server with the given handler and returns its endpoint; the right answer is a plain echo."""
    with ExitStack() as stack:

        def start(handler: Handler, *, greetings: int = 0, **options: object) -> Endpoint:
            async def quiet(connection: ServerConnection) -> None:
                with suppress(ConnectionClosed):
                    await handler(connection)

            server = stack.enter_context(run_in_background(partial(serve, quiet, "127.0.0.1", 0, **options)))
            return replace(endpoint_at(server.port), greetings=greetings)

        yield start


@pytest.fixture
async def loaded(serving) -> AsyncIterator[Callable[..., Awaitable[Result]]]:
    """Puts a short load on a server with the given handler."""
    async with AsyncExitStack() as stack:

        async def run(
            handler: Handler,
            users: int = 4,
            rate: float | None = 200,
            mix: str = "text:50",
            **options: object,
        ) -> Result:
            crowd = await stack.enter_async_context(Crowd(serving(handler, **options), users))
            return await crowd.run(duration=0.3, rate=rate, mix=Mix.parse(mix))

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
    """An echo that does something else with every so many-th message."""

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
    """Answer nothing."""


async def repeat(connection: ServerConnection, message: str | bytes) -> None:
    await connection.send(message)
    await connection.send(message)


async def spoil(connection: ServerConnection, message: str | bytes) -> None:
    await connection.send(message[:-1] + "!")


async def babble(connection: ServerConnection, message: str | bytes) -> None:
    await connection.send("hello from nowhere")
    await connection.send(message)


async def turn_into_bytes(connection: ServerConnection, message: str | bytes) -> None:
    await connection.send(message.encode())


def swapping() -> Handler:
    """Two messages are answered in the wrong order."""

    async def handler(connection: ServerConnection) -> None:
        while True:
            first, second = await connection.recv(), await connection.recv()
            await connection.send(second)
            await connection.send(first)

    return handler


def crossing() -> Handler:
    """Every message is answered to somebody else."""
    everybody: list[ServerConnection] = []

    async def handler(connection: ServerConnection) -> None:
        everybody.append(connection)
        async for message in connection:
            await everybody[(everybody.index(connection) + 1) % len(everybody)].send(message)

    return handler


async def test_correct_server_is_found_correct(loaded) -> None:
    result = await loaded(echo, mix="text:20=2,binary:200=1,text:70k=1", max_size=2**20)
    assert result.is_clean, str(result)
    assert result.sent == result.received == len(result.latency) == 60


@pytest.mark.parametrize("rate", [200, None], ids=["open schedule", "closed loop"])
async def test_every_message_is_accounted_for(loaded, rate) -> None:
    result = await loaded(echo, rate=rate)
    assert result.is_clean, str(result)
    assert result.sent == result.received > 0
    assert sum(second.received for second in result.seconds) == result.received


@pytest.mark.parametrize(
    "handler, kind",
    [
        (every(5, lose), "lost"),
        (every(5, repeat), "duplicated"),
        (every(5, spoil), "wrong"),
        (every(5, babble), "wrong"),
        (every(5, turn_into_bytes), "wrong"),
        (swapping(), "reordered"),
        (crossing(), "crossed"),
    ],
    ids=["lost", "duplicated", "spoilt", "from nowhere", "of another type", "reordered", "crossed"],
)
async def test_every_kind_of_wrong_reply_is_listed(loaded, handler, kind) -> None:
    result = await loaded(handler)
    assert kind in result.faults.counts, str(result)
    assert any(line.startswith(f"{kind}: user ") for line in result.faults.listed)


async def test_greetings_are_not_taken_for_replies(loaded) -> None:
    async def greet(connection: ServerConnection) -> None:
        await connection.send("welcome")
        await echo(connection)

    assert (await loaded(greet, greetings=1)).is_clean


async def test_stall_of_the_server_is_charged_to_all_whom_it_made_wait(loaded) -> None:
    async def stall_once(connection: ServerConnection) -> None:
        stalled = False
        async for message in connection:
            if not stalled:
                stalled = True
                held_up = asyncio.get_running_loop().create_future()
                asyncio.get_running_loop().call_later(STALL, held_up.set_result, None)
                await held_up
            await connection.send(message)

    result = await loaded(stall_once, users=1, rate=100)
    # A closed loop would have sent one message in that time, and reported one slow reply of thirty.
    assert result.latency.percentile(50) > STALL / 4
    assert result.latency.longest >= STALL * 0.95


async def test_connection_that_ends_is_an_error_and_its_replies_are_lost(loaded) -> None:
    async def leave(connection: ServerConnection) -> None:
        await connection.recv()
        await connection.close(1011)

    result = await loaded(leave)
    assert result.errors["closed by the server with 1011"] == 4
    assert result.errors["not sent: the connection had ended"] > 0
    assert result.faults.counts["lost"] >= 4


async def test_refused_connections_are_counted_by_their_reason(serving) -> None:
    def refuse(connection: ServerConnection, request: object) -> Response:
        return connection.respond(503, "too many")

    async with Crowd(serving(echo, process_request=refuse), 3) as crowd:
        assert crowd.connections == []
        assert crowd.errors.total() == 3
        assert "503" in next(iter(crowd.errors))


async def test_mute_server_costs_the_deadline() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening, pytest.raises(TimeoutError):
        await LoadConnection.open(0, endpoint_at(listening.getsockname()[1], deadline=0.1))


async def test_server_of_another_kind_is_refused() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"SSH-2.0-OpenSSH\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(talk, "127.0.0.1", 0) as server:
        with pytest.raises(Refused):
            await LoadConnection.open(0, endpoint_at(server.sockets[0].getsockname()[1]))


async def test_pings_are_answered_and_fragments_put_together(loaded) -> None:
    async def in_fragments(connection: ServerConnection) -> None:
        async for message in connection:
            await (await connection.ping())
            await connection.send([message[:7], message[7:]])

    assert (await loaded(in_fragments)).is_clean


async def test_ramp_opens_connections_at_its_rate(serving) -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with Crowd(serving(echo), 11, ramp=50) as crowd:
        assert len(crowd.connections) == 11
        assert loop.time() - began >= 0.2


def test_server_in_a_process_tells_url_and_memory() -> None:
    with run_in_process() as server:
        assert server.url.startswith("ws://127.0.0.1:")
        assert server.memory() is None or server.memory() > 2**20


def test_server_that_cannot_start_says_why() -> None:
    with pytest.raises(RuntimeError, match="the server did not start: usage"), run_in_process(["--unknown"]):
        pass


# Accounts.


def test_identity_is_found_in_a_reply() -> None:
    payload = writer_of(Kind(TEXT, 40))(17, 4)
    assert len(payload) == 40
    assert identity_of("Сервер получил: ".encode() + payload) == (17, 4)
    assert identity_of(b"hello") is None


def test_small_message_is_as_long_as_its_identity() -> None:
    assert writer_of(Kind(TEXT, 1))(1, 2) == b"u1m2 "


def test_only_the_first_hundred_faults_are_listed() -> None:
    faults = Faults()
    ledger = Ledger(1, faults)
    for number in range(1000):
        ledger.settle(TEXT, b"u1m%d " % number)
    assert faults.counts == Counter(duplicated=1000)
    assert len(faults.listed) == 100


# Mixes and budgets.


def test_mix_spreads_its_kinds_by_weight() -> None:
    mix = Mix.parse("text:100=3,binary:1k=1")
    turns = mix.cycle()
    assert [next(turns).size for _ in range(8)] == [100, 100, 1024, 100, 100, 100, 1024, 100]
    assert str(mix) == "75% text of 100 bytes, 25% binary of 1024 bytes"
    assert mix.largest == 1024


@pytest.mark.parametrize("text", ["", "text", "text:1=0", "json:5", "text:-1", "text:1kk"])
def test_mix_that_cannot_be_read_is_refused(text) -> None:
    with pytest.raises(ValueError, match="expected"):
        Mix.parse(text)


def result_of(*milliseconds: int, **figures: object) -> Result:
    latency, connect = Histogram(), Histogram()
    for value in milliseconds:
        latency.record(value * 1000)
        connect.record(value * 2000)
    return Result(1, 100.0, 1.0, connect, latency=latency, received=len(milliseconds), sent=100, **figures)


@pytest.mark.parametrize(
    "text, kept",
    [
        ("p50=3ms", True),
        ("p50=1ms", False),
        ("p99=0.1s", True),
        ("p99=99ms", False),
        ("max=100ms", True),
        ("mean=10ms", False),
        ("connect.p50=3ms", False),
        ("connect.p50=4ms", True),
        ("rate=4", True),
        ("rate=5", False),
        ("errors=0", True),
    ],
)
def test_budget_is_kept_or_broken(text, kept) -> None:
    words = Budget.parse(text).broken_by(result_of(1, 2, 3, 100))
    assert bool(words) is not kept, words


@pytest.mark.parametrize(
    "text", ["", "p99", "p99=5", "p5=1ms", "errors=1ms", "rate=1s", "connect.rate=1", "x=1"]
)
def test_budget_that_cannot_be_read_is_refused(text) -> None:
    with pytest.raises(ValueError, match="expected"):
        Budget.parse(text)


def test_broken_budget_says_both_sides() -> None:
    words = Budget.parse("p99=50ms").broken_by(result_of(120))
    assert words == "p99 at most 50.0 ms is broken: 120 ms"


@pytest.mark.parametrize(
    "name, text, value",
    [
        ("ws-users", "10_000", 10_000),
        ("ws-rate", "500/s", 500.0),
        ("ws-duration", "5m", 300.0),
        ("ws-duration", "2.5s", 2.5),
        ("ws-ramp", "100", 100.0),
    ],
)
def test_size_of_a_load_is_read_with_its_units(name, text, value) -> None:
    option = next(option for option in LOAD_OPTIONS if option.name == name)
    assert option.read(text) == value


@pytest.mark.parametrize("name, text", [("ws-users", "0"), ("ws-rate", "fast"), ("ws-duration", "2w")])
def test_size_that_cannot_be_read_is_refused(name, text) -> None:
    option = next(option for option in LOAD_OPTIONS if option.name == name)
    with pytest.raises(ValueError, match="expected"):
        option.read(text)


@pytest.mark.parametrize(
    "target",
    [
        Target("ws://x"),
        Target("ws://x", reply="{message}"),
        Target("ws://x", reply="{message} and {message}"),
        Target("ws://x", reply="always the same"),
        Target("ws://x", binary="plain"),
        Target("ws://x", binary="none"),
        Target("ws://x", binary="text:got {message}"),
    ],
    ids=["lesson", "plain echo", "twice", "constant", "plain bytes", "no bytes", "text for bytes"],
)
def test_answer_in_bytes_is_the_answer_of_the_target(target) -> None:
    answer = answer_of(target)
    assert answer(TEXT, "Ёж".encode()) == (TEXT, target.answer("Ёж").encode())
    reply = target.answer(b"\x00\xff")
    opcode = TEXT if isinstance(reply, str) else BINARY
    expected = None if reply is None else (opcode, reply.encode() if isinstance(reply, str) else reply)
    assert answer(BINARY, b"\x00\xff") == expected


# The knee, and whose limit it is.


async def test_knee_is_found_between_two_rates() -> None:
    async def load(rate: float) -> Result:
        return result_of(*([5] if rate <= 1000 else [500]))

    knee = await find_knee(load, [Budget.parse("p99=50ms")], start=100)
    assert 870 <= knee.rate <= 1000
    assert len(knee.steps) <= MOST_STEPS


async def test_search_ends_where_even_the_start_is_too_much() -> None:
    async def load(rate: float) -> Result:
        return result_of(500)

    knee = await find_knee(load, [Budget.parse("p99=50ms")], start=100)
    assert (knee.rate, len(knee.steps)) == (0.0, 1)
    assert not knee.by_the_client


async def test_search_that_the_client_limits_says_so() -> None:
    async def load(rate: float) -> Result:
        return result_of(5, cpu=1.0 if rate > 500 else 0.2)

    knee = await find_knee(load, [Budget.parse("p99=50ms")], start=100)
    assert knee.by_the_client


@pytest.mark.parametrize(
    "figures, words",
    [
        ({"cpu": 0.97}, "97% of a core"),
        ({"rate": 200.0}, "100 of 200 messages per second"),
    ],
)
def test_result_that_the_client_limits_says_so(figures, words) -> None:
    result = result_of(5)
    for name, value in figures.items():
        setattr(result, name, value)
    assert words in " ".join(result.limits_of_the_client)
    assert "LIMITED BY THE CLIENT" in str(result)


def test_late_sending_is_the_clients_limit() -> None:
    result = result_of(5)
    result.late.record(4000)
    assert "later than due" in result.limits_of_the_client[0]


# Figures for the report.


def test_percentiles_are_those_of_the_counted_durations() -> None:
    histogram = Histogram()
    histogram.add(Counter({number * 1000: 1 for number in range(1, 1001)}))
    histogram.record(-5)
    assert len(histogram) == 1001
    assert histogram.percentile(50) == pytest.approx(0.5, rel=0.01)
    assert histogram.percentile(99.9) == pytest.approx(0.999, rel=0.01)
    assert histogram.longest == pytest.approx(1.0, rel=0.01)


def test_histogram_log_has_a_line_for_every_second() -> None:
    histogram = Histogram()
    histogram.record(1500)
    lines = [
        line for line in log_of([(0.0, 1.0, histogram), (1.0, 2.0, histogram)]).splitlines() if "HIST" in line
    ]
    assert len(lines) == 2


def test_plots_are_wellformed_and_show_their_curves() -> None:
    result = result_of(1, 2, 3, 1000)
    result.seconds = [Second(float(start), 1.0, 10, 10, latency=result.latency) for start in range(5)]
    for plot in (
        plots.latency_over_time(result),
        plots.throughput_over_time(result),
        plots.percentile_curve(result),
    ):
        tree = ElementTree.fromstring(plot)
        assert tree.findall(".//{http://www.w3.org/2000/svg}polyline")
    page = plots.page("A <title>", result, ["remark & more"])
    assert "A &lt;title&gt;" in page
    assert "remark &amp; more" in page
    assert page.count("<svg") == 3


def test_result_without_a_single_reply_has_a_page_too() -> None:
    assert "<table>" in plots.page("Nothing", Result(0, 1.0, 1.0, Histogram()))
