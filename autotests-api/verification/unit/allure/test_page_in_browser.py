"""The finished page, opened from disk in a real browser."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

if TYPE_CHECKING:
    from verification.unit.allure.conftest import Specimen

# A page of Playwright, which is not installed everywhere.
Page = Any
Opened = Callable[..., Awaitable[Page]]

# The browser belongs to one event loop for the whole session.
pytestmark = pytest.mark.asyncio(loop_scope="session")

# The frame is asked through the page: while it changes from blob to srcdoc, Playwright loses sight of it.
CONVERSATION = "document.querySelector('iframe[srcdoc]').contentDocument"
CUT_LABELS = """() => [...document.querySelectorAll("[data-testid='metadata-item-key']")]
    .flatMap((label) => [label, ...label.querySelectorAll("*")])
    .filter((each) => each.scrollWidth > each.clientWidth + 1)
    .filter((each) => getComputedStyle(each).overflowX !== "visible")
    .map((each) => each.textContent)"""
IS_SHOWN = "document.querySelector('iframe[srcdoc]')?.contentDocument?.querySelector('table')"


@pytest_asyncio.fixture(loop_scope="session")
async def opened(chromium: Any, built_report: Path) -> AsyncIterator[Opened]:
    """Opens the report at a hash; whatever it asks of the network is kept in ``asked``."""
    context = await chromium.new_context(viewport={"width": 1500, "height": 1000})
    page = await context.new_page()
    page.asked = []
    page.on("request", lambda request: page.asked.append(request.url))

    async def open_at(place: str = "") -> Page:
        await page.goto(f"{built_report.as_uri()}{place}")
        return page

    yield open_at
    await context.close()


@pytest_asyncio.fixture(loop_scope="session")
async def conversation(opened: Opened, specimen: Specimen) -> Page:
    """Returns the report at the test that has markup echoed; its conversation unfolds by itself."""
    page = await opened(specimen.link("markup_is_echoed"))
    await page.wait_for_function(IS_SHOWN)
    return page


async def test_home_shows_the_outcome_and_asks_nothing_of_the_network(opened: Opened) -> None:
    page = await opened()
    await page.get_by_text("Our own tools").first.wait_for()
    await page.get_by_text("Global Attachments").first.wait_for()
    assert [url for url in page.asked if not url.startswith(("file:", "data:", "blob:"))] == []


async def test_echoed_markup_is_text(conversation: Page) -> None:
    shown = await conversation.evaluate(f"{CONVERSATION}.querySelector('tr.s td.d').textContent")
    assert shown == "<script>window.pwned = true</script><img src=x onerror='window.pwned = true'>"
    assert await conversation.evaluate(f"{CONVERSATION}.querySelectorAll('script, img').length") == 0
    pwned = f"[window, {CONVERSATION}.defaultView].map(each => each.pwned ?? null)"
    assert await conversation.evaluate(pwned) == [None, None]


async def test_conversation_is_shown_in_its_full_height(conversation: Page) -> None:
    outer = "document.querySelector('iframe[srcdoc]').clientHeight"
    await conversation.wait_for_function(f"{outer} >= {CONVERSATION}.body.scrollHeight")
    assert await conversation.evaluate(outer) > 150


async def test_filter_works_without_script(conversation: Page) -> None:
    rows = f"[...{CONVERSATION}.querySelectorAll('tbody tr')].filter(row => row.offsetHeight)"
    assert await conversation.evaluate(f"{rows}.map(row => row.className[0]).join('')") == "sgsgn"
    await conversation.evaluate(f"{CONVERSATION}.querySelector('label[for=f-s]').click()")
    assert await conversation.evaluate(f"{rows}.map(row => row.className[0]).join('')") == "ssn"


@pytest.mark.parametrize("width", [1500, 400])
async def test_verdict_is_what_the_page_begins_with(opened: Opened, width: int) -> None:
    page = await opened()
    await page.set_viewport_size({"width": width, "height": 1000})
    await page.get_by_text("Our own tools").first.wait_for()
    assert "does not conform" in await page.locator(".overview .verdict").inner_text()
    below = await page.evaluate("document.querySelector('#app').getBoundingClientRect().top")
    overview = await page.locator(".overview").bounding_box()
    assert overview["y"] + overview["height"] <= below
    assert await page.evaluate("document.documentElement.scrollWidth") <= width
    assert not await page.get_by_label("Success rate").first.is_visible()


async def test_broken_rule_leads_to_its_test(opened: Opened, specimen: Specimen) -> None:
    page = await opened()
    await page.locator(".overview").get_by_role("link", name="Must is broken").click()
    await page.get_by_text("Test body").wait_for()
    assert await page.evaluate("location.hash") == specimen.link("must_is_broken")
    assert await page.locator(".overview .verdict").is_visible()
    assert not await page.locator(".overview .detail").is_visible()


@pytest.mark.parametrize("width", [1500, 400])
async def test_table_of_rules_leads_to_the_cases(opened: Opened, specimen: Specimen, width: int) -> None:
    page = await opened()
    await page.set_viewport_size({"width": width, "height": 1000})
    await page.get_by_role("button", name="All rules").click()
    table = page.frame_locator("dialog.rules iframe")
    assert "What is broken" in await table.locator("body").inner_text()
    head = await page.locator("dialog.rules header").bounding_box()
    frame = await page.locator("dialog.rules iframe").bounding_box()
    assert head["y"] + head["height"] <= frame["y"]
    await table.get_by_role("link", name="Must is broken").first.click()
    await page.get_by_text("Test body").wait_for()
    assert await page.evaluate("location.hash") == specimen.link("must_is_broken")
    assert not await page.locator("dialog.rules").is_visible()


async def test_labels_are_whole_on_a_phone(opened: Opened) -> None:
    page = await opened()
    await page.set_viewport_size({"width": 400, "height": 1000})
    await page.get_by_test_id("metadata-item-key").first.wait_for()
    assert await page.evaluate(CUT_LABELS) == []


async def test_difference_is_shown_beside_an_open_conversation(opened: Opened, specimen: Specimen) -> None:
    page = await opened(specimen.link("markup_is_in_the_failure"))
    await page.wait_for_function(IS_SHOWN)
    await page.get_by_test_id("test-result-diff-button").first.click()
    await page.get_by_text("Side by Side").wait_for()
    assert not await page.get_by_text("_webSocketMessages").is_visible()
