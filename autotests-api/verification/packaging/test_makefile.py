"""Targets of the Makefile that no other test runs, with the packages that run this test."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from verification.packaging.conftest import ROOT, Ended, run

ALLURE = ROOT / "node_modules" / "allure"

CASE = "autotests-api/tests/contract/test_order.py::test_one_message_brings_exactly_one_reply"


def make(target: str, *variables: str) -> Ended:
    """Runs ``make``; nothing is installed, and what is made is left out of the checkout by ``variables``."""
    here = (f"BIN={Path(sys.executable).parent}", "SUITE=", "ALLURE=")
    return run("make", "--no-print-directory", target, *here, *variables, folder=ROOT)


@pytest.mark.skipif(not ALLURE.is_dir(), reason="Allure is not installed: npm ci")
def test_matrix_shows_each_server_under_its_name_or_its_host(echo_url: str, tmp_path: Path) -> None:
    page, results = tmp_path / "report" / "index.html", tmp_path / "results"
    ended = make(
        "matrix",
        f"TARGETS=first={echo_url} {echo_url}",
        f"RESULTS={results}",
        f"PAGE={page}",
        f"ARGS={CASE} -q -p no:cacheprovider",
    )
    ended.check()
    host = echo_url.removeprefix("ws://")
    titles = [line for line in ended.output.splitlines() if line.startswith("== ")]
    assert titles == ["== first", f"== {host}"]
    found = [json.loads(file.read_text(encoding="utf-8"))["labels"] for file in results.glob("*-result.json")]
    labels = [(label["name"], label["value"]) for one in found for label in one]
    assert {value for name, value in labels if name == "environment"} == {"first", host}
    assert page.is_file()


def test_matrix_without_servers_says_how_they_are_named() -> None:
    ended = make("matrix")
    assert ended.status == 2
    assert ended.errors.splitlines()[0] == (
        'make matrix TARGETS="name=ws://127.0.0.1:9001 other=wss://b.example"'
    )
