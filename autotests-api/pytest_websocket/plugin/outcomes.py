"""Decides the outcome of every phase of a test, and what its report says.

One wrapper of ``pytest_runtest_makereport``, the innermost, runs the policies below. The terminal, JUnit XML,
the controller of xdist and Allure read the report after it, and so agree.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

import pytest

from pytest_websocket.plugin.activation import USED
from pytest_websocket.plugin.known_failures import KNOWN_FAILURES
from pytest_websocket.plugin.liveness import LIVENESS, TargetDown
from pytest_websocket.plugin.marks import autobahn_of, rule_of, weakness_of
from pytest_websocket.plugin.rate_limits import RATE_LIMITS
from pytest_websocket.plugin.raw_connections import NotOpened, ProtocolViolation, ServerHarmed
from pytest_websocket.plugin.recordings import shown_with_a_failure
from pytest_websocket.plugin.redaction import learn_credentials, redact_report
from pytest_websocket.plugin.security_options import fails_the_run
from pytest_websocket.plugin.server_under_test import ENDED, look_at_server
from pytest_websocket.plugin.target import TARGET
from pytest_websocket.protocol.rules import Level, Rule
from pytest_websocket.protocol.weaknesses import Weakness


@dataclass(frozen=True)
class Phase:
    """One phase of one test (setup, call or teardown): what ended it, and the report on it."""

    item: pytest.Item
    error: BaseException | None
    report: pytest.TestReport

    @property
    def rule(self) -> Rule | None:
        """The rule of an RFC that the test checks, if it is tied to one."""
        return rule_of(self.item)

    @property
    def weakness(self) -> Weakness | None:
        """The weakness that the test looks for, if it looks for one."""
        return weakness_of(self.item)


def omit_traceback_of_plugin(phase: Phase) -> None:
    """Shows the message alone where the plugin raised the error: the traceback holds nothing of the test."""
    error = phase.error
    if phase.report.failed and isinstance(error, ProtocolViolation | ServerHarmed | TargetDown):
        name = (
            "" if isinstance(error, TargetDown) else f"{type(error).__module__}.{type(error).__qualname__}: "
        )
        phase.report.longrepr = "\n".join([f"{name}{error}", *getattr(error, "__notes__", ())])


def look_at_started_server(phase: Phase) -> None:
    """Fails the test during which the server of ``--ws-command`` ended, whatever came of the test itself."""
    look_at_server(phase.item, phase.report)


def skip_at_rate_limit(phase: Phase) -> None:
    """Skips a test that a limit of the target kept from its connections, and says so."""
    limits = phase.item.config.stash.get(RATE_LIMITS, None)
    if limits is not None and ENDED not in phase.item.stash:
        limits.look_at(phase.item, phase.report, phase.error)


def expect_broken_should(phase: Phase) -> None:
    """Reports a broken SHOULD as xfailed, with the rule as its reason, unless ``--ws-strict`` is given.

    Frames that break a MUST and a server that no longer serves fail the test, whatever its level.
    """
    error, rule = phase.error, phase.rule
    if phase.item.config.stash[TARGET].strict or rule is None or rule.level is not Level.SHOULD:
        return
    is_about_the_rule = (
        isinstance(error, AssertionError)
        and not isinstance(error, ProtocolViolation | ServerHarmed)
        and ENDED not in phase.item.stash
    )
    if phase.report.failed and phase.report.when == "call" and is_about_the_rule:
        words = str(error).splitlines()
        _report_as_xfailed(phase.report, f"{rule}: {words[0] if words else 'broken'}")


def judge_weakness(phase: Phase) -> None:
    """Marks the failure of a security case as a weakness, which ``--ws-security report`` makes an xfail.

    A broken rule of an RFC stays one: illegal frames, and a case that is tied to a rule.
    """
    weakness = phase.weakness
    if weakness is None or phase.rule is not None or not phase.report.failed or phase.report.when != "call":
        return
    # A server that is gone refuses connections: an OSError.
    if not isinstance(phase.error, AssertionError | pytest.fail.Exception | OSError):
        return
    if isinstance(phase.error, ProtocolViolation | NotOpened):
        return
    phase.report.weakness = True  # type: ignore[attr-defined]  # crosses to xdist's controller
    if ENDED not in phase.item.stash and not fails_the_run(phase.item.config, weakness):
        words = str(phase.error).splitlines()
        _report_as_xfailed(phase.report, f"{weakness} {words[0] if words else ''}".rstrip())


def check_target(phase: Phase) -> None:
    """Checks after a failure whether the target still answers, and adds to the report when it does not."""
    liveness = phase.item.config.stash.get(LIVENESS, None)
    if liveness is not None:
        liveness.look_after(phase.item, phase.report)


def expect_known_failure(phase: Phase) -> None:
    """Reports a failure that ``--ws-known-failures`` lists as xfailed, in whichever phase it happens."""
    known = phase.item.config.stash.get(KNOWN_FAILURES, None)
    entry = known.entry_for(phase.item) if known is not None and phase.report.failed else None
    if entry is not None:
        _report_as_xfailed(phase.report, f"known failure: {entry.reason}")
        phase.report.known_failure = entry.key  # type: ignore[attr-defined]  # crosses to xdist's controller


def show_recordings(phase: Phase) -> None:
    """Adds the end of what went over the test's connections to the report of a failure."""
    if phase.report.failed and (text := shown_with_a_failure(phase.item, phase.report.longreprtext)):
        phase.report.sections.append(("WebSocket dialogue", text))


def redact(phase: Phase) -> None:
    """Removes credentials, and control characters that a terminal would obey."""
    learn_credentials(phase.item)
    terminal: Any = phase.item.config.pluginmanager.get_plugin("terminalreporter")
    colours = terminal is not None and terminal.hasmarkup
    redact_report(phase.report, phase.item.config.stash[TARGET].secrets, colours=colours)


_INSIDE = re.compile(
    r"(?<=.)\nassert (?:False|not True)\n \+  where (?:False|True) = (?:Ending|Response)\(.*", re.DOTALL
)
"""What pytest adds to a message on how a raw connection ended or was answered: attributes of a dataclass."""

POLICIES: tuple[Callable[[Phase], None], ...] = (
    omit_traceback_of_plugin,
    look_at_started_server,
    skip_at_rate_limit,
    expect_broken_should,
    check_target,
    judge_weakness,
    expect_known_failure,
    show_recordings,
    redact,
)
"""In the order in which they are applied: each sees what the ones before it have made of the report."""


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Applies the policies to the report that pytest has made."""
    report = yield
    phase = Phase(item, call.excinfo.value if call.excinfo is not None else None, report)
    for policy in POLICIES:
        policy(phase)
    setattr(report, USED, True)
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """Adds the rule that was broken to the text of a failure, and takes out the inside of this package."""
    try:
        return (yield)
    except AssertionError as error:
        if len(error.args) == 1 and isinstance(error.args[0], str):
            error.args = (_INSIDE.sub("", error.args[0]),)
        rule, weakness = rule_of(item), weakness_of(item)
        if weakness is not None and rule is None and not isinstance(error, ProtocolViolation | NotOpened):
            numbers = f" ({', '.join(weakness.cve)})" if weakness.cve else ""
            error.add_note(f"Weakness: {weakness}{numbers} {weakness.url}")
        if rule is not None:
            # Illegal frames turn a test red whose own rule was kept.
            label = "Seen in a test of" if isinstance(error, ProtocolViolation) else "Broken rule"
            error.add_note(f"{label}: {rule} ({rule.url})")
        raise


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Writes the rule and the weakness into JUnit XML as properties."""
    rule, weakness = rule_of(item), weakness_of(item)
    if weakness is not None:
        item.user_properties += properties_of(weakness)
    if rule is not None:
        item.user_properties += [
            ("rfc", f"{rule.rfc} {rule.section}"),
            ("level", str(rule.level)),
            ("rule", rule.text),
        ]
        if autobahn := autobahn_of(item):
            item.user_properties.append(("autobahn", " ".join(autobahn)))


def properties_of(weakness: Weakness) -> list[tuple[str, object]]:
    """Returns the numbers of a weakness as JUnit XML shows them, those that it has."""
    found = [
        ("cwe", f"CWE-{weakness.cwe}"),
        ("severity", str(weakness.severity)),
        ("cve", " ".join(weakness.cve)),
        ("asvs", weakness.asvs),
        ("wstg", weakness.wstg),
        ("gain", weakness.gain),
    ]
    return [(name, value) for name, value in found if value]


def _report_as_xfailed(report: pytest.TestReport, reason: str) -> None:
    # pytest.xfail() within the test would be the documented way, and would lose the text of the failure.
    report.outcome = "skipped"
    report.wasxfail = reason
