"""Starts the server of ``--ws-command``, watches it during each test, starts it again when it has ended."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import pytest

from pytest_websocket.plugin.options import option_value, started_in
from pytest_websocket.plugin.recordings import ATTACHMENTS
from pytest_websocket.plugin.server_growth import Growth
from pytest_websocket.server.asgi import AppNotStarted, load_app, serve_app
from pytest_websocket.server.background import run_in_background
from pytest_websocket.server.process import describe_end
from pytest_websocket.target.dial import Unusable
from pytest_websocket.target.started_server import START_DEADLINE, StartedServer, await_server, run
from pytest_websocket.target.target import Target
from pytest_websocket.text import printable

SERVER = pytest.StashKey[StartedServer]()
"""The server that this process has started."""

GROWTH = pytest.StashKey[Growth]()
"""What that server held after each test that passed."""

ENDED = pytest.StashKey[str]()
"""How the server ended during the test, in words, with its last lines."""

APP = pytest.StashKey[ExitStack]()
"""Ends the application of ``--ws-app``."""

_RAISED = pytest.StashKey[str]()
_MASK = pytest.StashKey[Callable[[str], str]]()

OF_WORKERS = pytest.StashKey[list[Growth]]()
"""The same of each worker of xdist."""

_OUTPUT = pytest.StashKey[str]()
_CLEAN = pytest.StashKey[bool]()
_TITLE = "Output of the server under test"
# Characters of output of one test that the report shows.
_SHOWN = 8000


def start_once(config: pytest.Config, target: Target) -> None:
    """Starts the server of ``--ws-command``, or waits as ``--ws-wait`` says. Raises pytest.UsageError."""
    command, wait = option_value(config, "ws-command"), option_value(config, "ws-wait")
    deadline = wait or START_DEADLINE * target.time_scale
    if (app := option_value(config, "ws-app")) is not None:
        _start_app(config, target, app, deadline)
        return
    try:
        if command is None:
            if wait is not None and not target.embedded and not hasattr(config, "workerinput"):
                run(await_server(target, wait))
        elif SERVER not in config.stash:
            server = StartedServer(command, target, deadline, started_in(config))
            # Also after Ctrl+C.
            config.add_cleanup(server.close)
            run(server.start())
            config.stash[SERVER] = server
            config.stash[GROWTH] = Growth()
    except Unusable as error:
        raise pytest.UsageError(str(error)) from None


def _start_app(config: pytest.Config, target: Target, name: str, deadline: float) -> None:
    if APP in config.stash:
        return
    stack = ExitStack()
    try:
        app = load_app(name, started_in(config))
        # The second deadline is for an application that blocks its event loop.
        stack.enter_context(
            run_in_background(lambda: serve_app(app, target.port, deadline), start_deadline=2 * deadline)
        )
    except (AppNotStarted, OSError) as error:
        raise pytest.UsageError(target.mask(f"--ws-app {name} was not started: {error}")) from None
    config.stash[APP] = stack
    config.stash[_MASK] = target.mask
    # Also after Ctrl+C.
    config.add_cleanup(lambda: stop(config))


def stop(config: pytest.Config) -> None:
    """Stops the server where there is one, and keeps what an application has raised in its thread."""
    if (app := config.stash.get(APP, None)) is not None:
        del config.stash[APP]
        try:
            app.close()
        except Exception as error:
            raised = f"the application raised {type(error).__name__}: {error}"
            config.stash[_RAISED] = printable(config.stash[_MASK](raised))
    if (server := config.stash.get(SERVER, None)) is not None:
        server.close()
        del config.stash[SERVER]


def look_at_server(item: pytest.Item, report: pytest.TestReport) -> None:
    """Makes the report of a phase during which the server ended a failure, and starts the server again.

    Adds what the server has printed; after a test that passed, measures the server.
    """
    server = item.config.stash.get(SERVER, None)
    if server is None:
        return
    has_ended = server.status is not None
    output = (item.stash.get(_OUTPUT, "") + server.output())[-_SHOWN:]
    item.stash[_OUTPUT] = output
    if has_ended:
        blame(item, report, server)
    if output and not report.passed:
        report.sections.append((_TITLE, output))
    item.stash[_CLEAN] = item.stash.get(_CLEAN, True) and report.passed
    if report.when == "teardown":
        if output:
            item.stash.setdefault(ATTACHMENTS, []).append((_TITLE, output, "text/plain"))
        if item.stash[_CLEAN]:
            item.config.stash[GROWTH].add(item.nodeid, server.usage())


def blame(item: pytest.Item, report: pytest.TestReport, server: StartedServer) -> None:
    """Makes the report a failure, as the server has ended during this phase, and starts the server again."""
    why = describe_end(server.running.wait(0) or 0)
    text = f"the server under test {why} during this test{server.shown_output()}"
    before = report.longreprtext if report.failed else ""
    item.stash[ENDED] = text
    report.outcome = "failed"
    report.longrepr = f"{text}\n\n{before}".rstrip()
    # An attribute of a report crosses from an xdist worker to the controller.
    news = start_again(item, server, f"the server {why} in {item.nodeid}")
    report.target_news = news  # type: ignore[attr-defined]


def start_again(item: pytest.Item, server: StartedServer, ended: str) -> str:
    """Starts the server again and returns what to say of it; ends the run where it does not start."""
    try:
        run(server.start())
    except Unusable as error:
        item.session.shouldstop = f"{ended}, and could not be started again: {error}"
        return item.session.shouldstop
    item.config.stash[GROWTH].restarted()
    return f"{ended}; it was started again"


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Ends an application, and hands what a worker of xdist has measured to the controller."""
    config = session.config
    if APP in config.stash:
        stop(config)
    if hasattr(config, "workeroutput") and GROWTH in config.stash:
        config.workeroutput["ws_growth"] = config.stash[GROWTH].to_json()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Takes over what a worker of xdist has measured."""
    if found := (getattr(node, "workeroutput", None) or {}).get("ws_growth"):
        node.config.stash.setdefault(OF_WORKERS, []).append(Growth(**found))


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Says what the server held, and whether it gave it back."""
    measured = config.stash.get(OF_WORKERS, []) or [config.stash.get(GROWTH, Growth())]
    verdicts = [verdict for growth in measured if (verdict := growth.verdict())]
    if raised := config.stash.get(_RAISED, ""):
        verdicts.append([raised])
    if verdicts:
        terminalreporter.section(
            "server under test", red=bool(raised) or any(len(verdict) > 1 for verdict in verdicts)
        )
        for verdict in verdicts:
            for line in verdict:
                terminalreporter.write_line(line)
