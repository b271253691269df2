"""Every case can fail: a faulty server turns it red, and no fault is left that nothing notices."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from proof import plan

from servers.faulty.catalogue import CATALOGUE

HOUSE = Path(__file__).parents[2]
PAGE = HOUSE.parent / "docs" / "proof.md"

# One faulty server of each rule, and those that are wrong only sometimes; `make proof` tries them all.
BY_RULE = {entry.rule: entry.name for entry in reversed(CATALOGUE.values())}
SOMETIMES = (
    "loses-the-tenth-message",
    "repeats-the-first-accept-value",
    "forgets-every-tenth-ping",
    "handles-one-frame-per-segment",
    "restarts-the-mask-at-each-segment",
    "loses-a-tenth-message-from-its-context",
    "leaks-a-slot-when-a-connection-is-lost",
    "gives-the-unfinished-message-to-the-next",
    "shares-fragments",
    "replies-to-the-newest-client",
)


def test_plan_names_a_killer_for_every_faulty_server() -> None:
    planned = plan.load()
    assert [name for name in CATALOGUE if not planned.get(name)] == [], "run `make proof`"
    assert [name for name in planned if name not in CATALOGUE] == [], "run `make proof`"


def test_page_of_the_proof_shows_every_faulty_server() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert [name for name in CATALOGUE if f"`{name}`" not in page] == [], "run `make proof`"


def test_cases_turn_red_on_faulty_servers_and_only_there() -> None:
    names = list(dict.fromkeys([*BY_RULE.values(), *SOMETIMES]))
    done = subprocess.run(
        [sys.executable, "-m", "proof", "--planned", *names],
        env={**os.environ, "PYTHONPATH": str(HOUSE)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"killed {len(names)} of {len(names)} faulty servers" in done.stdout
