"""The page of ``--ws-report``: what it begins with, how large it is, and how it looks in a browser."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest
import pytest_asyncio

from pytest_websocket.protocol.frames import Frame
from pytest_websocket.protocol.rules import MUST, SHOULD, Rule
from pytest_websocket.recording import Recording
from pytest_websocket.render import report, transcript
from pytest_websocket.render.changes import Changes
from pytest_websocket.render.conversation import Conversation
from pytest_websocket.render.overview import Circumstances
from pytest_websocket.render.run import Outcome, Record, Run
from pytest_websocket.target.secrets import Secrets

IN_A_BROWSER = pytest.mark.asyncio(loop_scope="session")
KEPT = Rule(6455, "5.2", MUST, "a rule that is kept")
BROKEN = Rule(6455, "5.1", MUST, "a rule that is broken")
ADVICE = Rule(6455, "5.5.1", SHOULD, "advice that is not followed")
LONG = "x" * 300


def conversation_of(record: Record) -> str:
    """Returns a conversation in which much was sent without a blank, and one frame against the rules."""
    recording = Recording("raw", "ws://127.0.0.1:9000/")
    for frame in (Frame(1, LONG.encode()), Frame(3, b"reserved", rsv2=True)):
        recording.sent(frame.encode())
    conversation = Conversation.of(recording, Secrets())
    return transcript.fragment([conversation], record.anchor, largest=report.LARGEST_TRANSCRIPT)


def run_of(count: int, failed: int) -> Run:
    """Returns a run of so many tests, of which the first failed, each for one of a few rules."""
    records = []
    for number in range(count):
        rule = Rule(6455, f"5.{number % 7}", MUST, f"rule {number % 40}")
        record = Record(f"tests/test_it.py::test_{number}", title=f"Test {number}", rule=rule, topic="Topic")
        if number < failed:
            record.outcome, record.reason, record.details = Outcome.FAILED, LONG, "E  " + "x" * 6000
            record.transcript = "<div>" + "x" * 39_000 + "</div>"
        records.append(record)
    return Run({record.nodeid: record for record in records})


def around(**more: Any) -> Circumstances:
    """Returns what a run was made of."""
    finished = datetime(2026, 11, 27, 14, 0, tzinfo=UTC)
    return Circumstances("ws://127.0.0.1:9000/", finished, 12.0, facts={"Python": "3.13"}, **more)


@pytest.fixture
def small() -> Run:
    """Returns a run in which one rule is broken, one not followed and one kept."""
    found = [
        Record("tests/a.py::test_kept", title="Kept", rule=KEPT, topic="Frames"),
        Record("tests/a.py::test_broken", title="Broken", rule=BROKEN, topic="Masks", outcome=Outcome.FAILED),
        Record(
            "tests/a.py::test_advice", title="Advice", rule=ADVICE, topic="Close", outcome=Outcome.DEVIATES
        ),
    ]
    found[1].reason = f"pytest_websocket.client.Failure: it was {LONG}"
    found[1].transcript = conversation_of(found[1])
    return Run({record.nodeid: record for record in found})


def test_page_begins_with_verdict_changes_and_what_is_broken(small: Run) -> None:
    changes = Changes(
        "yesterday", [(str(BROKEN), small.records["tests/a.py::test_broken"])], ["an old fault"]
    )
    links = {"commit 3f096c5": "https://example.test/commit", "run 17": "https://example.test/run"}
    page = report.page(small, around(changes=changes, links=links))
    order = [
        "The server does not conform: it breaks 1 of 2 MUST rules",
        "https://example.test/run",
        "1 newly broken, 1 no longer broken",
        "What is broken",
        "https://www.rfc-editor.org/rfc/rfc6455.html#section-5.1",
        "Deviations from SHOULD",
        'id="' + small.records["tests/a.py::test_broken"].anchor,
        "<h2>Rules</h2>",
    ]
    assert sorted(order, key=page.index) == order
    assert "pytest_websocket.client.Failure" not in page


def test_frame_that_was_sent_against_the_rules_is_marked(small: Run) -> None:
    page = report.page(small, around())
    assert page.count('<tr class="s p k0">') == 1
    assert '<u class="w">RSV2</u><u class="w">reserved opcode</u>' in page


@pytest.mark.parametrize("failed", [0, 300, 2500])
def test_page_of_a_whole_run_is_small(failed: int) -> None:
    page = report.page(run_of(2500, failed), around())
    assert len(page.encode()) < 3_000_000
    assert ("Failed tests" in page) == bool(failed)


def test_every_cause_has_a_test_that_is_shown() -> None:
    run = run_of(2500, 2500)
    page = report.page(run, around())
    rules = {str(record.rule): record for record in reversed(run.records.values())}
    assert all(f'<div id="{record.anchor}">' in page for record in rules.values())
    assert "of 2,500, of each cause the first" in page


@pytest_asyncio.fixture(loop_scope="session")
async def tab(chromium: Any) -> AsyncIterator[Any]:
    """Yields a tab of a browser."""
    context = await chromium.new_context()
    yield await context.new_page()
    await context.close()


@IN_A_BROWSER
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1500])
async def test_nothing_is_wider_than_the_window(
    small: Run, tab: Any, tmp_path: Path, width: int, scheme: Any
) -> None:
    path = tmp_path / "report.html"
    path.write_text(report.page(small, around()), encoding="utf-8")
    await tab.emulate_media(color_scheme=scheme)
    await tab.set_viewport_size({"width": width, "height": 900})
    await tab.goto(path.as_uri())
    await tab.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")
    assert await tab.evaluate("document.documentElement.scrollWidth") <= width
    ink, card = await tab.evaluate(
        "[document.body, document.querySelector('.card')].map((each, index) =>"
        " getComputedStyle(each)[index ? 'backgroundColor' : 'color'])"
    )
    assert ink != card


@IN_A_BROWSER
async def test_link_of_a_broken_rule_opens_its_test(small: Run, tab: Any, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(report.page(small, around()), encoding="utf-8")
    await tab.goto(path.as_uri())
    table = tab.locator(".test table").first
    assert not await table.is_visible()
    await tab.locator("header").get_by_role("link", name="Broken", exact=True).click()
    await table.wait_for(state="visible")


@IN_A_BROWSER
async def test_page_of_a_whole_run_opens_at_once(tab: Any, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(report.page(run_of(2500, 300), around()), encoding="utf-8")
    await tab.goto("about:blank")
    begin = perf_counter()
    await tab.goto(path.as_uri())
    await tab.locator(".verdict").wait_for()
    # Asked for is 1 s; a machine that does other work meanwhile gets more.
    assert perf_counter() - begin < 4
