"""What the report costs: CPU and bytes per test, how long the page takes to build, and to show its tree.

    python bench/report.py [--rounds 3] [CASES…]

Runs the cases (default: the contract and masking) with and without results, in turn, and compares the CPU of
the whole process; then builds the page, where Allure is installed.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

REPOSITORY = Path(__file__).resolve().parents[1]
TESTS = REPOSITORY / "autotests-api" / "tests"
CASES = [str(TESTS / "contract"), str(TESTS / "conformance" / "rfc6455" / "test_05_1_masking.py")]


def cpu(cases: list[str], *options: str) -> float:
    """Returns the CPU seconds of a run of pytest."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *cases, *options],
        cwd=REPOSITORY,
        check=False,
        stdout=subprocess.DEVNULL,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", nargs="*", default=CASES)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        results = Path(folder) / "results"
        without, written = [], []
        for _ in range(options.rounds):
            without.append(cpu(options.cases))
            written.append(cpu(options.cases, f"--alluredir={results}", "--clean-alluredir"))
        sizes = [path.stat().st_size for path in results.iterdir() if path.is_file()]
        tests = len(list(results.glob("*-result.json")))
        extra = statistics.median(written) - statistics.median(without)
        print(f"{tests} tests, {statistics.median(without):.2f} s of CPU without results")
        print(f"writing: {extra / tests * 1000:.1f} ms of CPU per test")
        largest = f"the largest file {max(sizes) / 1000:.0f} kB"
        print(f"results: {sum(sizes) / tests / 1000:.1f} kB per test, {largest}")
        _build(results, Path(folder) / "report")


def _build(results: Path, report: Path) -> None:
    if not (REPOSITORY / "node_modules" / "@allurereport").is_dir():
        print("page: not built, Allure is not installed (make report installs it)")
        return
    begin = perf_counter()
    script = REPOSITORY / "autotests-api" / "pytest_websocket" / "allure" / "build.mjs"
    page = report / "index.html"
    # As in the Makefile: a Node of our own, where the machine has none that will do.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    node = shutil.which("node", path=path) or "node"
    # Beside its own copy of the settings, for a measurement is no run that belongs into the history.
    shutil.copy(REPOSITORY / "allurerc.mjs", report.parent)
    subprocess.run([node, script, results, "--output", report], cwd=report.parent, check=True)
    finish = [sys.executable, "-m", "pytest_websocket.allure.page", page, "--results", results]
    subprocess.run(finish, cwd=REPOSITORY / "autotests-api", check=True)
    took = perf_counter() - begin
    print(f"page: {took:.1f} s, {page.stat().st_size / 1e6:.1f} MB")
    _open(page)


def _open(page: Path) -> None:
    chromium = next(filter(None, map(shutil.which, ("chromium", "google-chrome"))), None)
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        chromium = None
    if chromium is None:
        print("opening: not measured, Playwright or Chromium are not installed")
        return
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        times = []
        for _ in range(5):
            tab = browser.new_page()
            begin = perf_counter()
            tab.goto(page.as_uri(), wait_until="commit")
            tab.get_by_test_id("tree-content").first.wait_for()
            times.append(perf_counter() - begin)
            tab.close()
        browser.close()
    print(f"opening: the tree is shown after {statistics.median(times):.2f} s")


if __name__ == "__main__":
    main()
