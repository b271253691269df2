"""The artifacts of a browser test, and that a wrong record of either side is noticed."""

from __future__ import annotations

import pytest

from pytest_websocket.fixtures import Target
from pytest_websocket.plugin.browser_artifacts import BrowserArtifacts
from pytest_websocket.plugin.browser_page import BrowserPage
from pytest_websocket.plugin.server_log import ServerLog

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.needs("embedded", "echo"),
]

SAY = """async (url, text) => {
    const socket = await connect(url);
    socket.send(text);
    console.log(await message(socket));
}"""


async def test_case_leaves_a_screenshot_the_console_and_the_frames(
    browser_page: BrowserPage, target: Target, browser_artifacts: BrowserArtifacts
) -> None:
    await browser_page.run(SAY, target.url, "hello\x1b")
    left = {name: (content, kind) for name, content, kind in await browser_artifacts.collect()}
    assert list(left) == ["Screenshot of the page", "Console of the page", "Frames as the page saw them"]
    picture, kind = left["Screenshot of the page"]
    assert (kind, picture[:4]) == ("image/png", b"\x89PNG")
    assert left["Console of the page"] == ("Сервер получил: hello\\x1b", "text/plain")
    head, sent, received = str(left["Frames as the page saw them"][0]).splitlines()
    assert head == f"{target.url}/ · 101 · open"
    assert sent.endswith("→       6 B  hello\\x1b")
    assert received.endswith("←      35 B  Сервер получил: hello\\x1b")


async def test_closed_tab_leaves_what_it_showed_last(
    browser_page: BrowserPage, browser_artifacts: BrowserArtifacts
) -> None:
    await browser_page.close()
    name, picture, _ = (await browser_artifacts.collect())[0]
    assert (name, picture[:4]) == ("Screenshot of the page", b"\x89PNG")


async def test_server_that_tells_another_story_than_the_browser_is_found_out(
    browser_page: BrowserPage,
    target: Target,
    server_log: ServerLog,
    browser_artifacts: BrowserArtifacts,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await browser_page.run(SAY, target.url, "hello")
    assert await browser_artifacts.disagreement() == ""
    monkeypatch.setattr(browser_artifacts, "deadline", 0)
    told = server_log.entries[0].sent
    told[0] = "Сервер получил: something else"
    assert "'Сервер получил: something else' and received as 'Сервер получил: hello'" in (
        await browser_artifacts.disagreement()
    )
    told[0] = "Сервер получил: hello"
