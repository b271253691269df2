"""Loads on the target: their options, the fixture `load`, and what it attaches to the report."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from pytest_websocket.load.capacity_search import Capacity, search_capacity
from pytest_websocket.load.connection import Endpoint, LoadConnection
from pytest_websocket.load.connections import Connections
from pytest_websocket.load.histogram import log_of
from pytest_websocket.load.result import Result, Second, milliseconds, spread
from pytest_websocket.load.thresholds import Threshold
from pytest_websocket.load.workload import DEFAULT_WORKLOAD, Workload
from pytest_websocket.plugin.load_options import LOAD_OPTIONS
from pytest_websocket.plugin.options import option_value
from pytest_websocket.protocol.frames import BINARY, TEXT
from pytest_websocket.render import load_page
from pytest_websocket.server.open_files import allow_many_connections
from pytest_websocket.target.carrier import Carrying, Exchange
from pytest_websocket.target.dial import opening_for
from pytest_websocket.target.login import Conversation, Login, LoginFailed
from pytest_websocket.target.started_server import StartedServer
from pytest_websocket.target.target import Message, Target, is_plain
from pytest_websocket.target.templates import Reply

PORTS_PER_ADDRESS = 20_000
"""Connections from one source address to one server, below what the system's range of ports allows."""


@dataclass(frozen=True)
class Size:
    """The load that the options ask for."""

    users: int
    rate: float
    duration: float
    ramp: float | None
    workload: Workload
    thresholds: tuple[Threshold, ...]


def pytest_configure(config: pytest.Config) -> None:
    """Reads the options now, so that a wrong one is one line and not an error of every test."""
    for option in LOAD_OPTIONS:
        option_value(config, option.name)


def size_from(config: pytest.Config) -> Size:
    """Returns the load that the options ask for."""
    users = option_value(config, "ws-users") or 1000
    return Size(
        users=users,
        rate=option_value(config, "ws-rate") or float(users),
        duration=option_value(config, "ws-duration") or 3.0,
        ramp=option_value(config, "ws-ramp"),
        workload=option_value(config, "ws-mix") or Workload.parse(DEFAULT_WORKLOAD),
        thresholds=option_value(config, "ws-budget") or (),
    )


def endpoint_for(target: Target, users: int) -> Endpoint:
    """Returns the target as the load engine takes it."""
    local = target.host == "127.0.0.1" and users > PORTS_PER_ADDRESS
    addresses = math.ceil(users / PORTS_PER_ADDRESS)
    return Endpoint(
        host=target.host,
        port=target.port,
        opening=lambda: opening_for(target),
        answer=answer_of(target),
        tls=target.tls,
        server_name=target.host,
        greetings=target.greetings,
        carry=_carry_of(target),
        ignores=partial(_ignores, target) if target.ignore else None,
        enter=partial(_log_in, target, target.login) if target.login else None,
        deadline=max(10.0, target.deadline) * target.time_scale,
        sources=tuple(f"127.0.0.{number + 1}" for number in range(addresses)) if local else (),
    )


def answer_of(target: Target) -> Callable[[int, bytes], tuple[int, Any] | None]:
    """Returns a function from a message to the target's reply, as opcode and bytes.

    It is fast for a template that has the message in it once.
    """
    before, place, after = (part.encode() for part in target.reply.partition("{message}"))
    template = target.reply_template
    simple = bool(place) and target.echo and template is not None and is_plain(template)

    def answer(opcode: int, payload: bytes) -> tuple[int, Any] | None:
        if simple and (opcode == TEXT or target.binary == "same"):
            return opcode, before + payload + after
        reply = target.answer(payload.decode() if opcode == TEXT else payload)
        if reply is None:
            return None
        if isinstance(reply, Reply | Exchange):
            kind = reply.opcode if isinstance(reply, Reply) else reply.reply.opcode
            return kind, _Expected(kind, reply)
        return (TEXT, reply.encode()) if isinstance(reply, str) else (BINARY, reply)

    return answer


@dataclass(frozen=True, eq=False)
class _Expected:
    """A reply that is compared by value, equal to the payloads that say it."""

    opcode: int
    reply: Reply | Exchange

    def __eq__(self, other: object) -> bool:
        return isinstance(other, bytes) and bool(self.reply == _content(self.opcode, other))

    def __hash__(self) -> int:
        return hash(self.reply)

    def __len__(self) -> int:
        return len(self.reply)

    def __getitem__(self, _: slice) -> str:
        return repr(self.reply)


def _content(opcode: int, payload: bytes) -> Message:
    return payload.decode("utf-8", "surrogateescape") if opcode == TEXT else payload


def _ignores(target: Target, opcode: int, payload: bytes) -> bool:
    return target.ignores(_content(opcode, payload))


def _carry_of(target: Target) -> Callable[[int, bytes], tuple[int, bytes]] | None:
    """Returns a function that puts a text into the target's request; None where it is sent as it is."""
    carrier = target.carrier
    if carrier is None:
        return None
    carrying = Carrying(carrier)
    kind = carrier.opcode

    def carry(opcode: int, payload: bytes) -> tuple[int, bytes]:
        return (kind, carrying.message(payload)) if opcode == TEXT else (opcode, payload)

    return carry


async def _log_in(target: Target, login: Login, connection: LoadConnection) -> None:
    """Logs in on a connection of a load. Raises ConnectionError, with the reason, where that fails."""
    messages: asyncio.Queue[Message] = asyncio.Queue()

    def keep(opcode: int, payload: bytes) -> None:
        messages.put_nowait(_content(opcode, payload))

    connection.on_message = keep
    for early in connection.early:
        keep(*early)

    async def send(message: Message) -> None:
        data = message.encode() if isinstance(message, str) else message
        connection.send(TEXT if isinstance(message, str) else BINARY, data)

    try:
        await login(Conversation(send, messages.get, target.learn_secret))
    except LoginFailed as error:
        raise ConnectionError(str(error)) from error


@dataclass(frozen=True)
class LoadFigures:
    """One load of one test, for ``--ws-load-figures``."""

    test: str
    title: str
    result: Result


FIGURES = pytest.StashKey[list[LoadFigures]]()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Writes the figures of all loads as JSON, also after an interrupted run."""
    path, figures = option_value(session.config, "ws-load-figures"), session.config.stash.get(FIGURES, [])
    if path is None or not figures:
        return
    loads = [{"test": one.test, "load": one.title, **one.result.figures()} for one in figures]
    path.write_text(json.dumps({"loads": loads}, indent=2) + "\n", encoding="utf-8")


class Load:
    """What a load test uses: connections to the target, loads on them, and checks of their results.

    ``report`` prints a line in the terminal while the test runs.
    """

    def __init__(
        self,
        size: Size,
        endpoint: Endpoint,
        server: StartedServer | None,
        stack: AsyncExitStack,
        attach: Callable[[str, str, str], None],
        report: Callable[[str], None],
        test: str,
        figures: list[LoadFigures],
    ) -> None:
        self.size = size
        self.server = server
        self.deadline = endpoint.deadline
        self.report = report
        self._endpoint = endpoint
        self._stack = stack
        self._attach = attach
        self._test = test
        self.figures = figures

    async def connect(self, users: int | None = None) -> Connections:
        """Opens ``users`` connections, by default as many as the options say; closes them after the test."""
        connections = Connections(self._endpoint, users or self.size.users, ramp=self.size.ramp)
        _check_files(connections.count)
        await self._stack.enter_async_context(connections)
        self.report(
            f"{len(connections.opened):,} of {connections.count:,} connections open: "
            f"{spread(connections.connect)}"
        )
        return connections

    async def run(
        self,
        connections: Connections,
        title: str = "Load",
        *,
        rate: float | None = None,
        flat_out: bool = False,
        duration: float | None = None,
        workload: Workload | None = None,
        subset: Sequence[LoadConnection] | None = None,
    ) -> Result:
        """Puts a load on the connections, or on a subset of them, and attaches its figures to the report.

        ``rate`` and ``duration`` are those of the options by default; ``flat_out`` sends the next message
        as soon as the reply to the one before has come.
        """
        try:
            return await connections.run(
                duration=duration or self.size.duration,
                rate=None if flat_out else rate or self.size.rate,
                workload=workload or self.size.workload,
                subset=subset,
                progress=self._progress,
                ended=lambda result: self._keep(title, result),
            )
        except asyncio.CancelledError:
            self.report(f"{title} was interrupted; so far:")
            self.report(str(self.figures[-1].result))
            raise

    def _keep(self, title: str, result: Result) -> None:
        self.figures.append(LoadFigures(self._test, title, result))
        self._attach(title, load_page.page(title, result), "text/html")
        intervals = [
            (second.start, second.start + second.length, second.latency) for second in result.seconds
        ]
        self._attach(f"{title} (HDR histogram log)", log_of(intervals), "text/plain")
        self._attach(f"{title} (figures)", json.dumps(result.figures(), indent=2), "application/json")

    async def search_capacity(
        self, connections: Connections, start: float, thresholds: Sequence[Threshold], step: float
    ) -> Capacity:
        """Searches the highest rate that keeps ``thresholds``, in steps of ``step`` seconds."""

        async def load(rate: float) -> Result:
            result = await connections.run(duration=step, rate=rate, workload=self.size.workload)
            self.report(f"{rate:,.0f} messages/s: {spread(result.latency)}")
            return result

        capacity = await search_capacity(load, thresholds, start)
        kept = f"{capacity.rate:,.0f} messages/s" if capacity.rate else "none of these"
        summary = f"highest rate that was kept: {kept}"
        if capacity.limited_by_client:
            summary += "; the client reached its limit first, so the server's capacity is higher"
        self.report(summary)
        title, remarks = "Capacity search", [summary, "; ".join(map(str, thresholds))]
        self._attach(title, load_page.capacity_page(title, capacity, remarks), "text/html")
        return capacity

    def check(self, result: Result) -> None:
        """Fails when replies were wrong or missing, or a threshold of the options is violated."""
        __tracebackhide__ = True
        self.report("\n" + str(result))
        found = (threshold.violation_of(result) for threshold in self.size.thresholds)
        problems = [violation for violation in found if violation]
        if result.is_clean and not problems:
            return
        if result.wrong_replies:
            problems.insert(0, "replies were wrong or missing")
        if result.errors:
            problems.insert(0, "connections broke or messages could not be sent")
        if result.client_limits:
            problems.append(f"the client may be the cause: {'; '.join(result.client_limits)}")
        raise AssertionError("\n".join([*problems, "", str(result)]))

    def _progress(self, second: Second) -> None:
        length = second.length or 1.0
        p50, p99 = (milliseconds(second.latency.percentile(percent)) for percent in (50, 99))
        self.report(
            f"{second.start:6.1f} s  sent {second.sent / length:9,.0f}/s  "
            f"answered {second.received / length:9,.0f}/s  p50 {p50:>8}  p99 {p99:>8}  "
            f"in flight {second.in_flight:6,}" + (f"  errors {second.errors}" if second.errors else "")
        )


def printer(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Returns a function that prints a line to the terminal while the test runs, despite the capture."""
    manager = request.config.pluginmanager
    terminal, capture = manager.get_plugin("terminalreporter"), manager.get_plugin("capturemanager")
    if terminal is None or capture is None or hasattr(request.config, "workerinput"):
        return lambda _: None
    printed: list[bool] = []

    def report(text: str) -> None:
        # pytest has no public way to print from a fixture without the test asking for `capsys`.
        with capture.global_and_fixture_disabled():
            if not printed:
                printed.append(True)
                terminal.ensure_newline()
            for line in text.splitlines():
                terminal.write_line(f"  {line}".rstrip())

    return report


def _check_files(connections: int) -> None:
    allow_many_connections()
    try:
        import resource
    except ImportError:
        return
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = connections + 200
    if limit not in {resource.RLIM_INFINITY} and limit < needed:
        pytest.fail(
            f"{connections:,} connections need {needed:,} open files, and the system allows {limit:,}: "
            f"raise the hard limit (`ulimit -n {needed}` as root, LimitNOFILE= in systemd, --ulimit in "
            "Docker) or ask for fewer with --ws-users",
            pytrace=False,
        )
