"""Collects what became of every test where the run is controlled: also from xdist's workers."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Generator
from dataclasses import asdict
from typing import Any

import pytest

from pytest_websocket.plugin.labels import labels_of, title_of
from pytest_websocket.plugin.marks import weakness_of
from pytest_websocket.plugin.raw_connections import NotOpened, ProtocolViolation
from pytest_websocket.plugin.recordings import RECORDINGS
from pytest_websocket.plugin.redaction import learn_credentials
from pytest_websocket.plugin.target import TARGET, TESTED
from pytest_websocket.protocol.rules import Level, Rule
from pytest_websocket.protocol.weaknesses import Severity, Weakness
from pytest_websocket.render import plain_transcript, transcript
from pytest_websocket.render.conversation import Conversation
from pytest_websocket.render.run import Measured, Outcome, Record, Run
from pytest_websocket.target.target import Target
from pytest_websocket.text import printable

RUN = pytest.StashKey[Run]()
"""What became of every test, in the process that controls the run."""

CONVERSATIONS = pytest.StashKey[list[Conversation]]()
"""The conversations of a test that ended, redacted; of very many the first and the last."""

FAILED = pytest.StashKey[bool]()
"""Whether a phase of the test failed, or failed as was expected."""

_SPOILED = pytest.StashKey[bool]()
# Characters of a failure that the report page shows.
_LONGEST_DETAILS = 6000


class Collector:
    """Makes records of the reports that reach the controlling process."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Takes from each phase what it adds."""
        record = self._run.records.setdefault(report.nodeid, Record(report.nodeid))
        record.duration += report.duration * 1000
        outcome = _outcome(report)
        if outcome is not Outcome.PASSED and record.outcome is Outcome.PASSED:
            record.outcome, record.reason = outcome, _reason(report)
            if report.failed or outcome in {Outcome.DEVIATES, Outcome.KNOWN, Outcome.WEAK}:
                record.details = report.longreprtext[-_LONGEST_DETAILS:]
        for name, value in getattr(report, "facts", {}).items():
            setattr(record, name, _READERS[name](value) if name in _READERS else value)

    def pytest_keyboard_interrupt(self) -> None:
        """Keeps that tests are missing: after Ctrl+C, and where a target that went down ended the run."""
        self._run.is_whole = False

    @pytest.hookimpl(optionalhook=True)
    def pytest_handlecrashitem(self, crashitem: str) -> None:
        """Keeps the test during which a worker of xdist died; it leaves no report of its own."""
        self._run.crashes.append(crashitem)


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Listens to what becomes of the tests."""
    if not hasattr(config, "workerinput"):
        config.stash[RUN] = Run()
        config.pluginmanager.register(Collector(config.stash[RUN]), "pytest-websocket-run")


# Not among the first, as the Allure report is, which needs what this adds.
@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Adds to the last report of a test what only the process that ran it knows."""
    report = yield
    if report.failed or hasattr(report, "wasxfail"):
        item.stash[FAILED] = True
    if call.excinfo is not None and isinstance(call.excinfo.value, ProtocolViolation | NotOpened):
        item.stash[_SPOILED] = True
    if call.when == "teardown":
        item.stash[CONVERSATIONS] = conversations_of(item)
        # Attributes of a report cross from an xdist worker to the controller.
        report.facts = _facts(item)  # type: ignore[attr-defined]
    return report


def target_of(item: pytest.Item) -> Target:
    """Returns the target that the test was aimed at."""
    return item.config.stash.get(TESTED, item.config.stash[TARGET])


def conversations_of(item: pytest.Item) -> list[Conversation]:
    """Decodes and redacts the recordings of a test; of very many connections the first and the last."""
    learn_credentials(item)
    recordings = item.stash.get(RECORDINGS, [])
    secrets = target_of(item).secrets
    return [Conversation.of(recordings[index], secrets) for index in transcript.chosen(len(recordings))]


def _facts(item: pytest.Item) -> dict[str, Any]:
    """Returns plain data, which xdist can send."""
    labels = labels_of(item)
    rule = labels.rule
    conversations: list[Conversation] = item.stash[CONVERSATIONS]
    weakness = weakness_of(item)
    found = weakness is not None and item.stash.get(FAILED, False)
    path, line, _ = item.location
    return asdict(Measured.of(conversations)) | {
        "title": target_of(item).mask(printable(title_of(item))),
        "epic": labels.epic,
        "feature": labels.feature,
        "topic": labels.topic,
        "rule": rule and [rule.rfc, rule.section, rule.level.value, rule.text, *rule.autobahn],
        "weakness": weakness and asdict(weakness) | {"severity": str(weakness.severity)},
        "place": [path.replace(os.sep, "/"), (line or 0) + 1],
        "dialogue": plain_transcript.text(conversations)[:_LONGEST_DETAILS] if found else "",
        "spoiled": item.stash.get(_SPOILED, False),
    }


def _outcome(report: pytest.TestReport) -> Outcome:
    if hasattr(report, "known_failure"):
        return Outcome.KNOWN
    if hasattr(report, "weakness"):
        return Outcome.WEAK
    if hasattr(report, "wasxfail"):
        return Outcome.DEVIATES if report.skipped else Outcome.PASSED
    if report.skipped:
        return Outcome.SKIPPED
    if report.failed:
        return Outcome.FAILED if report.when == "call" else Outcome.BROKEN
    return Outcome.PASSED


def _reason(report: pytest.TestReport) -> str:
    if hasattr(report, "wasxfail"):
        return str(report.wasxfail)
    if isinstance(report.longrepr, tuple):
        return report.longrepr[2].removeprefix("Skipped: ")
    crash = getattr(report.longrepr, "reprcrash", None)
    words = str(crash.message if crash is not None else report.longreprtext)
    # xdist puts a line about the worker before it.
    return re.sub(r"\A\[gw\d+\] .*\n", "", words).strip()


def _weakness(value: dict[str, Any] | None) -> Weakness | None:
    if value is None:
        return None
    return Weakness(**value | {"severity": Severity(value["severity"]), "cve": tuple(value["cve"])})


def _rule(value: list[Any] | None) -> Rule | None:
    if value is None:
        return None
    number, section, level, text, *autobahn = value
    return Rule(number, section, Level(level), text, tuple(autobahn))


_READERS: dict[str, Callable[[Any], Any]] = {"rule": _rule, "weakness": _weakness, "place": tuple}
"""How facts that are no plain data are read again."""
