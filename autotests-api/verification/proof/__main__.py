"""``python -m verification.proof`` shows that tests notice faulty servers, and writes docs/proof.md."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from verification.faulty_servers.catalogue import CATALOGUE
from verification.proof import page
from verification.proof.plugin import Plan
from verification.proof.run import ROOT, Result, collect, cover, plan_for, run, survivors
from verification.proof.server_process import CORRECT

PAGE = ROOT / "docs" / "proof.md"
ROUNDS = Path(__file__).with_name("rounds.md")


def main(argv: Sequence[str] | None = None) -> int:
    """Returns the exit status: 0 when every fault is noticed and the correct server passes, else 1."""
    parser = argparse.ArgumentParser(prog="python -m verification.proof", description=__doc__)
    parser.add_argument("names", nargs="*", help="faulty servers to try (default: all)")
    parser.add_argument(
        "--planned",
        action="store_true",
        help="run only the tests that the faulty servers name, write nothing",
    )
    parser.add_argument(
        "--no-coverage",
        action="store_true",
        help="do not look for a faulty server for each test, which takes most of the time",
    )
    parser.add_argument("--quiet", action="store_true", help="print only what is not as it should be")
    parser.add_argument(
        "--workers",
        type=int,
        default=2 * (os.cpu_count() or 1),
        help="processes (default: two for each core)",
    )
    parser.add_argument("--deadline", type=float, default=1.5, help="seconds for one wait (default: 1.5)")
    options = parser.parse_args(argv)
    unknown = set(options.names) - set(CATALOGUE)
    if unknown:
        parser.error(f"no such faulty server: {', '.join(sorted(unknown))}")
    faults = [CATALOGUE[name] for name in options.names or CATALOGUE]
    began = time.monotonic()

    def try_plan(plan: Plan) -> list[Result]:
        results = run(plan, workers=options.workers, deadline=options.deadline)
        if not options.quiet:
            print(
                f"{time.monotonic() - began:5.0f} s  {len(results)} tests on {len(plan)} servers", flush=True
            )
        return results

    complete = not options.planned and not options.names
    plan = plan_for(faults)
    tests = collect() if complete else sorted({test for planned in plan.values() for test in planned})
    results = try_plan({**plan, CORRECT: tests})
    # A test that compares times needs the machine for itself.
    missed = survivors(faults, results)
    if missed and options.workers > 1:
        print(f"tried again alone: {', '.join(fault.name for fault in missed)}", flush=True)
        results += run(plan_for(missed), workers=1, deadline=options.deadline)
    looked_for = complete and not options.no_coverage
    uncovered = cover(tests, results, faults, try_plan) if looked_for else None
    findings = page.Findings(
        faults=faults,
        survivors=survivors(faults, results),
        tests=tests,
        uncovered=uncovered,
        red_on_correct=[
            result for result in results if result.server == CORRECT and result.failure is not None
        ],
    )
    if complete:
        PAGE.write_text(page.page(findings, ROUNDS.read_text(encoding="utf-8")), encoding="utf-8")
    return _conclude(findings)


def _conclude(findings: page.Findings) -> int:
    caught = len(findings.faults) - len(findings.survivors)
    print(f"{caught} of {len(findings.faults)} faulty servers are caught by the tests that they name")
    for fault in findings.survivors:
        print(f"not caught: {fault.name}: {fault.summary} ({fault.caught_by})")
    for test in findings.uncovered or ():
        print(f"fails on no faulty server: {test}")
    for result in findings.red_on_correct:
        print(f"fails on the correct server: {result.test}\n{result.failure}")
    return 1 if findings.survivors or findings.uncovered or findings.red_on_correct else 0


if __name__ == "__main__":
    sys.exit(main())
