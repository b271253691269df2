"""SARIF within the limits that GitHub documents for code scanning, however much a run has found."""

from __future__ import annotations

import gzip
import json
import random

import pytest

from pytest_websocket.protocol.weaknesses import Severity, Weakness
from pytest_websocket.render import sarif
from pytest_websocket.render.run import Outcome, Record, Run

LARGEST_UPLOAD = 10 << 20
"""Bytes of a compressed file."""

SHOWN_RESULTS = 5_000


def run_of(count: int, severities: tuple[Severity, ...] = (Severity.LOW, Severity.HIGH)) -> Run:
    """Returns a run in which each of ``count`` cases of a few tests has found a weakness."""
    source = random.Random(1)
    records = {}
    for number in range(count):
        nodeid = f"tests/security/test_x.py::test_weakness_{number % 40}[case {number}]"
        records[nodeid] = Record(
            nodeid,
            weakness=Weakness(400, "Others wait.", severities[number % len(severities)], ("CVE-2020-1",) * 9),
            place=("tests/security/test_x.py", 7),
            # As hard to compress as a conversation can be.
            dialogue=source.randbytes(5_000).hex(),
            outcome=Outcome.WEAK,
            reason="E: it hangs",
        )
    return Run(records)


@pytest.mark.parametrize("count", [0, 1, 6_000])
def test_file_is_within_the_limits_of_code_scanning(count: int) -> None:
    log = sarif.log(run_of(count), target="app.example", version="2")
    run = log["runs"][0]
    assert len(run["results"]) == min(count, SHOWN_RESULTS)
    rules = run["tool"]["driver"]["rules"]
    assert all(len(rule["properties"]["tags"]) <= 10 for rule in rules)
    assert len(gzip.compress(json.dumps(log).encode())) < LARGEST_UPLOAD


def test_worst_weaknesses_are_those_that_are_kept() -> None:
    results = sarif.log(run_of(10_000), target="x", version="2")["runs"][0]["results"]
    assert {result["level"] for result in results} == {"error"}


def test_fingerprints_do_not_depend_on_folder_or_line() -> None:
    one = Record("tests/security/test_x.py::test_weakness[a::b]", place=("tests/security/test_x.py", 7))
    other = Record("site-packages/pytest_websocket/tests/security/test_y.py::test_weakness[a::b]")
    assert sarif.fingerprint(one) == sarif.fingerprint(other)
    assert sarif.fingerprint(one) != sarif.fingerprint(Record("tests/security/test_x.py::test_weakness[c]"))
