"""What the command prints while it runs."""

from __future__ import annotations

import sys
from collections import Counter
from typing import TextIO

from pytest_websocket.text import printable, quantity
from pytest_websocket.wstest.results import Result


class Progress:
    """Prints a line for each agent and for each case that is not simply OK.

    ``quiet`` prints only what went wrong with the run itself.
    """

    def __init__(self, *, quiet: bool = False, out: TextIO | None = None) -> None:
        self._quiet = quiet
        self._out = out or sys.stdout
        self.counts: Counter[str] = Counter()

    def begin(self, agent: str, count: int) -> None:
        """Tells that an agent is tested."""
        self.say(f"{quantity(count, 'case')} for {agent}")

    def done(self, result: Result) -> None:
        """Tells what became of a case."""
        verdict = result.verdict
        self.counts[verdict.behavior] += 1
        if verdict.is_failure(strict=True):
            words = f"{verdict.behavior}, close {verdict.behavior_close}"
            because = verdict.result if verdict.behavior in ("FAILED", "NON-STRICT") else verdict.result_close
            self.say(f"{result.agent} {result.case.number}: {words}: {because}")

    def say(self, words: str) -> None:
        """Prints a line, unless quiet."""
        if not self._quiet:
            self.tell(words)

    def tell(self, words: str) -> None:
        """Prints a line."""
        print(printable(words), file=self._out, flush=True)
