"""Detects a target that goes down during a run; reports it once and, per ``--ws-max-dead``, ends the run."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_websocket.plugin.clients import CLIENTS
from pytest_websocket.plugin.options import option_value
from pytest_websocket.plugin.raw_connections import CONNECTIONS
from pytest_websocket.plugin.server_under_test import SERVER, blame, start_again
from pytest_websocket.plugin.target import TESTED
from pytest_websocket.server.process import describe_end
from pytest_websocket.target.answering import check_answers
from pytest_websocket.target.dial import Answered, Silent, Unusable
from pytest_websocket.target.started_server import await_server, run
from pytest_websocket.target.target import Target

DEFAULT_MAX_DEAD = 3

ATTEMPTS_WHILE_SILENT = 12
"""Deadlines in a run for a target that accepts and says nothing: a test may have left it busy."""

_LAST_MOMENTS = 1.0
"""Seconds in which a process that no longer listens has ended: writing a core file takes a while."""

_RETRIES = 10
"""Attempts within one deadline to reach a target that is down: it may be restarting."""


class TargetDown(Exception):
    """The test was not tried: the target does not answer."""


class LivenessCheck:
    """Checks the target after every test that failed, and before every test while it is down.

    A server that is gone would otherwise cost each of the remaining tests a failure of its own.
    ``max_dead`` is how many tests in a row may find it down before the run ends; 0 is no limit.
    """

    def __init__(self, max_dead: int) -> None:
        self.max_dead = max_dead
        self._down_since = ""
        self._tests = 0
        self._attempts = ATTEMPTS_WHILE_SILENT

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Raises TargetDown where the target is still down after one deadline."""
        server = item.config.stash.get(SERVER, None)
        if server is not None and server.status is not None:
            ended = f"the server {describe_end(server.status)} before {item.nodeid} began"
            item.stash[NEWS] = start_again(item, server, ended)
        if not self._down_since or not _needs_target(item):
            return
        cause = _why_still_down(item.config.stash[TESTED])
        if not cause:
            item.stash[NEWS] = f"the target answers again in {item.nodeid}"
            self._down_since = ""
            return
        self._count(item)
        raise TargetDown(f"not tried: the target is down since {self._down_since}: {cause}")

    def look_after(self, item: pytest.Item, report: pytest.TestReport) -> None:
        """Checks the target after a failure, and says in the report of that test that it went down."""
        if report.failed and not self._down_since and _needs_target(item):
            # A small server may have no place left until the test's own connections are gone.
            for connection in (*item.stash.get(CONNECTIONS, ()), *item.stash.get(CLIENTS, ())):
                connection.shutdown()
            cause = self._why_down(item.config.stash[TESTED])
            server = item.config.stash.get(SERVER, None)
            if cause and server is not None and server.running.wait(_LAST_MOMENTS) is not None:
                blame(item, report, server)
            elif cause and server is not None:
                hung = f"the server hung in {item.nodeid} and was stopped ({cause})"
                item.stash[NEWS] = start_again(item, server, hung)
                report.sections.append(("Target", item.stash[NEWS]))
            elif cause:
                self._down_since, self._tests = item.nodeid, 0
                item.stash[NEWS] = f"{_WENT_DOWN} {item.nodeid}: {cause}"
                report.sections.append(("Target", f"The target went down in this test: {cause}"))
                self._count(item)
        if news := item.stash.get(NEWS, ""):
            # An attribute of a report crosses from an xdist worker to the controller.
            report.target_news = news  # type: ignore[attr-defined]
            item.stash[NEWS] = ""

    def _why_down(self, target: Target) -> str:
        """Returns why the target is down; empty where it answers. Silence is asked again, so often a run."""
        while self._attempts:
            try:
                run(check_answers(target))
            except Silent:
                self._attempts -= 1
                continue
            except Unusable as error:
                return "" if isinstance(error, Answered) and error.limits else str(error)
            return ""
        return _why_still_down(target)

    def _count(self, item: pytest.Item) -> None:
        self._tests += 1
        if self._tests == self.max_dead:
            item.session.shouldstop = (
                f"the target is down since {self._down_since} (--ws-max-dead {self.max_dead}; 0 goes on)"
            )


class LivenessSummary:
    """Prints at the end of the run, once, when the target went down and when it answered again."""

    def __init__(self) -> None:
        self._news: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Collects from the reports of this process or of the workers."""
        if news := getattr(report, "target_news", ""):
            self._news.append(news)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Prints a line for each."""
        if self._news:
            terminalreporter.section("target", red=True)
            for line in self._news:
                terminalreporter.write_line(line)
            if any(line.startswith(_WENT_DOWN) for line in self._news):
                terminalreporter.write_line(
                    "The suite starts a server again that it has started: "
                    "--ws-command 'program {port}' in place of --ws-url."
                )


_WENT_DOWN = "the target went down in"

LIVENESS = pytest.StashKey[LivenessCheck]()
NEWS = pytest.StashKey[str]()


def pytest_configure(config: pytest.Config) -> None:
    """Registers the check, and in the process that prints, its summary."""
    if config.getoption("help"):
        return
    limit = option_value(config, "ws-max-dead")
    config.stash[LIVENESS] = LivenessCheck(DEFAULT_MAX_DEAD if limit is None else limit)
    config.pluginmanager.register(config.stash[LIVENESS], "ws-liveness")
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(LivenessSummary(), "ws-liveness-summary")


def _needs_target(item: pytest.Item) -> bool:
    return "target" in getattr(item, "fixturenames", ()) and TESTED in item.config.stash


def _why_still_down(target: Target) -> str:
    """Returns why the target does not answer within one deadline; empty where it does."""
    try:
        run(await_server(target, target.deadline, every=target.deadline / _RETRIES))
        run(check_answers(target))
    except Unusable as error:
        return "" if isinstance(error, Answered) and error.limits else str(error)
    return ""
