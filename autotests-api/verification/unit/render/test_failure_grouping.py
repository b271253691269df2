"""What is behind the failures of a run: the broken rule once, and not once for each case that met it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from pytest_websocket.protocol.rules import MUST, Rule
from pytest_websocket.render.failure_grouping import causes
from pytest_websocket.render.run import Outcome, Record
from pytest_websocket.server.background import run_in_background
from verification.faulty_servers.catalogue import CATALOGUE

ROOT = Path(__file__).parents[4]
MASKED = "RFC 6455 §5.1: a server's frame is masked"
RESERVED = "RFC 6455 §5.2: opcode 0x3 is reserved"
RULE = Rule(6455, "5.4", MUST, "a rule")


def failed(reason: str = "", *, rule: Rule | None = None, **more: Any) -> Record:
    return Record("test", outcome=Outcome.FAILED, reason=reason, rule=rule, **more)


def told(*records: Record) -> list[tuple[int, str]]:
    return [(len(cause.records), cause.words) for cause in causes(records)]


def test_violation_is_the_cause_whatever_the_case_was_about() -> None:
    both = failed("x", violations=[RESERVED, MASKED])
    others = failed("y", rule=RULE, violations=[MASKED]), failed(violations=[MASKED])
    assert told(both, *others) == [(3, MASKED)]


def test_rule_of_the_case_is_the_cause_where_frames_were_legal() -> None:
    assert told(failed("anything", rule=RULE), failed("else", rule=RULE)) == [(2, str(RULE))]


def test_failures_that_differ_in_particulars_have_one_cause() -> None:
    first = failed("client.ConnectFailed: ws://127.0.0.1:9001/a did not open: status 403, 'no'")
    assert told(first, failed("client.ConnectFailed: ws://[::1]:1 did not open: status 500, 'why'")) == [
        (2, "… did not open: status …, …")
    ]
    assert causes([first, first])[0].example == ["ws://127.0.0.1:9001/a did not open: status 403, 'no'"]


def test_case_that_was_not_tried_does_not_accuse_its_rule() -> None:
    assert told(failed("not tried: the target is down since test_x", rule=RULE)) == [
        (1, "not tried: the target is down since test_x")
    ]


def test_broken_rule_is_said_once_in_the_terminal() -> None:
    with run_in_background(lambda: CATALOGUE["masks-its-frames"].server().serve()) as server:
        cases = ROOT / "autotests-api" / "tests" / "conformance" / "rfc6455" / "test_05_1_masking.py"
        done = subprocess.run(
            [
                *(sys.executable, "-m", "pytest", "-p", "no:cacheprovider", str(cases)),
                *("--ws-url", server.url),
            ],
            cwd=ROOT,
            capture_output=True,
            check=False,
            text=True,
        )
    said = re.search(rf"^ +(\d+) × {MASKED}$", done.stdout, re.MULTILINE)
    assert said, done.stdout
    assert int(said[1]) > 20
    assert done.stdout.count("\nFAILED ") == 2
    assert f"{said[1]} failed" in done.stdout
