"""A target that dies in the middle of a run is said once, and ends the run or not, by ``--ws-max-dead``."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from typing import Any

import pytest

from pytest_websocket.plugin.options import option_value
from pytest_websocket.plugin.target import AIMED_AT
from pytest_websocket.target import dial as approach

DEFAULT_MAX_DEAD = 3

GRACE = 12
"""Deadlines that a target which has fallen silent is given: it may be busy with what a case has left it."""


class Lifeline:
    """Looks whether the target is alive: after a case that failed, and before every case while it is dead.

    A foreign server that is gone would otherwise cost each of the remaining cases its own failure.
    """

    def __init__(self, max_dead: int) -> None:
        self.max_dead = max_dead
        self._died_in = ""
        self._cases = 0

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Do not try a case on a target that is still dead."""
        if not self._died_in or not _aims(item):
            return
        cause = _cause_of_death(item.config, grace=0)
        if not cause:
            item.stash[NEWS] = f"the target is back in {item.nodeid}"
            self._died_in = ""
            return
        self._count(item)
        pytest.fail(f"not tried: the target is dead since {self._died_in}: {cause}", pytrace=False)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """After a failure look whether the target survived it."""
        report = yield
        if report.failed and not self._died_in and _aims(item):
            cause = _cause_of_death(item.config, grace=GRACE)
            if cause:
                self._died_in, self._cases = item.nodeid, 0
                item.stash[NEWS] = f"the target died in {item.nodeid}: {cause}"
                report.sections.append(("Target", "The target died in this case: " + cause))
                self._count(item)
        news = item.stash.get(NEWS, "")
        if news:
            # An attribute of a report crosses from an xdist worker to the controller.
            report.target_news = news
            item.stash[NEWS] = ""
        return report

    def _count(self, item: pytest.Item) -> None:
        self._cases += 1
        if self._cases == self.max_dead:
            item.session.shouldstop = (
                f"the target is dead since {self._died_in} (--ws-max-dead {self.max_dead}; 0 goes on)"
            )


class Obituary:
    """Tells at the end of the run, once, what became of the target."""

    def __init__(self) -> None:
        self._news: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Collect the news of this process or of the workers."""
        news = getattr(report, "target_news", "")
        if news:
            self._news.append(news)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Print them."""
        if self._news:
            terminalreporter.section("target", red=True)
            for line in self._news:
                terminalreporter.write_line(line)


NEWS = pytest.StashKey[str]()


def pytest_configure(config: pytest.Config) -> None:
    """Register the watch, and in the process that prints, its announcements."""
    if config.option.help:
        return
    limit = option_value(config, "ws-max-dead")
    config.pluginmanager.register(Lifeline(DEFAULT_MAX_DEAD if limit is None else limit), "ws-lifeline")
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Obituary(), "ws-obituary")


def _aims(item: pytest.Item) -> bool:
    return "target" in getattr(item, "fixturenames", ()) and AIMED_AT in item.config.stash


def _cause_of_death(config: pytest.Config, *, grace: int) -> str:
    """Why the target is dead; empty where it lives. Silence is asked again, for ``grace`` more deadlines."""
    loop = asyncio.new_event_loop()
    try:
        for asked in range(grace + 1):
            try:
                loop.run_until_complete(approach.check_alive(config.stash[AIMED_AT]))
            except approach.Silent as silence:
                if asked == grace:
                    return str(silence)
            except approach.Unusable as error:
                return str(error)
            else:
                return ""
    finally:
        loop.close()
    return ""
