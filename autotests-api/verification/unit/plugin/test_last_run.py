"""The end of a run in the terminal, and what changed since the last run of the same target and selection."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[4]
TESTS = """
import os
import pytest
from pytest_websocket.plugin.marks import MUST, SHOULD, rfc6455

@rfc6455("5.1", MUST, "a rule")
async def test_rule(client):
    assert os.environ["STATE"] != "broken"

@rfc6455("5.2", SHOULD, "advice")
async def test_advice(client):
    raise AssertionError("not followed")

@pytest.mark.parametrize("number", range(3))
def test_skipped(number):
    pytest.skip("no reason")
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Returns a folder with tests whose outcome an environment variable decides."""
    (tmp_path / "test_it.py").write_text(TESTS, encoding="utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\nasyncio_mode = auto\n", encoding="utf-8")
    return tmp_path


def end_of_run(folder: Path, state: str, *options: str) -> str:
    """Returns what a run prints after its dots."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("WS_", "PYTEST"))}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "pytest_websocket.plugin", "--color=no", *options],
        cwd=folder,
        env=clean | {"PYTHONPATH": str(ROOT / "autotests-api"), "STATE": state},
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode in {0, 1}, done.stdout + done.stderr
    return done.stdout


def test_green_run_ends_in_its_verdict_and_one_line_of_counts(folder: Path) -> None:
    lines = end_of_run(folder, "whole").splitlines()[1:]
    assert lines[:2] == [
        "✓ The server conforms: it keeps the one MUST rule and deviates from 1 SHOULD rule.",
        "1 deviation from SHOULD, 3 skipped: -rxs lists them",
    ]
    assert len(lines) == 3


def test_lists_are_there_when_they_are_asked_for(folder: Path) -> None:
    output = end_of_run(folder, "whole", "-rxs")
    assert "XFAIL test_it.py::test_advice" in output
    assert "SKIPPED [3]" in output
    assert "lists them" not in output


def test_change_is_told_of_the_same_selection_only(folder: Path) -> None:
    assert "Since the run" not in end_of_run(folder, "whole")
    assert "Since the run" not in end_of_run(folder, "broken", "-k", "rule or advice")
    broken = end_of_run(folder, "broken", "--ws-report=page.html")
    assert "1 newly broken\n  now broken: RFC 6455 §5.1 MUST: a rule\n" in broken
    assert "now broken" in (folder / "page.html").read_text(encoding="utf-8")
    assert "  no longer broken: RFC 6455 §5.1 MUST: a rule\n" in end_of_run(folder, "whole")


def test_run_without_a_cache_tells_no_change(folder: Path) -> None:
    for state in ("whole", "broken"):
        assert "Since the run" not in end_of_run(folder, state, "-p", "no:cacheprovider")
