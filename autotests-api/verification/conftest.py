"""Fixtures of the tests of the package: servers in the background, and whole runs of pytest."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import websockets.asyncio.server
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from pytest_websocket.plugin.options import option_value
from pytest_websocket.protocol.frames import FrameParser, mask
from pytest_websocket.server.background import run_in_background
from verification import hostile_servers
from verification.stream_server import serve_streams

ROOT = Path(__file__).parents[2]

CASES = ROOT / "autotests-api" / "tests"
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # So a shell without job control starts what runs in the background; programs of tests would inherit it.
    signal.signal(signal.SIGINT, signal.default_int_handler)

FOLDERS = ("contract", "conformance", "process", "resilience", "security")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves the tests of this folder out where another server than the embedded one is tested."""
    if any(option_value(config, name) for name in ("ws-url", "ws-command", "ws-app")):
        own = [item for item in items if item.path.is_relative_to(Path(__file__).parent)]
        config.hook.pytest_deselected(items=own)
        items[:] = [item for item in items if item not in set(own)]


@dataclass(frozen=True)
class SuiteRun:
    """The results of a run of the suite; ``peak`` is its largest memory in bytes."""

    status: int
    output: str
    seconds: float
    peak: int
    junit: Path

    @property
    def cases(self) -> dict[str, str]:
        """Outcome of every test by its name: passed, failed, error or skipped (xfailed, too)."""
        found = {}
        for case in ET.parse(self.junit).iter("testcase"):
            outcome = next((child.tag for child in case if child.tag in {"failure", "error", "skipped"}), "")
            found[case.attrib["name"]] = {"failure": "failed"}.get(outcome, outcome or "passed")
        return found

    @property
    def counts(self) -> Counter[str]:
        """Number of tests by outcome."""
        return Counter(self.cases.values())


RunSuite = Callable[..., SuiteRun]

Handler = Callable[[ServerConnection], Awaitable[None]]
Serve = Callable[..., str]
Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
Listen = Callable[[Script], Awaitable[int]]


class RecordingTransport(asyncio.Transport):
    """A transport that records what is asked of it."""

    def __init__(self, unconnected: socket.socket, *, half_closes: bool = True) -> None:
        super().__init__({"socket": unconnected})
        self.half_closes = half_closes
        self.written = b""
        self.asked: list[str] = []
        self.closing = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += bytes(data)

    def is_closing(self) -> bool:
        return self.closing

    def get_write_buffer_size(self) -> int:
        return 0

    def can_write_eof(self) -> bool:
        return self.half_closes

    @property
    def frames(self) -> list[tuple[int, bytes]]:
        """Opcode and payload of what was written, all of it masked."""
        frames = FrameParser().feed(self.written)
        return [(header.opcode, mask(payload, header.mask_key)) for header, payload, _ in frames]

    def __getattribute__(self, name: str) -> Any:
        if name in {"close", "abort", "write_eof", "pause_reading", "resume_reading"}:
            return lambda: self.asked.append(name)
        return super().__getattribute__(name)


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Runs a handler of the websockets library until the test ends: ``url = serve(handler, …)``.

    Connections that end abnormally are neither raised nor logged.
    """
    quiet = logging.getLogger("websockets.quiet")
    quiet.setLevel(logging.CRITICAL)
    with ExitStack() as stack:

        def run(handler: Handler, *, tls: ssl.SSLContext | None = None, **options: Any) -> str:
            async def calm(connection: ServerConnection) -> None:
                with suppress(ConnectionClosed):
                    await handler(connection)

            def listen() -> Any:
                # Less than a server may take to stop: a peer that is gone, or another process that found the
                # port, answers no Close.
                settings = {"close_timeout": 1.0, **options}
                return websockets.asyncio.server.serve(
                    calm, "127.0.0.1", 0, ssl=tls, logger=quiet, **settings
                )

            return stack.enter_context(run_in_background(listen, secure=tls is not None)).url

        yield run


@pytest.fixture
def meet() -> Iterator[Callable[[hostile_servers.Behaviour], str]]:
    """Runs servers of raw frames until the test ends."""
    with ExitStack() as stack:

        def run(behaviour: hostile_servers.Behaviour) -> str:
            return stack.enter_context(run_in_background(lambda: hostile_servers.serve(behaviour))).url

        yield run
    # What the servers left open is reported here, and not in a later test.
    gc.collect(1)


@pytest.fixture
async def listen() -> AsyncIterator[Listen]:
    """Serves connections by a script on the port that is returned; the test ends when the script has."""
    async with AsyncExitStack() as stack:

        async def factory(script: Script) -> int:
            server = await stack.enter_async_context(serve_streams(script, finish=True))
            port: int = server.sockets[0].getsockname()[1]
            return port

        yield factory


@pytest.fixture
def unconnected() -> Iterator[socket.socket]:
    """Returns a socket that is connected to nothing."""
    with socket.socket() as one:
        yield one


@pytest.fixture
def transport_for() -> type[RecordingTransport]:
    """Returns the class of a transport that records."""
    return RecordingTransport


@pytest.fixture
async def transport(unconnected: socket.socket) -> RecordingTransport:
    """Returns a transport that records and sends nothing."""
    return RecordingTransport(unconnected)


# A process inherits the peak of the one that started it, so that a small process starts the run.
MEASURED = """
import resource, subprocess, sys
status = subprocess.call(sys.argv[2:])
with open(sys.argv[1], "w") as peak:
    print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=peak)
sys.exit(status)
"""


@pytest.fixture
def run_suite(tmp_path: Path) -> RunSuite:
    """Runs pytest in a process of its own: ``run_suite("--ws-url", url, "contract/…")``.

    Tests are named from tests/ on. The run sees no WS_ and no PYTEST variable of this one. ``short_probe`` is
    for a server that does not send anything unasked after a second.
    """

    def run(*arguments: str, limit: float = 120.0, short_probe: bool = True, **environment: str) -> SuiteRun:
        junit = tmp_path / f"junit-{time.monotonic_ns()}.xml"
        out, peak = junit.with_suffix(".txt"), junit.with_suffix(".peak")
        options = ["--color=no", "-p", "no:cacheprovider", f"--junitxml={junit}"]
        if short_probe:
            options += ["-p", "verification.short_probe"]
        named = [str(CASES / word) if word.startswith(FOLDERS) else word for word in arguments]
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("WS_", "PYTEST"))}
        clean["PYTHONPATH"] = str(CASES.parent)
        began = time.monotonic()
        with out.open("wb") as sink:
            process = subprocess.Popen(
                [sys.executable, "-c", MEASURED, peak, sys.executable, "-m", "pytest", *options, *named],
                cwd=ROOT,
                env=clean | environment,
                stdout=sink,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                process.wait(limit)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                pytest.fail(
                    f"the run did not end within {limit} s:\n{out.read_text(errors='replace')[-3000:]}"
                )
        seconds = time.monotonic() - began
        # In KiB; in bytes on macOS.
        most = int(peak.read_text()) * (1 if sys.platform == "darwin" else 1024)
        return SuiteRun(process.returncode, out.read_text(encoding="utf-8"), seconds, most, junit)

    return run
