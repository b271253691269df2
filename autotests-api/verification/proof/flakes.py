"""``python -m verification.proof.flakes`` repeats the suite in random order beside a busy core."""

from __future__ import annotations

import argparse
import contextlib
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from xml.etree import ElementTree

PROJECT = Path(__file__).parents[2]
LOGS = PROJECT.parent / ".make" / "flakes"
BUSY = "while True: pass"


def main(argv: Sequence[str] | None = None) -> int:
    """Returns the exit status: 0 when no test failed in any run, else 1."""
    parser = argparse.ArgumentParser(prog="python -m verification.proof.flakes", description=__doc__)
    parser.add_argument("--runs", type=int, default=20, help="how often (default: 20)")
    parser.add_argument("--seed", type=int, default=1, help="order of the first run; the next is one more")
    parser.add_argument("paths", nargs="*", help="what to run (default: all that pytest runs)")
    options = parser.parse_args(argv)
    LOGS.mkdir(parents=True, exist_ok=True)
    red: Counter[str] = Counter()
    with busy_core():
        for seed in range(options.seed, options.seed + options.runs):
            began = time.monotonic()
            found = run(seed, options.paths)
            red.update(found)
            took = time.monotonic() - began
            print(f"order {seed}: {', '.join(found) or 'all green'} ({took:.0f} s)", flush=True)
    for case, times in red.most_common():
        print(f"flake: {case}: red in {times} of {options.runs} runs")
    print(f"{len(red)} flakes in {options.runs} runs")
    return 1 if red else 0


@contextlib.contextmanager
def busy_core() -> Iterator[None]:
    """Keeps one core busy until the block ends."""
    with subprocess.Popen([sys.executable, "-c", BUSY]) as process:
        try:
            yield
        finally:
            process.kill()


def run(seed: int, paths: Sequence[str]) -> list[str]:
    """Runs the suite in the random order of ``seed``; returns what failed, or why there was no run."""
    report, log = LOGS / f"{seed}.xml", LOGS / f"{seed}.log"
    report.unlink(missing_ok=True)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}"]
    command += ["--random-order-bucket=global", f"--random-order-seed={seed}"]
    with log.open("w", encoding="utf-8") as output:
        status = subprocess.run(
            [*command, *paths],
            cwd=PROJECT.parent,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, "COLUMNS": "200"},
            check=False,
        ).returncode
    found = red_cases(report) if report.exists() else []
    if status and not found:
        found.append(f"exit status {status} and nothing red, see {log.relative_to(PROJECT.parent)}")
    return found


def red_cases(report: Path) -> list[str]:
    """Returns the names of the tests that a JUnit report calls failed or broken."""
    cases = ElementTree.parse(report).iter("testcase")
    return [
        f"{case.get('classname')}::{case.get('name')}"
        for case in cases
        if case.find("failure") is not None or case.find("error") is not None
    ]


if __name__ == "__main__":
    sys.exit(main())
