"""Allure's page after `pytest_websocket.allure.page` has finished it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_websocket.allure.page import Beginning, finish
from pytest_websocket.render import proof_page
from verification.unit.allure.unpacking import unpacked

if TYPE_CHECKING:
    from verification.unit.allure.conftest import Specimen

ROOT = Path(__file__).parents[4]

RAW = """<html><head></head><body><div id="app"></div>
    <script   src="data:text/javascript;base64,Ly8gYXBw"></script>
    <script async src="https://www.googletagmanager.com/gtag/js?id=G-1"></script>
    <script>
        window.dataLayer = window.dataLayer || [];
        function gtag(){dataLayer.push(arguments);}
    </script>
    <script defer>
      Promise.allSettled([d("a.json","eyJhIjoxfQ=="),d("widgets/b \\u00e9.txt","Yg==")])
        .then(function(){ window.allureReportDataReady = true; })
    </script></body></html>"""


def test_analytics_is_taken_out() -> None:
    assert "google" not in finish(RAW)
    assert "gtag" not in finish(RAW)


def test_proof_is_told_in_short() -> None:
    page = proof_page.page()
    assert re.search(r"<b>\d+ of \d+</b>", page)
    assert "§5.4" in page
    assert len(page.encode()) < 100_000


def test_proof_that_was_never_made_is_not_told(tmp_path: Path) -> None:
    assert proof_page.page(tmp_path / "proof.md") == ""


def test_table_cannot_end_the_script() -> None:
    page = finish(RAW, Beginning(rules="</script><script>alert(1)</script>"))
    assert page.count("</script>") == finish(RAW).count("</script>")


def test_overview_stands_before_the_report() -> None:
    page = finish(RAW, Beginning(sections="<section>verdict</section>"))
    assert page.index("<section>verdict</section>") < page.index('<div id="app">')


def test_unknown_page_is_refused() -> None:
    with pytest.raises(ValueError, match=r"Allure 3\.18"):
        finish('<html><img src="https://www.googletagmanager.com/x"></html>')


def test_secret_is_not_in_the_page(built_report: Path, specimen: Specimen) -> None:
    page = built_report.read_text(encoding="utf-8")
    assert specimen.token not in page
    _, files = unpacked(page)
    assert files
    assert not any(specimen.token.encode() in each for each in files.values())


def test_history_is_that_of_the_target_and_the_selection(built_report: Path, specimen: Specimen) -> None:
    assert built_report.is_file()
    (history,) = (specimen.folder / "history").iterdir()
    assert re.fullmatch(r"embedded-echo-server-[0-9a-f]{8}\.jsonl", history.name)


def test_page_of_the_proof_lists_as_unnoticed_only_what_nothing_noticed(tmp_path: Path) -> None:
    stored = tmp_path / "proof.md"
    stored.write_text(
        "# Proof\n\n| a | b |\n|---|---|\n| c | d |\n\n"
        f"## {proof_page.UNNOTICED}\n\n- `quiet-one` (contract): No test fails on it.\n\n"
        "## Faults whose failures name another rule\n\n- `loud-one` (contract): Everybody hears it.\n\n"
        "| contract | 2 | 1 |\n",
        encoding="utf-8",
    )
    page = proof_page.page(stored)
    assert "quiet-one" in page
    assert "loud-one" not in page


def test_page_of_one_server_is_finished_by_the_standard_library_alone(tmp_path: Path) -> None:
    page = tmp_path / "index.html"
    page.write_text(RAW, encoding="utf-8")
    done = subprocess.run(
        # Without the packages that pip has installed, as in the job that only builds the page.
        [sys.executable, "-S", "-m", "pytest_websocket.allure.page", str(page), "--results", str(tmp_path)],
        env={"PYTHONPATH": str(ROOT / "autotests-api")},
        capture_output=True,
        check=False,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "google" not in page.read_text(encoding="utf-8")
