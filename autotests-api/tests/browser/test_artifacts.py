"""The artifacts of a browser test, and that a wrong record of either side is noticed."""

from __future__ import annotations

import pytest

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


async def test_case_leaves_a_screenshot_the_console_and_the_frames(tab, target, evidence):
    await tab.run(SAY, target.url, "hello\x1b")
    left = {name: (content, kind) for name, content, kind in await evidence.collect()}
    assert list(left) == ["Screenshot of the tab", "Console of the tab", "Frames as the tab saw them"]
    picture, kind = left["Screenshot of the tab"]
    assert (kind, picture[:4]) == ("image/png", b"\x89PNG")
    assert left["Console of the tab"] == ("Сервер получил: hello\\x1b", "text/plain")
    head, sent, received = left["Frames as the tab saw them"][0].splitlines()
    assert head == f"{target.url}/ · 101 · open"
    assert sent.endswith("→       6 B  hello\\x1b")
    assert received.endswith("←      35 B  Сервер получил: hello\\x1b")


async def test_closed_tab_leaves_what_it_showed_last(tab, evidence):
    await tab.close()
    name, picture, _ = (await evidence.collect())[0]
    assert (name, picture[:4]) == ("Screenshot of the tab", b"\x89PNG")


async def test_server_that_tells_another_story_than_the_browser_is_found_out(
    tab, target, ledger, evidence, monkeypatch
):
    await tab.run(SAY, target.url, "hello")
    assert await evidence.disagreement() == ""
    monkeypatch.setattr(evidence, "deadline", 0)
    told = ledger.entries[0].sent
    told[0] = "Сервер получил: something else"
    assert "'Сервер получил: something else' and received as 'Сервер получил: hello'" in (
        await evidence.disagreement()
    )
    told[0] = "Сервер получил: hello"
