"""Runs that share a page: each is told apart by its name, and a run without one stays as it is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from verification.conftest import RunSuite


@pytest.mark.parametrize(("name", "shown"), [("Python 3.13", ["Python 3.13"]), ("", [])])
def test_every_result_carries_the_name_of_its_run(
    run_suite: RunSuite, tmp_path: Path, name: str, shown: list[str]
) -> None:
    results = tmp_path / "results"
    case = "contract/test_order.py::test_one_message_brings_exactly_one_reply"
    run = run_suite(case, f"--alluredir={results}", REPORT_ENVIRONMENT=name)
    assert run.status == 0, run.output
    (result,) = results.glob("*-result.json")
    labels = json.loads(result.read_text(encoding="utf-8"))["labels"]
    assert [label["value"] for label in labels if label["name"] == "environment"] == shown
