"""One trial: a faulty server in a process of its own, and some of the suite's cases against it.

The cases are collected once. Every trial is a fork of the process that has collected them, so that a trial
costs what its cases cost and not what starting pytest does.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Protocol

import pytest

import pytest_websocket.plugin.target
from pytest_websocket.server.open_files import allow_many_connections
from verification.faulty_servers.correct import EchoServer
from verification.proof.rules import names

CORRECT = "correct"
AFTERWARDS = (
    "pytest_websocket.plugin.raw_connections.ProtocolViolation",
    "pytest_websocket.plugin.raw_connections.ServerHarmed",
)
"""After every case: did the server keep the protocol in what it sent, does it still serve others?"""

NOT_TRIED = "not tried: "
TEXT_LIMIT = 1200

ORPHANED = 2.0
"""Seconds between two looks of a server whether its trial is still there."""

SERVER_MEMORY = 4 << 30
"""Bytes of address space that a server in a trial may have."""


@dataclass(frozen=True)
class Red:
    """A case that failed, and how its failure explains itself."""

    case: str
    text: str

    @property
    def own(self) -> bool:
        """Whether the case itself failed, and not what is looked at after every case."""
        return not self.text.startswith(AFTERWARDS)


@dataclass
class Verdict:
    """What the suite had to say about one server, which breaks ``rule``; seconds are wall-clock time."""

    name: str
    rule: str = ""
    red: list[Red] = field(default_factory=list)
    tried: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    took: dict[str, float] = field(default_factory=dict)
    hung: str = ""
    seconds: float = 0.0

    @property
    def killed(self) -> bool:
        """Whether anything turned red."""
        return bool(self.red)

    @property
    def explained(self) -> bool:
        """Whether a failure names the rule that the server breaks."""
        return any(names(self.rule, red.text) for red in self.red)


class Faulty(Protocol):
    """A server that is wrong in one thing: what it is called, the rule that it breaks, how to make one."""

    @property
    def name(self) -> str:
        """What it is called in verdicts; no two of a proof have the same name."""

    @property
    def rule(self) -> str:
        """An RFC's section, or ``contract``."""

    @property
    def summary(self) -> str:
        """What is wrong, in words."""

    def server(self) -> EchoServer:
        """A new one."""


@dataclass(frozen=True)
class StandIn:
    """A faulty server in the place of the embedded one."""

    url: str


@dataclass(frozen=True)
class Order:
    """What to try on one server, which ``server`` makes in the process that it will run in.

    ``first`` are tried until ``enough`` of them are red; only when none is, ``then`` until one is. ``own``
    follow when no failure names the ``rule`` that the server breaks, until one does.
    ``budget`` is in seconds, and ends the trial after the case that passes it.
    """

    name: str
    server: Callable[[], EchoServer]
    first: Sequence[pytest.Item]
    then: Sequence[pytest.Item] = ()
    enough: int = 5
    budget: float = 30.0
    rule: str = ""
    own: Sequence[pytest.Item] = ()


def start(order: Order, session: pytest.Session, result: Path) -> int:
    """Begin a trial in a fork; its verdict will be in ``result``. Returns the process id."""
    sys.stdout.flush()
    process = os.fork()
    if process:
        return process
    status = 1
    try:
        os.setsid()
        # A case that a fault makes hang must not hang the proof.
        signal.alarm(int(order.budget * 2) + 10)
        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, 1)
        if "PROOF_DEBUG" not in os.environ:
            os.dup2(silence, 2)
        _try(order, session, result)
        status = 0
    finally:
        os._exit(status)


def read(name: str, result: Path) -> Verdict:
    """The verdict that a trial left behind; one that left none was killed because it hung."""
    try:
        data = json.loads(result.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return Verdict(name, hung="the trial did not end by itself")
    return Verdict(**{**data, "red": [Red(**red) for red in data["red"]]})


def _try(order: Order, session: pytest.Session, result: Path) -> None:
    # A plugin that is imported before pytest loads it would be imported unrewritten.

    began = time.monotonic()
    verdict = Verdict(order.name, order.rule)
    process, url = _start_server(order.server)
    # The server stands where the embedded one does, so that promises which only ours makes are tried too,
    # and with what ours is able to do, so that no fault excuses itself before the probe.
    setattr(pytest_websocket.plugin.target, "run_embedded", lambda *_: nullcontext(StandIn(url)))  # noqa: B010
    try:
        recorder = _Recorder(verdict)
        session.config.pluginmanager.register(recorder)
        end = began + order.budget
        _run(session, order.first, end, lambda: len(verdict.red) >= order.enough)
        if not verdict.killed:
            _run(session, order.then, end, lambda: verdict.killed)
        if not verdict.explained:
            _run(session, order.own, end, lambda: verdict.explained)
    finally:
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
        verdict.seconds = round(time.monotonic() - began, 2)
        draft = result.with_suffix(".draft")
        draft.write_text(json.dumps(asdict(verdict)), encoding="utf-8")
        draft.rename(result)


def _run(
    session: pytest.Session, items: Sequence[pytest.Item], end: float, is_enough: Callable[[], bool]
) -> None:
    for item, following in zip(items, [*items[1:], None], strict=False):
        last = time.monotonic() > end or following is None
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=None if last else following)
        if last or session.shouldstop or session.shouldfail or is_enough():
            break


class _Recorder:
    """Keeps what the reports say."""

    def __init__(self, verdict: Verdict) -> None:
        self.verdict = verdict

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.verdict.took[report.nodeid] = self.verdict.took.get(report.nodeid, 0.0) + report.duration
        if report.when == "call" or report.outcome != "passed":
            text = report.longreprtext
            if report.failed and NOT_TRIED not in text:
                if report.nodeid not in [red.case for red in self.verdict.red]:
                    self.verdict.red.append(Red(report.nodeid, essence(text)))
            elif report.skipped:
                self.verdict.skipped.append(report.nodeid)
            self.verdict.tried.append(report.nodeid)


def essence(text: str) -> str:
    """The lines of a failure that explain it: those that pytest marks with an E."""
    lines = [line[1:].strip() for line in text.splitlines() if line.startswith("E ")]
    return "\n".join(lines)[:TEXT_LIMIT] or text[-TEXT_LIMIT:]


def _start_server(make: Callable[[], EchoServer]) -> tuple[int, str]:
    """Start a server in a fork; its process id and its URL."""
    told, tell = os.pipe()
    trial = os.getpid()
    process = os.fork()
    if not process:
        try:
            os.close(told)
            # It must not outlive its trial, however that ends, and a fault may be one that never lets go.
            signal.signal(signal.SIGALRM, lambda *_: os.getppid() == trial or os._exit(0))
            signal.setitimer(signal.ITIMER_REAL, ORPHANED, ORPHANED)
            allow_many_connections()
            # A fault may be one that fills the memory: its server dies of it, not the machine.
            resource.setrlimit(resource.RLIMIT_AS, (SERVER_MEMORY, SERVER_MEMORY))
            asyncio.run(_serve(make(), tell))
        finally:
            os._exit(0)
    os.close(tell)
    with os.fdopen(told) as answer:
        return process, answer.readline().strip()


async def _serve(server: EchoServer, tell: int) -> None:
    async with server.serve():
        host, port = server.sockets[0].getsockname()[:2]
        os.write(tell, f"ws://{host}:{port}\n".encode())
        os.close(tell)
        await asyncio.Event().wait()


def options_of_pytest(deadline: float) -> list[str]:
    """How pytest is called for a proof: every level counts, every wait is short."""
    return ["-q", "-s", "-p", "no:cacheprovider", "--ws-strict", f"--ws-timeout={deadline}"]
