"""One run of specimen.py with everything that a report must cope with, and the results of it."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from pytest_websocket.allure.page import main as finish_page

ROOT = Path(__file__).parents[4]
SPECIMEN = Path(__file__).with_name("specimen.py")
TOKEN = "s3cr3t-T0ken/with+signs=="


@dataclass(frozen=True)
class Specimen:
    """A run: what it printed, its exit status, the folder of its results, and what none of them may hold."""

    status: int
    output: str
    folder: Path
    token: str

    @property
    def results(self) -> Path:
        """The folder of Allure results."""
        return self.folder / "results"

    @cached_property
    def tests(self) -> dict[str, dict[str, Any]]:
        """Results by the test's name without ``test_``, with ``[id]`` where it has parameters."""
        found = {}
        for path in self.results.glob("*-result.json"):
            result = json.loads(path.read_text(encoding="utf-8"))
            name = result["fullName"].partition("#test_")[2]
            case = next((p["value"] for p in result.get("parameters", ()) if p["name"] == "case"), "")
            found[f"{name}[{case}]" if case else name] = result
        return found

    def attachment(self, test: str, beginning: str) -> str:
        """Returns the body of the attachment of a test whose name begins so."""
        attached = self.tests[test]["attachments"]
        (source,) = (each["source"] for each in attached if each["name"].startswith(beginning))
        body: str = (self.results / source).read_text(encoding="utf-8")
        return body

    def link(self, test: str) -> str:
        """Returns where the report shows a test."""
        return "#" + hashlib.md5(self.tests[test]["uuid"].encode()).hexdigest()


@pytest.fixture(scope="session")
def specimen(tmp_path_factory: pytest.TempPathFactory) -> Specimen:
    """Returns the run, in two processes of xdist, with a credential that must not be shown."""
    folder = tmp_path_factory.mktemp("specimen")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("WS_", "PYTEST"))}
    done = subprocess.run(
        [
            *(
                sys.executable,
                "-m",
                "pytest",
                str(SPECIMEN),
                "-n",
                "2",
                "--color=no",
                "-p",
                "no:cacheprovider",
            ),
            *("--ws-header", f"Authorization: Bearer {TOKEN}", "--ws-header", f"X-Tenant: {TOKEN}-2"),
            *(f"--alluredir={folder / 'results'}", f"--junitxml={folder / 'junit.xml'}"),
        ],
        cwd=ROOT,
        env=clean | {"GITHUB_STEP_SUMMARY": str(folder / "summary.md")},
        capture_output=True,
        check=False,
    )
    return Specimen(done.returncode, (done.stdout + done.stderr).decode("utf-8"), folder, TOKEN)


@pytest.fixture(scope="session")
def built_report(specimen: Specimen) -> Path:
    """Returns the finished page of the specimen's run; skips where Node or Allure are not installed."""
    allure = ROOT / "node_modules" / "@allurereport" / "core"
    # As in the Makefile: a Node of our own, where the machine has none that will do.
    node = shutil.which("node", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    if node is None or not allure.is_dir():
        pytest.skip("no Node or no Allure here: `make report` installs both")
    config = specimen.folder / "allurerc.mjs"
    text = (ROOT / "allurerc.mjs").read_text(encoding="utf-8").replace('"allure-report"', '"report"')
    config.write_text(text, encoding="utf-8")
    done = subprocess.run(
        [
            *(
                node,
                str(ROOT / "autotests-api" / "pytest_websocket" / "allure" / "build.mjs"),
                str(specimen.results),
            ),
            *("--output", str(specimen.folder / "report")),
        ],
        cwd=specimen.folder,
        capture_output=True,
        text=True,
        check=False,
    )
    page = specimen.folder / "report" / "index.html"
    assert page.is_file(), done.stdout + done.stderr
    assert finish_page([str(page), "--results", str(specimen.results)]) == 0
    return page
