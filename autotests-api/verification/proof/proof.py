"""The whole proof: which cases are tried on which server, two at a time, and what is still unproven."""

from __future__ import annotations

import gc
import os
import random
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from pytest_websocket.plugin.marks import rule_of
from verification.faulty_servers.correct import EchoServer
from verification.proof.plan import Entry
from verification.proof.rules import distance, stems
from verification.proof.trial import CORRECT, Faulty, Order, Verdict, options_of_pytest, read, start

ORDINARY = "test_answer_to_the_usual_offer_is_observed"
"""A quick case with nothing special in it, tried before the planned ones: some faults need one before."""

FOLDERS = ("conformance", "contract", "security", "resilience")
"""Of tests/, what is proven."""

WORKERS = 2 * (os.cpu_count() or 1)
"""Trials at once: most of a trial is waiting for something that a faulty server does not send."""

WIDEST = 24
"""Servers on which cases that nothing turned red yet are tried before they count as unproven."""


class Proof:
    """A pytest plugin that runs, in place of the collected cases, trials of them on faulty servers.

    ``plan`` says what to try on a server first. With ``search`` all other cases follow until one is red, and
    those nearest to the server's rule until ``enough`` are. With ``every_case`` those that stay green are
    tried on more servers at the end. ``budget`` is in seconds and per trial. The correct server is tried
    ``correct_runs`` times, from the second time on in random order.
    """

    def __init__(
        self,
        faults: Iterable[Faulty],
        *,
        plan: Mapping[str, Entry],
        search: bool = True,
        every_case: bool = False,
        enough: int = 5,
        workers: int = WORKERS,
        budget: float = 30.0,
        correct_runs: int = 1,
        tell: Callable[[str], object] = str,
    ) -> None:
        self.faults = {fault.name: fault for fault in faults}
        self.plan = plan
        self.search = search
        self.every_case = every_case
        self.enough = enough
        self.workers = workers
        self.budget = budget
        self.correct_runs = correct_runs
        self.tell = tell
        self.items: list[pytest.Item] = []
        self.verdicts: dict[str, Verdict] = {}
        self.correct = Verdict(CORRECT)
        self._words: dict[str, set[str]] = {}

    def run(self, deadline: float) -> int:
        """Collect the cases, wait ``deadline`` seconds at most for anything in them, and try them.

        Returns pytest's exit status, which is not 0 where the cases could not be collected.
        """
        house = Path(__file__).parents[2]
        os.chdir(house.parent)
        folders = [str(house / "tests" / name) for name in FOLDERS]
        return int(pytest.main([*options_of_pytest(deadline), *folders], plugins=[self]))

    def pytest_configure(self) -> None:
        """Let properties fail at the first example that shows it, always the same one, unshrunk."""
        # A plugin that is imported before pytest loads it would be imported unrewritten.
        from hypothesis import Phase, settings

        settings.register_profile(
            "proof", phases=(Phase.explicit, Phase.generate), derandomize=True, database=None, deadline=None
        )
        settings.load_profile("proof")

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run the trials. The session's own cases run only in them."""
        # A trial must not trip over the garbage of the process that it is forked from.
        gc.collect()
        gc.freeze()
        # A case that asks for the embedded server itself looks inside it: no stand-in will do.
        self.items = [
            item for item in session.items if "echo_server" not in getattr(item, "fixturenames", ())
        ]
        self._words = {item.nodeid: stems(f"{item.nodeid} {rule_of(item) or ''}") for item in self.items}
        if self.search:
            self.check_correct(session, self.items)
        orders = [self.order(fault) for fault in self.faults.values()]
        if not self.search:
            planned = {item.nodeid for order in orders for item in order.first}
            self.check_correct(session, [item for item in self.items if item.nodeid in planned])
        for number, verdict in enumerate(self.trials(session, orders), 1):
            self.verdicts[verdict.name] = verdict
            self.tell(f"{number}/{len(orders)} {outcome(verdict)}")
        if self.every_case:
            self.cover(session)
        return True

    def order(self, fault: Faulty) -> Order:
        """The planned cases, and those of the fault's own section; in a search then those nearest to it."""
        by_node = {item.nodeid: item for item in self.items}
        entry = self.plan.get(fault.name, Entry())
        nodes = [*entry.killers, *entry.covers] if self.search else entry.killers
        planned = [by_node[node] for node in nodes if node in by_node]
        if not self.search:
            # A fault that has to do with what was before may need more than the case that showed it.
            others = [item for item in self.items if distance(item, fault.rule) == 0]
            before = [item for item in self.items if item.name == ORDINARY]
            return Order(
                fault.name,
                fault.server,
                [*before, *planned],
                others,
                enough=1,
                budget=self.budget,
                rule=fault.rule,
            )
        words = stems(f"{fault.name} {fault.summary}")
        near = sorted(self.items, key=lambda item: self.price(item, fault, words))
        related = sum(distance(item, fault.rule) == 0 for item in near)
        first = planned or near[:related]
        chosen = {item.nodeid for item in first}
        rest = [item for item in near if item.nodeid not in chosen]
        return Order(
            fault.name,
            fault.server,
            first,
            rest,
            enough=max(len(planned), self.enough),
            budget=self.budget * 10 if planned else self.budget,
            rule=fault.rule,
            own=[item for item in near[:related] if item.nodeid not in chosen],
        )

    def price(self, item: pytest.Item, fault: Faulty, words: set[str]) -> tuple[bool, float]:
        """Orders cases: those of the fault's rule, then the quick ones that have words in common with it."""
        far = distance(item, fault.rule)
        shared = len(words & self._words[item.nodeid])
        took = self.correct.took.get(item.nodeid, 0.0) + 0.02
        return far > 0, took * (1 + far) / (1 + shared) ** 2

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
        """Cases that nothing has turned red so far, by their own assertions."""
        red = {red.case for verdict in self.verdicts.values() for red in verdict.red if red.own}
        return [item for item in self.items if item.nodeid not in red]

    def cover(self, session: pytest.Session) -> None:
        """Try the cases that stayed green on more servers: the widest, then those nearest to the case."""
        wide = sorted(self.verdicts.values(), key=lambda verdict: -breadth(verdict))
        for verdict in wide[:WIDEST]:
            self.widen(session, [self.rest(verdict.name, self.uncovered())])
        left = self.uncovered()
        near = {name: [item for item in left if self.is_near(item, name)] for name in self.verdicts if left}
        self.widen(session, [self.rest(name, items) for name, items in near.items() if items])

    def rest(self, name: str, items: Sequence[pytest.Item]) -> Order:
        """A trial of cases to its end."""
        return Order(name, self.faults[name].server, items, enough=len(items) + 1, budget=self.budget * 2)

    def is_near(self, item: pytest.Item, name: str) -> bool:
        """Whether a server may turn a case red: its rule is the case's, or it did so in the case's file."""
        file = item.nodeid.partition("::")[0]
        reds = self.verdicts[name].red
        return not distance(item, self.faults[name].rule) or any(red.case.startswith(file) for red in reds)

    def widen(self, session: pytest.Session, orders: Sequence[Order]) -> None:
        """Run more trials on servers that had one, and add what they find."""
        before = len(self.uncovered())
        if not before:
            return
        for found in self.trials(session, orders):
            self.verdicts[found.name].red.extend(found.red)
            self.verdicts[found.name].tried.extend(found.tried)
        tried = orders[0].name if len(orders) == 1 else f"{len(orders)} servers"
        self.tell(f"{before - len(self.uncovered())} of {before} cases more on {tried}")

    def check_correct(self, session: pytest.Session, items: Sequence[pytest.Item]) -> None:
        """Try cases on the correct server: what is red there proves nothing elsewhere."""
        # The order of a run is its number's, so that a run can be had again.
        orders = [
            Order(
                CORRECT if not number else f"{CORRECT} {number}",
                EchoServer,
                items if not number else random.Random(number).sample(items, len(items)),  # noqa: S311  # no secret
                enough=len(items) + 1,
                budget=self.budget * 20,
            )
            for number in range(self.correct_runs)
        ]
        for number, verdict in enumerate(self.trials(session, orders), 1):
            self.tell(f"{len(verdict.red)} of {len(items)} cases red on the correct server, run {number}")
            self.correct.red.extend(verdict.red)
            self.correct.took.update(verdict.took)


def tell_with_time() -> Callable[[str], None]:
    """Prints lines, each with the seconds that have passed."""
    began = time.monotonic()
    return lambda line: print(f"{time.monotonic() - began:5.0f} s  {line}", flush=True)


def outcome(verdict: Verdict) -> str:
    """One line about a trial."""
    fate = "killed" if verdict.killed else verdict.hung or "SURVIVED"
    return f"{verdict.name}: {fate}, {len(verdict.red)} of {len(verdict.tried)} red, {verdict.seconds} s"


def breadth(verdict: Verdict) -> float:
    """How much of what was tried on a server turned red; servers that were hardly tried count little."""
    return sum(red.own for red in verdict.red) / (len(verdict.tried) + 5)
