"""Every faulty program is caught by the test that its entry names; the correct one is never accused."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from verification.conftest import CASES, RunSuite
from verification.faulty_programs.catalogue import CATALOGUE

FOLDER = str(Path(__file__).parents[2])
PROCESS = str(CASES / "process")


def options_for(name: str) -> tuple[str, ...]:
    command = f"{sys.executable} -m verification.faulty_programs {name} {{port}}"
    return ("--ws-command", command, "--ws-strict")


@pytest.mark.parametrize("name", sorted(CATALOGUE))
def test_every_faulty_program_is_caught_by_its_test(run_suite: RunSuite, name: str, tmp_path: Path) -> None:
    caught_by = CATALOGUE[name][1]
    (place,) = [
        f"{file}::{caught_by}"
        for file in Path(PROCESS).glob("test_*.py")
        if f"async def {caught_by.partition('[')[0]}(" in file.read_text(encoding="utf-8")
    ]
    variables = {"PYTHONPATH": FOLDER, "TMPDIR": str(tmp_path)}
    run = run_suite(*options_for(name), "--ws-timeout", "1", place, **variables)
    assert run.cases == {caught_by: "failed"}, run.output[-3000:]
    assert "Traceback (most recent call last)" not in run.output


def test_correct_program_is_not_accused(run_suite: RunSuite) -> None:
    run = run_suite(*options_for("correct"), PROCESS, PYTHONPATH=FOLDER)
    assert run.status == 0, run.output[-3000:]
    assert set(run.counts) == {"passed"}
