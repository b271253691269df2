"""Plans and runs proofs: which tests are run against which servers, and what came of it."""

from __future__ import annotations

import functools
import json
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from verification.faulty_servers.registry import Fault
from verification.proof.plugin import Plan
from verification.proof.rules import names
from verification.proof.server_process import CORRECT

PROJECT = Path(__file__).parents[2]
ROOT = PROJECT.parent

FOLDERS = ("conformance", "contract", "resilience", "security")
"""Of tests/, what is proven."""

LOOKED_AT_AFTERWARDS = ("ProtocolViolation", "ServerHarmed")
"""What is raised after a test of raw connections that passed itself."""

Runner = Callable[[Plan], "list[Result]"]


@dataclass(frozen=True)
class Result:
    """What a test said about a server: ``failure`` is None when it passed or was skipped."""

    server: str
    test: str
    seconds: float
    failure: str | None

    @property
    def own(self) -> bool:
        """Whether an assertion of the test itself failed, and not what is looked at after it."""
        kind = (self.failure or "").partition(":")[0].rpartition(".")[2]
        return bool(self.failure) and kind not in LOOKED_AT_AFTERWARDS


def plan_for(faults: Iterable[Fault]) -> dict[str, list[str]]:
    """Returns for each faulty server the test that must fail on it."""
    return {fault.name: [node_of(fault)] for fault in faults}


def node_of(fault: Fault) -> str:
    """Returns the node id of the test that must notice a fault; KeyError when there is no such test."""
    return node_of_test(fault.caught_by)


def node_of_test(name: str) -> str:
    """Returns the node id of a test by its name, parameters included; KeyError when there is no such test."""
    return f"{_files()[function_of(name)]}::{name}"


@functools.cache
def _files() -> dict[str, str]:
    """Returns the file of each test that is proven: no two tests have the same name."""
    files = [file for folder in FOLDERS for file in sorted((PROJECT / "tests" / folder).rglob("test_*.py"))]
    return {
        name: file.relative_to(ROOT).as_posix()
        for file in files
        for name in re.findall(r"^(?:async )?def (test_\w+)", file.read_text(encoding="utf-8"), re.MULTILINE)
    }


def survivors(faults: Sequence[Fault], results: Iterable[Result]) -> list[Fault]:
    """Returns the faults of which the test that must notice them does not fail, or names another rule."""
    rules = {fault.name: fault.rule for fault in faults}
    caught = set()
    for result in results:
        if result.server in rules and result.failure and names(rules[result.server], result.failure):
            caught.add((result.server, result.test))
    return [fault for fault in faults if (fault.name, node_of(fault)) not in caught]


def cover(
    tests: Sequence[str], results: list[Result], faults: Iterable[Fault], try_plan: Runner
) -> list[str]:
    """Looks for a faulty server on which each of ``tests`` fails; returns the tests that fail on none.

    Servers are tried that are caught by the same function, then by the same file, then those that most tests
    failed on. Each round tries twice as many as the one before, and adds to ``results``.
    """
    tried = {(result.test, result.server) for result in results}
    caught_in: dict[str, list[str]] = {}
    for fault in faults:
        test = node_of(fault)
        caught_in.setdefault(function_of(test), []).append(fault.name)
        caught_in.setdefault(file_of(test), []).append(fault.name)
    at_once = 1
    while left := uncovered(tests, results):
        wide = [
            server for server, _ in Counter(result.server for result in results if result.own).most_common()
        ]
        plan: dict[str, list[str]] = {}
        for test in left:
            near = [*caught_in.get(function_of(test), []), *caught_in.get(file_of(test), [])]
            untried = [name for name in dict.fromkeys([*near, *wide]) if (test, name) not in tried]
            for name in untried[:at_once]:
                plan.setdefault(name, []).append(test)
                tried.add((test, name))
        if not plan:
            break
        results += try_plan(plan)
        at_once *= 2
    return left


def uncovered(tests: Iterable[str], results: Iterable[Result]) -> list[str]:
    """Returns the tests of which no assertion has failed on any faulty server."""
    red = {result.test for result in results if result.own and result.server != CORRECT}
    return [test for test in tests if test not in red]


def function_of(test: str) -> str:
    """Returns a node id without its parameters."""
    return test.partition("[")[0]


def file_of(test: str) -> str:
    """Returns the file of a node id."""
    return test.partition("::")[0]


def collect() -> list[str]:
    """Returns the node ids of all tests that are proven."""
    folders = [f"{PROJECT.name}/tests/{folder}" for folder in FOLDERS]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", *folders],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [line for line in done.stdout.splitlines() if "::" in line]


def run(plan: Plan, *, workers: int, deadline: float) -> list[Result]:
    """Runs the tests of a plan in a pytest process; every wait in them ends after ``deadline`` seconds.

    What pytest prints is printed when it fails itself, that is when a test breaks in another way than by an
    assertion, or fails on the correct server.
    """
    files = sorted({file_of(test) for tests in plan.values() for test in tests})
    with tempfile.TemporaryDirectory() as folder:
        written, found = Path(folder, "plan.json"), Path(folder, "results.jsonl")
        written.write_text(json.dumps(plan), encoding="utf-8")
        found.touch()
        command = [sys.executable, "-m", "pytest", "-q", "-rfE", "-p", "no:cacheprovider", "--tb=short"]
        command += ["-p", "verification.proof.plugin", f"--proof-plan={written}", f"--proof-results={found}"]
        # Which server a test is run against changes all the time.
        command += ["-p", "no:pytest_websocket.plugin.liveness"]
        command += ["-n", str(workers), "--dist=loadgroup", "--ws-strict", f"--ws-timeout={deadline}"]
        done = subprocess.run(
            [*command, *files],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(PROJECT)},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            print(done.stdout, done.stderr, sep="\n", file=sys.stderr)
        return [Result(**json.loads(line)) for line in found.read_text(encoding="utf-8").splitlines()]
