"""Terminal, JUnit XML, xdist and Allure say the same of every outcome."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from verification.unit.plugin.conftest import Run

INI = "[pytest]\nasyncio_default_fixture_loop_scope = function\n"

TESTS = """
import pytest
from pytest_websocket import MUST, SHOULD, rfc6455

@pytest.fixture
def broken():
    raise RuntimeError("no such thing")

@rfc6455("5.1", MUST, "a rule")
def test_must_kept(): ...

@rfc6455("5.1", MUST, "a rule")
def test_must_broken(): assert not "kept"

@rfc6455("5.1", SHOULD, "a rule")
def test_should_broken(): assert not "kept"

@rfc6455("5.1", SHOULD, "a rule")
def test_should_in_which_the_test_is_broken(): raise RuntimeError("a bug of the test")

@rfc6455("5.1", MUST, "a rule")
def test_known_failure(): assert not "kept"

@rfc6455("5.1", MUST, "a rule")
def test_known_failure_in_setup(broken): ...

@pytest.mark.xfail(reason="expected", strict=True)
def test_strict_xpass(): ...

@pytest.mark.xfail(reason="expected", strict=True)
def test_xfail(): assert False

def test_skip(): pytest.skip("not here")

def test_error_in_setup(broken): ...
"""

KNOWN = (
    '"test_all.py::test_known_failure" = "ticket 7"\n'
    '"test_all.py::test_known_failure_in_setup" = "ticket 8"\n'
)

EXPECTED = {
    "test_must_kept": "passed",
    "test_must_broken": "failed",
    "test_should_broken": "skipped",
    "test_should_in_which_the_test_is_broken": "failed",
    "test_known_failure": "skipped",
    "test_known_failure_in_setup": "skipped",
    "test_strict_xpass": "failed",
    "test_xfail": "skipped",
    "test_skip": "skipped",
    "test_error_in_setup": "error",
}

TERMINAL = {
    "PASSED": "passed",
    "FAILED": "failed",
    "XFAIL": "skipped",
    "SKIPPED": "skipped",
    "ERROR": "error",
}


@pytest.mark.parametrize("workers", [[], ["-p", "xdist", "-n", "2"]], ids=["alone", "xdist"])
def test_all_outputs_agree_on_every_outcome(run_in: Run, tmp_path: Path, workers: list[str]) -> None:
    run = run_in(
        {"pytest.ini": INI, "test_all.py": TESTS, "known.toml": KNOWN},
        *("-v", "--ws-known-failures=known.toml", "-p", "allure_pytest.plugin"),
        *(f"--alluredir={tmp_path / 'allure'}", f"--junitxml={tmp_path / 'junit.xml'}"),
        *workers,
    )
    assert run.returncode == 1, run.stdout + run.stderr
    assert _in_terminal(run.stdout) == EXPECTED
    assert _in_junit(tmp_path / "junit.xml") == EXPECTED
    assert _in_allure(tmp_path / "allure") == {
        # Allure calls broken what ends by another exception than an assertion.
        name: "broken" if "RuntimeError" in _source_of(name) and outcome != "skipped" else outcome
        for name, outcome in EXPECTED.items()
    } | {"test_error_in_setup": "broken"}


def test_failure_about_a_raw_connection_shows_the_message_alone(run_in: Run) -> None:
    tests = """
from pytest_websocket.raw.ending import Ending

def test_inside():
    ending = Ending(None, "open", 1.0)
    assert ending.ended, f"too much was taken: {ending}"

def test_own():
    assert [].count(1), "one's own message"
"""
    run = run_in({"pytest.ini": INI, "test_all.py": tests}, "--ws-timeout=3")
    assert "too much was taken: the connection is still open" in run.stdout
    assert "where False" not in run.stdout
    assert " +  where 0 = <built-in method count" in run.stdout


def test_strict_run_fails_a_broken_should(run_in: Run) -> None:
    run = run_in({"pytest.ini": INI, "test_all.py": TESTS}, "-v", "--ws-strict", "-k", "test_should_broken")
    assert _in_terminal(run.stdout) == {"test_should_broken": "failed"}
    assert "Broken rule: RFC 6455 §5.1 SHOULD: a rule" in run.stdout


def _in_terminal(output: str) -> dict[str, str]:
    words = "|".join(TERMINAL)
    alone = re.findall(rf"^test_all\.py::(\w+) ({words})", output, re.MULTILINE)
    workers = re.findall(rf"^\[gw\d\] \[ *\d+%\] ({words}) test_all\.py::(\w+)", output, re.MULTILINE)
    return {name: TERMINAL[word] for name, word in (*alone, *((name, word) for word, name in workers))}


def _in_junit(path: Path) -> dict[str, str]:
    found = {}
    for case in ET.parse(path).iter("testcase"):
        outcome = next(
            (child.tag for child in case if child.tag in {"failure", "error", "skipped"}), "passed"
        )
        found[case.attrib["name"]] = outcome.replace("failure", "failed")
    return found


def _in_allure(folder: Path) -> dict[str, str]:
    results = [json.loads(path.read_text(encoding="utf-8")) for path in folder.glob("*-result.json")]
    return {result["fullName"].rpartition("#")[2]: result["status"] for result in results}


def _source_of(name: str) -> str:
    return TESTS.partition(f"def {name}(")[2].partition("\n")[0]
