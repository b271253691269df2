"""What changed between two runs."""

from __future__ import annotations

import json

from pytest_websocket.protocol.rules import MUST, Rule
from pytest_websocket.render.changes import Changes, remembered
from pytest_websocket.render.run import Outcome, Record, Run

RULE = Rule(6455, "5.1", MUST, "a rule")


def run_of(*outcomes: Outcome, rule: Rule | None = None) -> Run:
    """Returns a run of tests that ended so, named by their place."""
    records = [
        Record(f"test_{number}", title=f"Test {number}", rule=rule, outcome=outcome)
        for number, outcome in enumerate(outcomes)
    ]
    return Run({record.nodeid: record for record in records})


def changed(before: Run, after: Run) -> Changes:
    """Returns what changed; what is remembered goes through JSON, as in pytest's cache."""
    return Changes.of(after, json.loads(json.dumps(remembered(before, "yesterday"))))


def test_test_that_fails_now_is_newly_broken() -> None:
    found = changed(run_of(Outcome.PASSED, Outcome.FAILED), run_of(Outcome.FAILED, Outcome.FAILED))
    assert ([words for words, _ in found.broken], found.mended) == (["Test 0"], [])
    assert (found.words, found.since) == ("1 newly broken", "yesterday")


def test_rule_is_named_once_however_many_tests_show_it() -> None:
    found = changed(
        run_of(Outcome.PASSED, Outcome.PASSED, rule=RULE), run_of(Outcome.FAILED, Outcome.FAILED, rule=RULE)
    )
    assert [(words, record.nodeid) for words, record in found.broken] == [(str(RULE), "test_0")]


def test_test_that_passes_now_is_no_longer_broken() -> None:
    found = changed(run_of(Outcome.FAILED, Outcome.DEVIATES), run_of(Outcome.PASSED, Outcome.PASSED))
    assert (found.broken, found.mended) == ([], ["Test 0", "Test 1"])
    assert found.words == "2 no longer broken"


def test_test_that_was_skipped_is_not_taken_for_mended() -> None:
    found = changed(run_of(Outcome.FAILED), run_of(Outcome.SKIPPED))
    assert (found.broken, found.mended, found.words) == ([], [], "nothing changed")
