"""What was measured in turns, as a table: medians, and ratios within each round."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence

Taken = Mapping[str, Sequence[tuple[float, float]]]
"""Per name and round: work done per second of CPU, and per second of the clock."""


def ratios(taken: Taken, ours: str, other: str) -> list[float]:
    """Returns how many times as much ours did per second of CPU as the other, round by round.

    The two of one round are compared, so that a busy moment of the machine affects both.
    """
    return [mine[0] / theirs[0] for mine, theirs in zip(taken[ours], taken[other], strict=True)]


def show(title: str, unit: str, taken: Taken, ours: str, missing: Sequence[str] = ()) -> None:
    """Prints a line per name, the fastest first; ``unit`` is what is counted."""
    print(f"\n{title}\n")
    width = max(map(len, taken))
    print(f"  {'':<{width}}  {unit + '/CPU s':>20}  {unit + '/s':>16}  ours is, times (range)")
    for name in sorted(taken, key=lambda name: -statistics.median(cpu for cpu, _ in taken[name])):
        cpu, wall = (statistics.median(column) for column in zip(*taken[name], strict=True))
        found = ratios(taken, ours, name)
        times = f"{statistics.median(found):.2f} ({min(found):.2f} to {max(found):.2f})"
        print(f"  {name:<{width}}  {cpu:>20,.0f}  {wall:>16,.0f}  {'1' if name == ours else times}")
    for name in missing:
        print(f"  {name:<{width}}  {'not installed':>20}")
