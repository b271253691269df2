"""What a case's level makes of its outcome, and how a failure names the rule that was broken."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from pytest_websocket.plugin.marks import Level, autobahn_of, rule_of
from pytest_websocket.plugin.raw_connections import ProtocolViolation, ServerHarmed
from pytest_websocket.plugin.target import TARGET


# Innermost, so that everybody else who looks at the report sees the outcome that counts.
@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A broken SHOULD is an expected failure with the rule as its reason, unless ``--ws-strict``."""
    report = yield
    if call.excinfo is None or not report.failed or call.when != "call":
        return report
    error = call.excinfo.value
    if isinstance(error, ProtocolViolation | ServerHarmed):
        # Raised behind the case: the traceback would show the code that looks, and nothing of the case.
        name = f"{type(error).__module__}.{type(error).__qualname__}"
        report.longrepr = "\n".join([f"{name}: {error}", *getattr(error, "__notes__", ())])
    rule = rule_of(item)
    if rule is None:
        return report
    forgivable = isinstance(error, AssertionError) and not isinstance(error, ProtocolViolation | ServerHarmed)
    if rule.level is Level.SHOULD and forgivable and not item.config.stash[TARGET].strict:
        report.outcome = "skipped"
        report.wasxfail = f"{rule}: {str(error).splitlines()[0] if str(error) else 'broken'}"
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """Let a failure name the rule that was broken."""
    try:
        return (yield)
    except AssertionError as error:
        rule = rule_of(item)
        if rule is not None:
            # Illegal frames turn a case red whose own rule was kept.
            label = "Seen in a case of" if isinstance(error, ProtocolViolation) else "Broken rule"
            error.add_note(f"{label}: {rule} ({rule.url})")
        raise


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Write the rule into JUnit XML as properties."""
    rule = rule_of(item)
    if rule is not None:
        item.user_properties += [
            ("rfc", f"{rule.rfc} {rule.section}"),
            ("level", str(rule.level)),
            ("rule", rule.text),
        ]
        if autobahn := autobahn_of(item):
            item.user_properties.append(("autobahn", " ".join(autobahn)))
