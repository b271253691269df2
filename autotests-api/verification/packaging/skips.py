"""Checks the skips of a run against skips.toml: ``python -m verification.packaging.skips junit.xml …``.

A skip that is not listed there is a test that never runs and that nothing reports.
"""

from __future__ import annotations

import re
import sys
import tomllib
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator
from pathlib import Path

ALLOWED = Path(__file__).parents[1] / "skips.toml"


def skips_in(files: Iterable[Path]) -> Iterator[tuple[str, str]]:
    """Returns test and reason of each skip; an expected failure is none."""
    for file in files:
        for case in ET.parse(file).iter("testcase"):
            for skip in case.iter("skipped"):
                if skip.get("type") == "pytest.skip":
                    yield f"{case.get('classname')}.{case.get('name')}", skip.get("message", "")


def unknown(skips: Iterable[tuple[str, str]], allowed: Iterable[str]) -> list[str]:
    """Returns the skips whose reason no pattern of ``allowed`` matches, one line each."""
    patterns = [re.compile(pattern) for pattern in allowed]
    return [f"{test}: {reason}" for test, reason in skips if not any(p.search(reason) for p in patterns)]


def main(files: list[str]) -> int:
    """Prints the skips that are not allowed and returns 1 where there is one."""
    allowed = [entry["skip"] for entry in tomllib.loads(ALLOWED.read_text(encoding="utf-8"))["allowed"]]
    skips = list(skips_in(map(Path, files)))
    found = unknown(skips, allowed)
    if found:
        print(f"{len(found)} skips that {ALLOWED.name} does not allow:", *found, sep="\n  ")
        return 1
    print(f"{len(skips)} skips, all of them allowed by verification/{ALLOWED.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
