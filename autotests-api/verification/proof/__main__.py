"""`python -m verification.proof` runs the suite against every faulty server and writes docs/proof.md."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from pytest_websocket.plugin.marks import rule_of
from verification.faulty_servers.catalogue import CATALOGUE
from verification.proof import page, plan
from verification.proof.proof import WORKERS, Proof, tell_with_time
from verification.proof.rules import section_of

HOUSE = Path(__file__).parents[2]
PAGE = HOUSE.parent / "docs" / "proof.md"
ROUNDS = Path(__file__).with_name("rounds.md")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; the exit status is 0 when nothing survived and nothing is unproven."""
    parser = argparse.ArgumentParser(prog="python -m verification.proof", description=__doc__)
    parser.add_argument("names", nargs="*", help="faulty servers to try (default: all)")
    parser.add_argument("--planned", action="store_true", help="try the known killers only, write nothing")
    parser.add_argument("--quiet", action="store_true", help="tell only what is not as it should be")
    parser.add_argument("--correct", type=int, default=1, metavar="RUNS", help="how often the correct server")
    parser.add_argument("--afresh", action="store_true", help="forget the plan and search again")
    parser.add_argument("--workers", type=int, default=WORKERS, help=f"trials at once (default: {WORKERS})")
    parser.add_argument("--budget", type=float, default=30.0, help="seconds for one server (default: 30)")
    parser.add_argument("--deadline", type=float, default=1.5, help="seconds for one wait (default: 1.5)")
    options = parser.parse_args(argv)
    unknown = set(options.names) - set(CATALOGUE)
    if unknown:
        parser.error(f"no such faulty server: {', '.join(sorted(unknown))}")
    proof = Proof(
        [CATALOGUE[name] for name in options.names or CATALOGUE],
        plan={} if options.afresh else plan.load(),
        search=not options.planned,
        every_case=not options.planned and not options.names,
        workers=options.workers,
        budget=options.budget,
        correct_runs=options.correct,
        tell=(lambda _: None) if options.quiet else tell_with_time(),
    )
    status = proof.run(options.deadline)
    if status:
        return status
    if not options.planned and options.names:
        # What is known of a server is not forgotten because a search ran out of time.
        found = plan.make(verdict for verdict in proof.verdicts.values() if verdict.killed)
        plan.save({**plan.load(), **found})
    elif not options.planned:
        plan.save(plan.make(proof.verdicts.values()))
        PAGE.parent.mkdir(exist_ok=True)
        PAGE.write_text(page.page(_findings(proof), ROUNDS.read_text(encoding="utf-8")), encoding="utf-8")
    return _conclude(proof)


def _findings(proof: Proof) -> page.Findings:
    return page.Findings(
        faults=[CATALOGUE[name] for name in proof.verdicts],
        verdicts=proof.verdicts,
        sections={item.nodeid: section_of(item.nodeid, rule_of(item)) for item in proof.items},
        uncovered=[item.nodeid for item in proof.uncovered()],
        correct=proof.correct,
        correct_runs=proof.correct_runs,
    )


def _conclude(proof: Proof) -> int:
    alive = [name for name, verdict in proof.verdicts.items() if not verdict.killed]
    killed = len(proof.verdicts) - len(alive)
    print(f"killed {killed} of {len(proof.verdicts)} faulty servers")
    for name in alive:
        print(f"survived: {name}: {CATALOGUE[name].summary}")
    unproven = [item.nodeid for item in proof.uncovered()] if proof.every_case else []
    for node in unproven:
        print(f"nothing turns it red: {node}")
    for red in proof.correct.red:
        print(f"red on the correct server: {red.case}\n{red.text}")
    return 1 if alive or unproven or proof.correct.red else 0


if __name__ == "__main__":
    sys.exit(main())
