"""Writes the pictures of the reports into docs/: runs tests, builds the pages, opens them in Chromium."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from pytest_websocket.plugin.fixtures.browser import NAMES
from verification.weak_servers.catalogue import DEMO, OPTIONS

ROOT = Path(__file__).parents[3]
SOURCES = ROOT / "autotests-api"
DOCS = ROOT / "docs"
SUITE = SOURCES / "tests" / "conformance"
WEAK = SOURCES / "tests" / "security"
SHOWN = ("origin_check", "credentials", "sessions", "injection", "disclosure")
"""Security cases that the picture of a report shows."""

FAULTS = ("correct", "answers-close-with-a-too-long-reason", "accepts-half-a-code")


def run(*options: str, folder: Path = ROOT, **environment: str) -> None:
    """Runs pytest with the plugin; failures are part of the picture."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options]
    known = {"PYTHONPATH": str(SOURCES), **environment}
    subprocess.run(command, cwd=folder, env=os.environ | known, check=False, stdout=subprocess.DEVNULL)


@contextlib.contextmanager
def serving(name: str, module: str = "verification.faulty_servers") -> Iterator[str]:
    """Starts a server of a catalogue by its name, and gives its URL."""
    command = [sys.executable, "-m", module, name]
    environment = os.environ | {"PYTHONPATH": str(SOURCES)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().strip()
        finally:
            server.terminate()


def allure_page(results: Path) -> Path:
    """Builds the Allure page of a folder of results."""
    folder = results.parent / f"{results.name}-page"
    shutil.copy(ROOT / "allurerc.mjs", results.parent)
    build = SOURCES / "pytest_websocket" / "allure" / "build.mjs"
    node = shutil.which("node", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    command = [node or "node", str(build), str(results), "--output", str(folder)]
    subprocess.run(command, cwd=results.parent, check=True, stdout=sys.stderr)
    page = folder / "index.html"
    finish = [sys.executable, "-m", "pytest_websocket.allure.page", str(page), "--results", str(results)]
    subprocess.run(finish, env=os.environ | {"PYTHONPATH": str(SOURCES)}, check=True)
    return page


def place_of(results: Path, test: str) -> str:
    """Returns where the page shows a test."""
    found = (json.loads(path.read_bytes()) for path in results.glob("*-result.json"))
    uuid = next(result["uuid"] for result in found if result["fullName"].endswith(test))
    return "#" + hashlib.md5(uuid.encode(), usedforsecurity=False).hexdigest()


class Camera:
    """Opens pages in a browser and writes what they look like."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser

    @contextlib.contextmanager
    def opened(self, url: str, *, height: int, width: int = 960, scheme: Any = "light") -> Iterator[Any]:
        """Opens a page in a window of that size, in pixels."""
        context = self._browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
        page = context.new_page()
        page.goto(url)
        yield page
        context.close()

    def test(self, url: str, name: str, *, height: int) -> None:
        """Takes a picture of a test in Allure's page, once its conversation is there."""
        with self.opened(url, height=height) as page:
            frames = "[...document.querySelectorAll('iframe[srcdoc]')]"
            shown = f"{frames}.some((each) => each.contentDocument?.querySelector('table'))"
            page.wait_for_function(shown)
            page.get_by_text("Test body").wait_for()
            page.wait_for_timeout(500)
            page.screenshot(path=DOCS / name)


def main() -> None:
    """Makes all pictures."""
    browser_path = next(filter(None, map(shutil.which, NAMES)))
    with tempfile.TemporaryDirectory() as given, sync_playwright() as playwright:
        folder = Path(given)
        browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
        camera = Camera(browser)
        tests = folder / "tests"
        tests.mkdir()
        shutil.copy(Path(__file__).with_name("scenes.py"), tests / "test_orders.py")
        plugin = ("-p", "pytest_websocket.plugin", "-o", "asyncio_mode=auto")
        run(*plugin, f"--alluredir={folder / 'scenes'}", folder=folder)
        page = allure_page(folder / "scenes").as_uri()
        for test, name in (("subscribe_at_once", "report.png"), ("kept_in_a_burst", "report-failure.png")):
            camera.test(page + place_of(folder / "scenes", test), name, height=1340)

        closing = [
            str(SUITE / "rfc6455" / f"test_0{name}.py") for name in ("5_5_1_close", "7_4_status_codes")
        ]
        results = folder / "servers"
        for fault in FAULTS:
            with serving(fault) as url:
                run(*closing, "--ws-url", url, f"--alluredir={results}", REPORT_ENVIRONMENT=fault)
                run(*closing, "--ws-url", url, f"--ws-report={folder / fault}.html")
                run(*closing, "--ws-url", url, f"--alluredir={folder / 'one'}-{fault}")
        with camera.opened(allure_page(results).as_uri(), height=1000) as tab:
            tab.get_by_role("button", name="All rules").first.click()
            tab.frame_locator("dialog.rules iframe").locator("table").first.wait_for()
            tab.wait_for_timeout(500)
            tab.screenshot(path=DOCS / "report-matrix.png")
        home = allure_page(folder / f"one-{FAULTS[1]}").as_uri()
        with camera.opened(home, height=900) as tab:
            tab.get_by_test_id("tree-content").first.wait_for()
            tab.screenshot(path=DOCS / "report-home.png")
            tab.get_by_role("button", name="All rules").click()
            tab.frame_locator("dialog.rules iframe").locator("details").first.wait_for()
            tab.wait_for_timeout(500)
            tab.screenshot(path=DOCS / "report-conformance.png")
        own = (folder / f"{FAULTS[1]}.html").as_uri()
        with camera.opened(own, height=1100, scheme="dark") as tab:
            tab.evaluate("document.querySelector('details.test').open = true")
            tab.screenshot(path=DOCS / "report-own.png")
        security = folder / "security.html"
        with serving(DEMO, "verification.weak_servers") as url:
            run(
                *(str(WEAK / f"test_{name}.py") for name in SHOWN),
                "--ws-url",
                url,
                *OPTIONS,
                f"--ws-report={security}",
            )
        with camera.opened(security.as_uri(), height=700) as tab:
            tab.screenshot(path=DOCS / "report-security.png")
        browser.close()


if __name__ == "__main__":
    main()
