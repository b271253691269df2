"""What the plugin costs where tests use nothing of it: ``python bench/plugin_overhead.py [--pairs 10]``.

Runs the same tests in an environment with this package and as in one without it, that is without the plugin
and without the plugin of hypothesis, which comes with it; in turn, each time in a process of its own. The
figure is the median of the ratios of the pairs, by CPU, so that what else the machine does is left out. The
exit status is 0 when it is at most 1.02.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

WITHOUT = ("-p", "no:pytest_websocket.plugin", "-p", "no:hypothesispytest")

MOST = 1.02

TESTS = """\
import pytest


@pytest.fixture
def number():
    return 42


@pytest.mark.parametrize("step", range(2000))
def test_numbers_can_be_added(number, step):
    assert number + step >= 42
"""


def cpu_seconds(folder: Path, *options: str) -> float:
    """Runs the tests, and returns the seconds of CPU that this takes."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options]
    before = os.times()
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    after = os.times()
    return after.children_user - before.children_user + after.children_system - before.children_system


def main() -> int:
    """Measures and prints; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=10, help="of runs (default: 10)")
    pairs = parser.parse_args().pairs
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "test_plain.py").write_text(TESTS, encoding="utf-8")
        cpu_seconds(folder)
        taken = [(cpu_seconds(folder), cpu_seconds(folder, *WITHOUT)) for _ in range(pairs)]
    with_it, without_it = (statistics.median(column) for column in zip(*taken, strict=True))
    ratio = statistics.median(with_plugin / without for with_plugin, without in taken)
    print(f"2,000 tests: {with_it:.2f} s of CPU with the package, {without_it:.2f} s without it")
    print(f"ratio {ratio:.3f} (median of {pairs} pairs)")
    return 0 if ratio <= MOST else 1


if __name__ == "__main__":
    sys.exit(main())
