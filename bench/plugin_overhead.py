"""What the plugin costs where tests use nothing of it: ``python bench/plugin_overhead.py [--runs 10]``.

Runs the same tests with the plugin and without it, in turn, each time in a process of its own. The ratio of
the shortest times is what is left when the machine's other work is taken out.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PLUGIN = "pytest_websocket.plugin"

TESTS = """\
import pytest


@pytest.fixture
def number():
    return 42


@pytest.mark.parametrize("step", range(2000))
def test_numbers_can_be_added(number, step):
    assert number + step >= 42
"""


def seconds(folder: Path, *options: str) -> float:
    """Seconds that one run of the tests takes."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options]
    began = time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return time.perf_counter() - began


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10, help="of each kind (default: 10)")
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "test_plain.py").write_text(TESTS, encoding="utf-8")
        pairs = [(seconds(folder), seconds(folder, "-p", f"no:{PLUGIN}")) for _ in range(runs)]
    with_it, without_it = (min(times) for times in zip(*pairs, strict=True))
    print(f"2,000 tests with the plugin {with_it:.2f} s, without it {without_it:.2f} s")
    print(f"ratio {with_it / without_it:.3f}, {with_it - without_it:.3f} s a run")
    return 0


if __name__ == "__main__":
    sys.exit(main())
