"""Chromium runs the loop of ``wstest``: its page, its cases, its reports, as one run with its verdicts."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_websocket.wstest.cases import reference_cases
from pytest_websocket.wstest.progress import Progress
from pytest_websocket.wstest.results import Results
from pytest_websocket.wstest.selection import select
from pytest_websocket.wstest.settings import Settings
from pytest_websocket.wstest.spec import parse_spec
from pytest_websocket.wstest.testing_clients import FuzzingServer

if TYPE_CHECKING:
    from playwright.async_api import BrowserContext

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.needs("embedded"),
]

CASES = [*(f"{chapter}.*" for chapter in range(1, 8)), "9.1.1", "9.3.5", "10.*", "12.*.[19]$", "13.*.[19]$"]


ECHOES_WRONG_CODES = {f"7.9.{third}" for third in (1, 2, 3, 6, 7, 8, 9)}
"""Chromium answers a Close frame with a code that is not defined by the same code (RFC 6455 §7.4.2)."""


async def test_browser_keeps_the_reference_suites_cases(
    browser_context: BrowserContext, tmp_path: Path
) -> None:
    spec = parse_spec(
        {"url": "ws://127.0.0.1:0", "outdir": str(tmp_path)}, for_servers=False, settings=Settings(scale=2)
    )
    results = Results()
    chosen = select(reference_cases(20), CASES, [])
    server = FuzzingServer(spec, chosen, results, Progress(quiet=True))
    await server.start(0)
    serving = asyncio.ensure_future(server.serve())
    page = await browser_context.new_page()
    try:
        await page.goto(f"http://127.0.0.1:{server.port}/?agent=chromium&parallel=8&run=1")
        await page.wait_for_function("document.title === 'done'", timeout=120_000)
    finally:
        await page.close()
        server.stop()
        await serving
    index = json.loads((tmp_path / "index.json").read_text(encoding="utf-8"))["chromium"]
    assert len(index) == len(chosen)
    failed = {one.case.number for one in results.of("chromium") if one.verdict.is_failure()}
    assert failed == ECHOES_WRONG_CODES
