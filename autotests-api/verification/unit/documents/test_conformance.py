"""The list of cases: complete against the reference suite, and the same in docs/conformance.md."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[4]
DOCUMENT = ROOT / "docs" / "conformance.md"

GROUPS = {
    "1.1": 8,
    "1.2": 8,
    "2": 11,
    "3": 7,
    "4.1": 5,
    "4.2": 5,
    "5": 20,
    "6.1": 3,
    "6.2": 4,
    "6.3": 2,
    "6.4": 4,
    "6.5": 5,
    "6.6": 11,
    "6.7": 4,
    "6.8": 2,
    "6.9": 4,
    "6.10": 3,
    "6.11": 5,
    "6.12": 8,
    "6.13": 5,
    "6.14": 10,
    "6.15": 1,
    "6.16": 3,
    "6.17": 5,
    "6.18": 5,
    "6.19": 5,
    "6.20": 7,
    "6.21": 8,
    "6.22": 34,
    "6.23": 7,
    "7.1": 6,
    "7.3": 6,
    "7.5": 1,
    "7.7": 13,
    "7.9": 9,
    "7.13": 2,
    "9.1": 6,
    "9.2": 6,
    "9.3": 9,
    "9.4": 9,
    "9.5": 6,
    "9.6": 6,
    "9.7": 6,
    "9.8": 6,
    "10.1": 1,
    **{f"12.{part}": 18 for part in range(1, 6)},
    **{f"13.{part}": 18 for part in range(1, 8)},
}
"""Groups of the Autobahn Testsuite 0.8, and how many cases each has; 12 and 13 are about RFC 7692."""


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Returns what `pytest --rfc-table` writes now."""
    path = tmp_path_factory.mktemp("table") / "conformance.md"
    command = [sys.executable, "-m", "pytest", "--rfc-table", str(path), "-p", "no:cacheprovider"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return path.read_text(encoding="utf-8")


def numbers_in(table: str) -> set[str]:
    """Returns the numbers in the last column of the table, ranges written out."""
    found = set()
    for row in table.splitlines():
        if not row.startswith(("| MUST", "| SHOULD", "| MAY")):
            continue
        for item in row.strip("| ").rpartition("|")[2].split(","):
            match = re.fullmatch(r"(\d+(?:\.\d+)*)\.(\d+)(?:–(\d+))?", item.strip())
            if match:
                first, last = int(match[2]), int(match[3] or match[2])
                found |= {f"{match[1]}.{number}" for number in range(first, last + 1)}
    return found


def test_every_autobahn_case_stands_on_a_case(table: str) -> None:
    expected = {f"{group}.{number}" for group, count in GROUPS.items() for number in range(1, count + 1)}
    assert len(expected) == 301 + 216
    assert sorted(expected - numbers_in(table)) == []


def test_no_case_claims_an_autobahn_case_that_does_not_exist(table: str) -> None:
    known = {f"{group}.{number}" for group, count in GROUPS.items() for number in range(1, count + 1)}
    assert sorted(numbers_in(table) - known) == []


def test_conformance_document_is_up_to_date(table: str) -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == table, (
        "run `make conformance` and commit docs/conformance.md"
    )
