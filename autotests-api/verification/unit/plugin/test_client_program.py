"""A program of ``--ws-client`` that cannot be tested: one line, and exit status 4."""

from __future__ import annotations

import shlex
import sys

import pytest

from verification.conftest import CASES, RunSuite

CASE = str(CASES / "clients" / "rfc6455" / "test_05_4_fragmentation.py")
PROGRAMS = {
    "no-such-program {url}": "no-such-program cannot be started: No such file or directory",
    f"{sys.executable} -c {shlex.quote('raise SystemExit(chr(110) + chr(111))')} {{url}}": (
        "the program exited with 1 and did not connect: no"
    ),
    f"{sys.executable} -c {shlex.quote('import time; time.sleep(60)')} {{url}}": (
        "the program has not connected to {url} within 1 s"
    ),
}


@pytest.mark.parametrize(("command", "problem"), PROGRAMS.items(), ids=["missing", "exits", "waits"])
def test_program_that_cannot_be_tested_ends_the_run(run_suite: RunSuite, command: str, problem: str) -> None:
    run = run_suite("--ws-client", command, "--ws-timeout", "0.5", CASE)
    assert run.status == 4
    assert [line for line in run.output.splitlines() if line.startswith("ERROR")] == [
        f"ERROR: --ws-client {command!r}: {problem}"
    ]
