"""The jobs of the workflow, as GitHub's runner does them: a fresh clone, and each step in order."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from verification.packaging.conftest import ROOT, run
from verification.packaging.steps import Runner, read

WORKFLOW = ROOT / ".github" / "workflows" / "autotests.yml"

MOST = 8_000_000
"""Bytes of the page of a small run; Allure's own part has 6 MB, and results are packed."""

pytestmark = [
    pytest.mark.xdist_group("wheel"),
    pytest.mark.skipif(not (ROOT / ".git").exists(), reason="not a git checkout"),
]


def test_suite_is_run_as_the_ci_script_does() -> None:
    steps = read(WORKFLOW)["jobs"]["run-tests"]["steps"]
    commands = [step["run"].strip() for step in steps if "run" in step]
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert [re.sub(" ARGS=.*", "", command) for command in commands] == ["make test"]
    assert "make test" in script


def test_report_is_built_from_the_results_of_the_other_job_and_published(tmp_path: Path) -> None:
    artifacts = tmp_path / "artifacts"
    results = artifacts / "allure-results-3.11"
    results.mkdir(parents=True)
    suite = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "autotests-api/tests/contract/test_order.py")
    run(sys.executable, *suite, f"--alluredir={results}", folder=ROOT).check()

    values = {"needs.run-tests.result == 'success' && '0' || '1'": "0"}
    runner = Runner(tmp_path / "clone", artifacts, values)
    ended = runner.steps(read(WORKFLOW)["jobs"]["build-report"]["steps"])

    assert [one.status for one in ended] == [0, 0], f"{ended[-1].output}\n{ended[-1].errors}"
    page = (artifacts / "allure-report" / "index.html").read_text(encoding="utf-8")
    assert len(page) < MOST
    assert "googletagmanager" not in page

    runner.steps(read(WORKFLOW)["jobs"]["publish-report"]["steps"])
    assert (runner.site / "index.html").read_text(encoding="utf-8") == page
    # The next run fetches it from there.
    assert (runner.site / "history.tar.gz").is_file()


def test_report_is_published_from_the_main_branch_only_and_by_the_least_permission() -> None:
    workflow = read(WORKFLOW)
    jobs = workflow["jobs"]
    handed_on = [step for step in jobs["build-report"]["steps"] if "upload-pages" in step.get("uses", "")]
    assert [step["if"] for step in handed_on] == ["${{ github.ref == 'refs/heads/main' }}"]
    assert "github.ref == 'refs/heads/main'" in jobs["publish-report"]["if"]
    assert "needs.build-report.result == 'success'" in jobs["publish-report"]["if"]
    assert workflow["permissions"] == {}
    assert jobs["publish-report"]["permissions"] == {"pages": "write", "id-token": "write"}


def test_every_python_of_the_workflow_keeps_what_pip_downloads() -> None:
    steps = [step for job in read(WORKFLOW)["jobs"].values() for step in job.get("steps", [])]
    pythons = [step for step in steps if step.get("uses", "").startswith("actions/setup-python@")]
    assert pythons
    assert {step.get("with", {}).get("cache") for step in pythons} == {"pip"}
