"""Finds out whether a server gives back descriptors and memory, over all tests that passed."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from pytest_websocket.server.process import Usage

FEWEST = 20
"""Tests below which nothing is said: a server that has just started still loads what it needs."""

DESCRIPTORS = 20
"""Descriptors that have to be missing before it is said: servers open some for good when they need them."""

MEMORY = 64 << 20
"""Bytes that have to be missing, and as many as were held at first: heaps keep what they once took."""

_NAMED = 3
_WARM_UP = 10


@dataclass
class Growth:
    """What the server held after each test; begins anew when the server is started again."""

    tests: list[str] = field(default_factory=list)
    descriptors: list[int] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)

    def add(self, test: str, usage: Usage | None) -> None:
        """Adds what was held after ``test``."""
        if usage is not None:
            self.tests.append(test)
            self.descriptors.append(usage.descriptors)
            self.memory.append(usage.memory)

    def restarted(self) -> None:
        """Forgets what another process held."""
        for kept in (self.tests, self.descriptors, self.memory):
            kept.clear()

    def to_json(self) -> dict[str, Any]:
        """Returns plain data, which xdist can send."""
        return asdict(self)

    def verdict(self) -> list[str]:
        """Returns what to say, a line each; nothing where too few tests have passed."""
        if len(self.tests) < FEWEST:
            return []
        descriptors, memory = _kept(self.descriptors), _kept(self.memory)
        lines = [
            f"descriptors: {descriptors[0]:,} → {descriptors[-1]:,}, "
            f"memory: {memory[0] >> 20:,} → {memory[-1] >> 20:,} MiB, "
            f"over {len(self.tests):,} tests that passed"
        ]
        if descriptors[-1] - descriptors[0] >= DESCRIPTORS:
            lines.append(self._leak("descriptors", descriptors, 1))
        if _grows_on(memory):
            lines.append(self._leak("MiB", memory, 1 << 20))
        return lines

    def _leak(self, what: str, kept: list[int], unit: int) -> str:
        tests = self.tests[_WARM_UP:]
        steps = sorted(
            ((after - before, test) for before, after, test in zip(kept, kept[1:], tests[1:], strict=False)),
            key=lambda step: -step[0],
        )
        most = ", ".join(f"{test} (+{step // unit:,})" for step, test in steps[:_NAMED] if step >= unit)
        return f"{(kept[-1] - kept[0]) // unit:,} {what} were not given back: a leak? Most after {most}"


def _grows_on(memory: list[int]) -> bool:
    """Returns whether memory grew by much, and in the second half of the run as in the first."""
    grown, later = memory[-1] - memory[0], memory[-1] - memory[len(memory) // 2]
    return grown >= max(MEMORY, memory[0]) and later >= grown / 4


def _kept(held: list[int]) -> list[int]:
    """Returns for each test the least that was held from then on: what is above it was given back."""
    kept: list[int] = []
    for amount in reversed(held[_WARM_UP:]):
        kept.append(min(amount, kept[-1]) if kept else amount)
    return kept[::-1]
