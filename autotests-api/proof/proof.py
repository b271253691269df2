"""The whole proof: which cases are tried on which server, two at a time, and what is still unproven."""

from __future__ import annotations

import os
import re
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pytest

from proof.trial import CORRECT, Order, Verdict, read, start
from rfc import rule_of
from servers.faulty.catalogue import CATALOGUE
from servers.faulty.registry import Fault


class Proof:
    """A pytest plugin that runs, in place of the collected cases, trials of them."""

    def __init__(self, names: Sequence[str], *, workers: int = 2, budget: float = 30.0) -> None:
        self.names = names
        self.workers = workers
        self.budget = budget
        self.items: list[pytest.Item] = []
        self.verdicts: dict[str, Verdict] = {}
        self.correct = Verdict(CORRECT)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run the trials. The session's own cases run only in them."""
        self.items = list(session.items)
        orders = [self.order(CATALOGUE[name]) for name in self.names]
        for verdict in self.trials(session, orders):
            self.verdicts[verdict.name] = verdict
        self.cover(session)
        return True

    def order(self, fault: Fault) -> Order:
        """The cases of the fault's own section first, then those nearest to it."""
        near = sorted(self.items, key=lambda item: distance(item, fault))
        related = [item for item in near if distance(item, fault) == 0]
        return Order(fault.name, related, near[len(related) :], budget=self.budget)

    def trials(self, session: pytest.Session, orders: Iterable[Order]) -> Iterator[Verdict]:
        """Run trials, as many at once as there are workers, and yield verdicts as they come."""
        waiting = iter(orders)
        running: dict[int, tuple[str, Path]] = {}
        with tempfile.TemporaryDirectory() as folder:
            while True:
                while len(running) < self.workers and (order := next(waiting, None)) is not None:
                    result = Path(folder, f"{order.name}.json")
                    result.unlink(missing_ok=True)
                    running[start(order, session, result)] = order.name, result
                if not running:
                    return
                process, _ = os.wait()
                if process in running:
                    name, result = running.pop(process)
                    yield read(name, result)

    def uncovered(self) -> list[pytest.Item]:
        """Cases that nothing has turned red so far."""
        red = {red.case for verdict in self.verdicts.values() for red in verdict.red}
        return [item for item in self.items if item.nodeid not in red]

    def cover(self, session: pytest.Session) -> None:
        """Try the cases that are still green on the faults of their own file's kills, the widest first."""
        wide = sorted(self.verdicts.values(), key=lambda verdict: -breadth(verdict))
        for verdict in wide[:24]:
            left = self.uncovered()
            if not left:
                return
            order = Order(verdict.name, left, enough=len(left), budget=self.budget * 2)
            for found in self.trials(session, [order]):
                verdict.red.extend(red for red in found.red)
                verdict.tried.extend(found.tried)


def breadth(verdict: Verdict) -> float:
    """How much of what was tried on a server turned red; servers that were hardly tried count little."""
    return len(verdict.red) / (len(verdict.tried) + 5)


def distance(item: pytest.Item, fault: Fault) -> int:
    """0 for a case of the fault's own rule, more the less they have to do with each other."""
    rule = rule_of(item)
    number, section = rule_parts(fault.rule)
    if rule is None:
        return 0 if not number else 3
    if str(rule.rfc) != number:
        return 4
    if rule.section == section or rule.section.startswith(f"{section}."):
        return 0
    shared = os.path.commonprefix([rule.section.split("."), section.split(".")])
    return 2 - min(len(shared), 1)


def rule_parts(rule: str) -> tuple[str, str]:
    """``("6455", "5.1")`` of ``RFC 6455 §5.1``; two empty strings for the contract."""
    match = re.fullmatch(r"RFC (\d+) §([\d.]+)", rule)
    return (match[1], match[2]) if match else ("", "")


class Clock:
    """Seconds since the proof began."""

    def __init__(self) -> None:
        self.began = time.monotonic()

    def __str__(self) -> str:
        return f"{time.monotonic() - self.began:.0f} s"
