"""Loads on the target: the options that size them, the crowd, and what they leave in the report."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import math
import re
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import pytest_asyncio

from pytest_websocket.load import plots
from pytest_websocket.load.capacity_search import Knee, find_knee
from pytest_websocket.load.connection import Endpoint, LoadConnection
from pytest_websocket.load.connections import Crowd
from pytest_websocket.load.histogram import log_of
from pytest_websocket.load.result import Result, Second, milliseconds, spread
from pytest_websocket.load.server_process import ServerProcess, run_in_process
from pytest_websocket.load.thresholds import Budget
from pytest_websocket.load.workload import DEFAULT_MIX, Mix
from pytest_websocket.plugin.options import Option, add_options, option_value
from pytest_websocket.plugin.recordings import EVIDENCE
from pytest_websocket.plugin.target import ABILITIES, TARGET
from pytest_websocket.protocol.frames import BINARY, TEXT
from pytest_websocket.server.open_files import allow_many_connections
from pytest_websocket.target.dial import opening_for
from pytest_websocket.target.target import Target

PORTS_PER_ADDRESS = 20_000
"""Connections from one source address to one server, below what the system's range of ports allows."""


def _number(text: str) -> int:
    value = int(text.replace("_", "").replace(",", "")) if re.fullmatch(r"[\d_,]+", text) else 0
    if value < 1:
        raise ValueError("expected a whole number above 0")
    return value


def _rate(text: str) -> float:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(?:/s)?", text.replace("_", ""))
    if match is None or not 0 < float(match[1]) <= 1e6:
        raise ValueError("expected a number per second above 0")
    return float(match[1])


def _duration(text: str) -> float:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(s|m|h)?", text)
    seconds = float(match[1]) * {"s": 1, "m": 60, "h": 3600}[match[2] or "s"] if match else math.nan
    if not 0.1 <= seconds <= 24 * 3600:
        raise ValueError("expected a duration up to a day, as in 30s, 5m or 2h")
    return seconds


def _file(text: str) -> Path:
    path = Path(text)
    if not path.parent.is_dir() or path.is_dir():
        raise ValueError("expected a file in a folder that is there")
    return path


LOAD_OPTIONS = (
    Option("ws-users", "connections of a load (default: 1000)", "COUNT", _number),
    Option("ws-rate", "messages per second of all together (default: one per connection)", "RATE", _rate),
    Option("ws-duration", "how long a load lasts (default: 3s)", "TIME", _duration),
    Option(
        "ws-ramp", "connections to open per second (default: as fast as they are accepted)", "RATE", _rate
    ),
    Option("ws-mix", f"what is sent: text:100=8,binary:1k=1 (default: {DEFAULT_MIX})", "MIX", Mix.parse),
    Option(
        "ws-budget",
        "what a load may cost: p99=50ms, max=1s, connect.p90=1s, errors=0, rate=1000; repeatable; "
        "without one its figures are numbers and no verdict",
        "LIMIT",
        Budget.parse,
        many=True,
    ),
    Option("ws-load-figures", "write the figures of all loads to this file, as JSON", "FILE", _file),
)


@dataclass(frozen=True)
class Size:
    """How much load the options ask for."""

    users: int
    rate: float
    duration: float
    ramp: float | None
    mix: Mix
    budgets: tuple[Budget, ...]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Register the options of the load."""
    add_options(parser, LOAD_OPTIONS, group=("websocket-load", "WebSocket load (pytest -m load)"))


def pytest_configure(config: pytest.Config) -> None:
    """Read the options now: a wrong one is one line, not an error of every test that asks for it."""
    for option in LOAD_OPTIONS:
        option_value(config, option.name)


def size_from(config: pytest.Config) -> Size:
    """The load that the options ask for."""
    users = option_value(config, "ws-users") or 1000
    return Size(
        users=users,
        rate=option_value(config, "ws-rate") or float(users),
        duration=option_value(config, "ws-duration") or 3.0,
        ramp=option_value(config, "ws-ramp"),
        mix=option_value(config, "ws-mix") or Mix.parse(DEFAULT_MIX),
        budgets=option_value(config, "ws-budget") or (),
    )


def endpoint_for(target: Target, users: int) -> Endpoint:
    """The target as a crowd needs it."""
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
        deadline=max(10.0, target.deadline) * target.time_scale,
        sources=tuple(f"127.0.0.{number + 1}" for number in range(addresses)) if local else (),
    )


def answer_of(target: Target) -> Callable[[int, bytes], tuple[int, bytes] | None]:
    """The target's answer as opcode and bytes; quick for a template with one place for the message."""
    before, place, after = (part.encode() for part in target.reply.partition("{message}"))
    simple = bool(place) and b"{message}" not in after

    def answer(opcode: int, payload: bytes) -> tuple[int, bytes] | None:
        if simple and (opcode == TEXT or target.binary == "same"):
            return opcode, before + payload + after
        reply = target.answer(payload.decode() if opcode == TEXT else payload)
        if reply is None:
            return None
        return (TEXT, reply.encode()) if isinstance(reply, str) else (BINARY, reply)

    return answer


@dataclass(frozen=True)
class Figures:
    """One load of one test, to be written where ``--ws-load-figures`` says."""

    test: str
    title: str
    result: Result


FIGURES = pytest.StashKey[list[Figures]]()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the figures of all loads, for programs to read: an interrupted run, too, has some."""
    path, figures = option_value(session.config, "ws-load-figures"), session.config.stash.get(FIGURES, [])
    if path is None or not figures:
        return
    loads = [{"test": one.test, "load": one.title, **one.result.figures()} for one in figures]
    path.write_text(json.dumps({"loads": loads}, indent=2) + "\n", encoding="utf-8")


class Load:
    """What a load test works with: crowds of the target, loads, verdicts, evidence in the report."""

    def __init__(
        self,
        size: Size,
        endpoint: Endpoint,
        server: ServerProcess | None,
        stack: AsyncExitStack,
        leave: Callable[[str, str, str], None],
        say: Callable[[str], None],
        test: str,
        figures: list[Figures],
    ) -> None:
        self.size = size
        self.server = server
        self.deadline = endpoint.deadline
        self.say = say
        self._endpoint = endpoint
        self._stack = stack
        self._leave = leave
        self._test = test
        self.figures = figures

    async def crowd(self, users: int | None = None) -> Crowd:
        """Open connections, as many as the options say; they are closed after the test."""
        crowd = Crowd(self._endpoint, users or self.size.users, ramp=self.size.ramp)
        _check_files(crowd.users)
        await self._stack.enter_async_context(crowd)
        self.say(f"{len(crowd.connections):,} of {crowd.users:,} connections open: {spread(crowd.connect)}")
        return crowd

    async def run(
        self,
        crowd: Crowd,
        title: str = "Load",
        *,
        rate: float | None = None,
        flat_out: bool = False,
        duration: float | None = None,
        mix: Mix | None = None,
        users: Sequence[LoadConnection] | None = None,
    ) -> Result:
        """Put a load on the crowd (or on ``users`` of it) and leave its figures in the report.

        ``rate`` and ``duration`` are the options' unless given; ``flat_out`` sends as fast as replies come.
        """
        try:
            return await crowd.run(
                duration=duration or self.size.duration,
                rate=None if flat_out else rate or self.size.rate,
                mix=mix or self.size.mix,
                users=users,
                progress=self._progress,
                ended=lambda result: self._keep(title, result),
            )
        except asyncio.CancelledError:
            self.say(f"{title} was interrupted; so far:")
            self.say(str(self.figures[-1].result))
            raise

    def _keep(self, title: str, result: Result) -> None:
        self.figures.append(Figures(self._test, title, result))
        self._leave(title, plots.page(title, result), "text/html")
        intervals = [
            (second.start, second.start + second.length, second.latency) for second in result.seconds
        ]
        self._leave(f"{title} (HDR histogram log)", log_of(intervals), "text/plain")
        self._leave(f"{title} (figures)", json.dumps(result.figures(), indent=2), "application/json")

    async def knee(self, crowd: Crowd, start: float, budgets: Sequence[Budget], step: float) -> Knee:
        """Search the highest rate that keeps ``budgets``, in steps of ``step`` seconds; see `pytest_websocket.load.capacity_search`."""

        async def load(rate: float) -> Result:
            result = await crowd.run(duration=step, rate=rate, mix=self.size.mix)
            self.say(f"{rate:,.0f} messages/s: {spread(result.latency)}")
            return result

        knee = await find_knee(load, budgets, start)
        kept = f"{knee.rate:,.0f} messages/s" if knee.rate else "none of these"
        words = f"highest rate that was kept: {kept}"
        if knee.by_the_client:
            words += "; the client could not go further, so the server's knee is higher"
        self.say(words)
        remarks = [words, "; ".join(map(str, budgets))]
        self._leave("Search for the knee", plots.knee_page("Search for the knee", knee, remarks), "text/html")
        return knee

    def judge(self, result: Result) -> None:
        """Fail when replies were wrong or missing, or a budget that was asked for is broken."""
        __tracebackhide__ = True
        self.say("\n" + str(result))
        broken = [words for words in (budget.broken_by(result) for budget in self.size.budgets) if words]
        if result.is_clean and not broken:
            return
        if result.faults:
            broken.insert(0, "replies were wrong or missing")
        if result.errors:
            broken.insert(0, "connections broke or messages could not be sent")
        if result.limits_of_the_client:
            broken.append(
                f"mind that this may be the client's doing: {'; '.join(result.limits_of_the_client)}"
            )
        raise AssertionError("\n".join([*broken, "", str(result)]))

    def _progress(self, second: Second) -> None:
        length = second.length or 1.0
        p50, p99 = (milliseconds(second.latency.percentile(percent)) for percent in (50, 99))
        self.say(
            f"{second.start:6.1f} s  sent {second.sent / length:9,.0f}/s  "
            f"answered {second.received / length:9,.0f}/s  p50 {p50:>8}  p99 {p99:>8}  "
            f"in flight {second.in_flight:6,}" + (f"  errors {second.errors}" if second.errors else "")
        )


@pytest.fixture(scope="session")
def load_server(request: pytest.FixtureRequest) -> Iterator[ServerProcess | None]:
    """The embedded server in a process of its own; None where the target is another or speaks TLS."""
    target = request.config.stash[TARGET]
    if not target.embedded or target.secure:
        yield None
        return
    with run_in_process() as server:
        yield server


@pytest.fixture
def load_target(request: pytest.FixtureRequest, load_server: ServerProcess | None) -> Target:
    """The target of loads: the embedded server's own process, or what ``--ws-url`` names."""
    if load_server is not None:
        return replace(request.config.stash[TARGET], url=load_server.url)
    target: Target = request.getfixturevalue("target")
    return target


@pytest_asyncio.fixture
async def load(
    request: pytest.FixtureRequest, load_target: Target, load_server: ServerProcess | None
) -> AsyncIterator[Load]:
    """Crowds and loads on the target, sized by the options."""
    if importlib.util.find_spec("hdrh") is None:
        pytest.skip("loads need more packages: pip install pytest-websocket[load]")
    if load_target.proxy:
        pytest.skip("a load through an HTTP proxy would measure the proxy")
    size = size_from(request.config)
    abilities = request.config.stash[ABILITIES]
    if size.mix.largest > abilities.max_message:
        pytest.skip(f"--ws-mix has messages above the target's limit of {abilities.max_message} bytes")
    evidence = request.node.stash.setdefault(EVIDENCE, [])
    async with AsyncExitStack() as stack:
        yield Load(
            size,
            endpoint_for(load_target, size.users),
            load_server,
            stack,
            lambda name, body, kind: evidence.append((name, body, kind)),
            _speaker(request),
            request.node.nodeid,
            request.config.stash.setdefault(FIGURES, []),
        )


def _speaker(request: pytest.FixtureRequest) -> Callable[[str], None]:
    manager = request.config.pluginmanager
    terminal, capture = manager.get_plugin("terminalreporter"), manager.get_plugin("capturemanager")
    if terminal is None or capture is None or hasattr(request.config, "workerinput"):
        return lambda _: None
    began: list[bool] = []

    def say(words: str) -> None:
        with capture.global_and_fixture_disabled():
            if not began:
                began.append(True)
                terminal.ensure_newline()
            for line in words.splitlines():
                terminal.write_line(f"  {line}".rstrip())

    return say


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
