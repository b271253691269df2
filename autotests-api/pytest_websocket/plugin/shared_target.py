"""Lets the processes of xdist test one target: some cases alone, and a failure beside others once more alone.

A server that the suite starts is no such target: each process has one of its own.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from pytest_websocket.plugin.activation import is_xdist_controller
from pytest_websocket.plugin.options import option_value
from pytest_websocket.plugin.target import ABILITIES, probe_once
from pytest_websocket.target.target import SLOW_OPENING
from pytest_websocket.text import quantity

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows: cases run beside others, and nothing is repeated
    fcntl = None  # type: ignore[assignment]

MOST_PROCESSES = 8
"""What ``-n auto`` means for a target of others that is slow to answer."""

ENOUGH = 5
"""Failures in a row that came again alone, after which a process no longer repeats."""

SHARED_TARGET = pytest.StashKey["SharedTarget | None"]()
"""None where no other process tests the same target."""

_FOLDER = pytest.StashKey[Path]()


class SharedTarget:
    """The target as one of several processes uses it; ``folder`` holds what they lock."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._confirmed = 0

    @contextlib.contextmanager
    def used(self, *, alone: bool) -> Iterator[None]:
        """Waits until the cases of other processes allow it, and holds the target for the block."""
        with (self._folder / "turn").open("w") as turn, (self._folder / "use").open("w") as use:
            # Who waits for the target alone keeps the turn, so that no other case comes first.
            fcntl.flock(turn, fcntl.LOCK_EX)
            fcntl.flock(use, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
            fcntl.flock(turn, fcntl.LOCK_UN)
            yield

    def doubts(self, item: pytest.Item, reports: Sequence[pytest.TestReport]) -> bool:
        """Returns whether a failure may come of the cases beside it, not of a target that went down."""
        if any(getattr(report, "target_news", "") for report in reports):
            return False
        return _failure_in(reports) != "" and not _is_alone(item) and self._confirmed < ENOUGH

    def compare(self, first: Sequence[pytest.TestReport], again: Sequence[pytest.TestReport]) -> None:
        """Says in the report of a case that passed alone how it had failed beside others."""
        if _failure_in(again):
            self._confirmed += 1
            return
        self._confirmed = 0
        again[-1].failed_beside_others = _failure_in(first)  # type: ignore[attr-defined]  # crosses to the controller
        again[-1].sections.append(("Beside other cases", _failure_in(first)))


class SharedTargetSummary:
    """Names at the end of the run the cases that failed only beside others."""

    def __init__(self) -> None:
        self._found: list[tuple[str, str]] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Collects from the reports of the workers."""
        if failure := getattr(report, "failed_beside_others", ""):
            self._found.append((report.nodeid, failure))

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Prints them, each with what had failed."""
        if not self._found:
            return
        terminalreporter.section("passed alone, failed while other cases ran", yellow=True)
        for nodeid, failure in self._found:
            terminalreporter.write_line(f"{nodeid}: {failure}")
        terminalreporter.write_line(
            f"{quantity(len(self._found), 'case')} passed when repeated alone. "
            "Does the target mix up connections, or is it slow when it has several?"
        )


def used_by(item: pytest.Item) -> contextlib.AbstractContextManager[None]:
    """Returns what a case holds while it runs; nothing where no other process tests the same target."""
    shared = item.config.stash.get(SHARED_TARGET, None)
    return shared.used(alone=_is_alone(item)) if shared is not None else contextlib.nullcontext()


def pytest_configure(config: pytest.Config) -> None:
    """Takes over in a worker what is shared, and in the process that prints registers the summary."""
    folder = getattr(config, "workerinput", {}).get("ws_shared_target")
    config.stash[SHARED_TARGET] = SharedTarget(Path(folder)) if folder else None
    if is_xdist_controller(config) and fcntl is not None and _is_shared(config):
        place = tempfile.TemporaryDirectory(prefix="pytest-websocket-")
        config.add_cleanup(place.cleanup)
        config.stash[_FOLDER] = Path(place.name)
        config.pluginmanager.register(SharedTargetSummary(), "ws-shared-target-summary")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tells a worker where the locks are."""
    if _FOLDER in node.config.stash:
        node.workerinput["ws_shared_target"] = str(node.config.stash[_FOLDER])


def processes_for(config: pytest.Config) -> int | None:
    """Returns how many processes ``-n auto`` means for a slow target of others; None: as xdist says.

    Most of the time of a case is waiting there. Raises pytest.UsageError where the target cannot be tested.
    """
    if not _is_shared(config) or config.getoption("collectonly"):
        return None
    probe_once(config)
    return MOST_PROCESSES if config.stash[ABILITIES].opening >= SLOW_OPENING else None


def _is_shared(config: pytest.Config) -> bool:
    started = option_value(config, "ws-command") or option_value(config, "ws-app")
    return bool(option_value(config, "ws-url")) and not started


def _is_alone(item: pytest.Item) -> bool:
    return item.get_closest_marker("alone") is not None


def _failure_in(reports: Sequence[pytest.TestReport]) -> str:
    """Returns the first line on the first failure; empty where nothing failed."""
    for report in reports:
        if report.failed:
            crash = getattr(report.longrepr, "reprcrash", None)
            text = crash.message if crash else report.longreprtext
            return f"{text.strip().splitlines()[0]}" if text.strip() else "failed"
    return ""
