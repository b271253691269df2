"""The command ``wstest``."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

from pytest_websocket.wstest.case import Case
from pytest_websocket.wstest.cases import ROUND_TRIPS, reference_cases
from pytest_websocket.wstest.known import KnownFailures
from pytest_websocket.wstest.outcome import Status, conclude
from pytest_websocket.wstest.own_cases import OwnCase, OwnCases
from pytest_websocket.wstest.progress import Progress
from pytest_websocket.wstest.reports import write_reports
from pytest_websocket.wstest.results import Results
from pytest_websocket.wstest.selection import NumberedT, select
from pytest_websocket.wstest.settings import Settings
from pytest_websocket.wstest.spec import Spec, SpecError, parse_spec, read_spec
from pytest_websocket.wstest.testing_clients import FuzzingServer
from pytest_websocket.wstest.testing_servers import NoServer, test_servers

WEBPORT = 8080

MODES = ("fuzzingserver", "fuzzingclient")

DEFAULT_SPECS: dict[str, dict[str, Any]] = {
    "fuzzingserver": {"url": "ws://127.0.0.1:9001", "outdir": "./reports/clients", "cases": ["*"]},
    "fuzzingclient": {
        "servers": [{"url": "ws://127.0.0.1:9001"}],
        "outdir": "./reports/servers",
        "cases": ["*"],
    },
}

STATUSES = """\
exit status:
  0  every case is kept, or known to fail
  1  a case failed, or one of the known failures passes
  2  interrupted before the reports were written
  4  wrong use, a spec file that cannot be used, or no server that can be tested"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command and returns its exit status."""
    options = _parser().parse_args(arguments)
    progress = Progress(quiet=options.quiet)
    try:
        spec = _spec(options, progress)
        known = KnownFailures.read(options.known_failures)
        return asyncio.run(_run(options, spec, known, progress))
    except (SpecError, NoServer) as error:
        print(f"wstest: {error}", file=sys.stderr)
        return Status.WRONG_USE
    except OSError as error:
        print(f"wstest: {error.filename or spec.outdir}: {error.strerror}", file=sys.stderr)
        return Status.WRONG_USE
    except KeyboardInterrupt:
        print("wstest: interrupted", file=sys.stderr)
        return Status.INTERRUPTED


async def _run(options: argparse.Namespace, spec: Spec, known: KnownFailures, progress: Progress) -> int:
    results = Results()
    if options.mode == "fuzzingclient":
        chosen = _chosen(reference_cases(options.round_trips), spec)
        try:
            await test_servers(spec, chosen, results, progress, parallel=options.parallel)
        finally:
            # An interrupted run keeps what it has.
            if results.agents:
                write_reports(results, spec.outdir)
    elif not await _serve(options, spec, results, progress):
        return Status.INTERRUPTED
    return conclude(results, known, progress, strict=options.strict)


async def _serve(options: argparse.Namespace, spec: Spec, results: Results, progress: Progress) -> bool:
    """Serves until a client or a signal ends it; returns whether a client asked for the reports."""
    own = OwnCases(options.time_scale)
    try:
        if not options.only_reference:
            await own.start()
        cases: list[Case | OwnCase] = [*reference_cases(options.round_trips), *own.cases]
        server = FuzzingServer(spec, _chosen(cases, spec), results, progress, own)
        webport = spec.webport if options.webport is None else options.webport
        with _stopped_by_signals(server):
            await server.start(WEBPORT if webport is None else webport)
            await server.serve()
    finally:
        await own.stop()
    return server.has_reported


def _chosen(cases: Sequence[NumberedT], spec: Spec) -> list[NumberedT]:
    try:
        chosen = select(cases, spec.cases, spec.excluded)
    except ValueError as error:
        raise SpecError(f"cases: {error}") from None
    if not chosen:
        raise SpecError("no case is left: every one is excluded")
    return chosen


@contextlib.contextmanager
def _stopped_by_signals(server: FuzzingServer) -> Iterator[None]:
    """Lets SIGINT and SIGTERM end the server, so that its reports are written."""
    loop = asyncio.get_running_loop()
    with contextlib.suppress(NotImplementedError):
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, server.stop)
    yield
    with contextlib.suppress(NotImplementedError):
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


def _spec(options: argparse.Namespace, progress: Progress) -> Spec:
    content = _content(options, progress)
    given = {"outdir": options.outdir, "key": options.key, "cert": options.cert}
    content |= {key: value for key, value in given.items() if value}
    if options.cases:
        content["cases"] = options.cases.split(",")
    if options.exclude_cases:
        content["exclude-cases"] = options.exclude_cases.split(",")
    if options.wsuri:
        content["url"] = options.wsuri
        if options.mode == "fuzzingclient":
            content["servers"] = [
                {"url": options.wsuri} | ({"agent": options.ident} if options.ident else {})
            ]
    settings = Settings(scale=options.time_scale)
    return parse_spec(content, for_servers=options.mode == "fuzzingclient", settings=settings)


def _content(options: argparse.Namespace, progress: Progress) -> dict[str, Any]:
    """Returns the spec file's content; without ``-s`` that of MODE.json, which is written if it is missing.

    Where the command line says what a spec file would, none is needed.
    """
    if options.spec:
        return read_spec(options.spec)
    implied = Path(f"{options.mode}.json")
    if implied.is_file():
        progress.say(f"reading {implied}")
        return read_spec(implied)
    content = dict(DEFAULT_SPECS[options.mode])
    if not options.wsuri:
        progress.say(f"writing {implied}")
        implied.write_text(json.dumps(content, indent=3) + "\n", encoding="utf-8")
    return content


class _Parser(argparse.ArgumentParser):
    """Ends with the status of wrong use, after one line."""

    def error(self, message: str) -> NoReturn:
        print(f"wstest: {message}; see wstest --help", file=sys.stderr)
        raise SystemExit(Status.WRONG_USE)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="wstest",
        description="Tests WebSocket clients (fuzzingserver) and servers (fuzzingclient) with the cases, the "
        "spec files and the reports of the reference suite.",
        epilog=STATUSES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("-m", "--mode", required=True, choices=MODES, help="what is tested: clients or servers")
    add(
        "-s",
        "--spec",
        type=Path,
        metavar="FILE",
        help="the spec file (default: MODE.json)",
    )
    add(
        "-w",
        "--wsuri",
        metavar="URL",
        help="the server to test, or where to listen",
    )
    add("-i", "--ident", metavar="NAME", help="the agent that -w names in the reports")
    add("-k", "--key", metavar="FILE", help="private key, for wss")
    add("-c", "--cert", metavar="FILE", help="certificate, for wss")
    add(
        "-u",
        "--webport",
        type=_port,
        metavar="PORT",
        help="port of the page that drives a browser (default: the spec file's, or 8080; 0: none)",
    )
    add("--outdir", metavar="DIR", help="where the reports go, instead of the spec file's")
    add("--cases", metavar="LIST", help="numbers and patterns with commas, as in 1.*,6.4.2")
    add("--exclude-cases", metavar="LIST", help="cases that are left out")
    add(
        "--only-reference",
        action="store_true",
        help="leave out this suite's own cases for clients, which follow those of the reference suite",
    )
    add("--parallel", type=_count, default=8, metavar="N", help="cases at once (fuzzingclient; default: 8)")
    add(
        "--round-trips",
        type=_count,
        default=ROUND_TRIPS,
        metavar="N",
        help="messages of each case of 12 and 13 (default: %(default)s)",
    )
    add("--time-scale", type=_scale, default=1.0, metavar="X", help="multiplies every limit of time")
    add("--strict", action="store_true", help="NON-STRICT, WRONG CODE and FAILED BY CLIENT fail, too")
    add("--known-failures", type=Path, metavar="FILE", help="a TOML file: number or pattern = reason")
    add("-q", "--quiet", action="store_true", help="print the counts only")
    return parser


def _port(word: str) -> int:
    number = int(word)
    if not 0 <= number < 1 << 16:
        raise argparse.ArgumentTypeError(f"{word} is no port")
    return number


def _count(word: str) -> int:
    number = int(word)
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected 1 or more, not {word}")
    return number


def _scale(word: str) -> float:
    number = float(word)
    if not 0 < number < 1000:
        raise argparse.ArgumentTypeError(f"expected a positive number, not {word}")
    return number
