"""Each weak server is found by the case that it names; the strong one by none."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from verification.conftest import RunSuite
from verification.proof.run import node_of_test
from verification.weak_servers.catalogue import CATALOGUE, DEMO, OPTIONS, PLANTED, STRONG
from verification.weak_servers.registry import USERS

PROJECT = Path(__file__).parents[2]


@contextmanager
def running(name: str) -> Iterator[str]:
    """Runs a weak server in a process of its own until the block ends."""
    command = [sys.executable, "-m", "verification.weak_servers", name]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.kill()


def test_catalogue_has_at_least_20_weak_servers() -> None:
    assert len(CATALOGUE) >= 20


@pytest.mark.parametrize("name", CATALOGUE)
def test_weakness_is_found_by_the_case_that_it_names(run_suite: RunSuite, tmp_path: Path, name: str) -> None:
    found = tmp_path / "found.sarif"
    with running(name) as url:
        case = node_of_test(CATALOGUE[name].caught_by)
        run = run_suite(f"--ws-url={url}", *OPTIONS, "--ws-security=fail", f"--ws-sarif={found}", case)
    assert list(run.cases.values()) == ["failed"], run.output[-2000:]
    assert len(json.loads(found.read_text(encoding="utf-8"))["runs"][0]["results"]) == 1


def test_strong_server_has_no_weakness(run_suite: RunSuite) -> None:
    with running(STRONG) as url:
        run = run_suite(
            f"--ws-url={url}", *OPTIONS, "--ws-security=fail", "-msecurity", "security", limit=500
        )
    assert run.status == 0, run.output[-3000:]
    assert run.counts["passed"] > 250


def test_demo_shows_its_planted_weaknesses_and_nothing_else(run_suite: RunSuite, tmp_path: Path) -> None:
    found = tmp_path / "found.sarif"
    with running(DEMO) as url:
        run = run_suite(
            f"--ws-url={url}", *OPTIONS, f"--ws-sarif={found}", "-msecurity", "security", limit=500
        )
    assert run.status == 1, run.output[-3000:]
    results = json.loads(found.read_text(encoding="utf-8"))["runs"][0]["results"]
    assert {result["ruleId"] for result in results} == PLANTED
    assert not [cookie for cookie in USERS if cookie.partition("=")[2] in found.read_text(encoding="utf-8")]
