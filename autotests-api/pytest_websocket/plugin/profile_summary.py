"""Says at the end of a run how many cases were skipped for want of a line of the profile, and of which."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from pytest_websocket.plugin.target import NO_ANSWERS, NO_BINARY, NO_ECHO
from pytest_websocket.text import quantity

LINES = {
    NO_ANSWERS: "to know what is answered: --ws-request and --ws-reply, or --ws-exchange (docs/profiles.md)",
    NO_ECHO: "an echo: --ws-request and --ws-reply, where some request returns what it is given",
    NO_BINARY: "an answer to bytes: --ws-binary, where there is one",
}


class ProfileSummary:
    """Counts the reasons of skipped tests, in this process or in the workers of xdist."""

    def __init__(self) -> None:
        self._skipped: Counter[str] = Counter()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Counts a test that was skipped for one of the reasons."""
        if report.skipped and isinstance(report.longrepr, tuple):
            reason = report.longrepr[2].removeprefix("Skipped: ")
            if reason in LINES:
                self._skipped[reason] += 1

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Prints a line for each reason."""
        for reason, line in LINES.items():
            if count := self._skipped[reason]:
                terminalreporter.write_line(f"{quantity(count, 'case')} skipped that need {line}")


def pytest_configure(config: pytest.Config) -> None:
    """Registers the summary in the process that prints."""
    if not config.getoption("help") and not hasattr(config, "workerinput"):
        config.pluginmanager.register(ProfileSummary(), "ws-profile-summary")
