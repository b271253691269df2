"""How a page and the server close a connection, and what the CloseEvent reports."""

from __future__ import annotations

import socket

import pytest
from websockets.asyncio.server import Server

from pytest_websocket.fixtures import Target
from pytest_websocket.plugin.browser_artifacts import Until
from pytest_websocket.plugin.browser_page import BrowserPage, OpenPage
from pytest_websocket.plugin.server_log import ServerLog
from pytest_websocket.server.background import BackgroundServer, run_in_background
from pytest_websocket.server.echo import serve

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

# The page keeps its socket, and the promise of the CloseEvent, for the next call.
CONNECT = """async (url) => {
    window.socket = await connect(url);
    window.end = closed(socket);
}"""


async def test_page_closes_the_connection_cleanly(browser_page: BrowserPage, target: Target) -> None:
    await browser_page.run(CONNECT, target.url)
    seen = await browser_page.run("() => { socket.close(1000); return end; }")
    assert (seen["code"], seen["wasClean"], seen["failed"]) == (1000, True, False)


@pytest.mark.needs("embedded")
async def test_code_and_reason_of_the_page_reach_the_server_and_come_back(
    browser_page: BrowserPage, target: Target, server_log: ServerLog, until: Until
) -> None:
    await browser_page.run(CONNECT, target.url)
    seen = await browser_page.run('() => { socket.close(4001, "причина"); return end; }')
    assert seen == {"code": 4001, "reason": "причина", "wasClean": True, "failed": False}
    (entry,) = server_log.entries
    assert await until(lambda: entry.over)
    assert (entry.close_code, entry.close_reason) == (4001, "причина")


@pytest.mark.needs("embedded")
async def test_close_without_a_code_reads_1005_on_both_sides(
    browser_page: BrowserPage, target: Target, server_log: ServerLog, until: Until
) -> None:
    await browser_page.run(CONNECT, target.url)
    seen = await browser_page.run("() => { socket.close(); return end; }")
    assert seen == {"code": 1005, "reason": "", "wasClean": True, "failed": False}
    (entry,) = server_log.entries
    assert await until(lambda: entry.over)
    assert entry.close_code == 1005


async def test_server_that_goes_away_says_1001_to_the_page(
    browser_page: BrowserPage, server_log: ServerLog
) -> None:
    with run_in_background(serve) as leaving, server_log.watch(leaving):
        await browser_page.run(CONNECT, leaving.url)
    assert await browser_page.run("() => end") == {
        "code": 1001,
        "reason": "",
        "wasClean": True,
        "failed": False,
    }


async def test_server_that_vanishes_reads_1006_in_the_page(
    browser_page: BrowserPage, server_log: ServerLog
) -> None:
    async def cut() -> None:
        for connection in vanishing.server.connections:
            connection.transport.abort()

    with run_in_background(serve) as vanishing, server_log.watch(vanishing):
        await browser_page.run(CONNECT, vanishing.url)
        vanishing.run(cut())
        seen = await browser_page.run("() => end")
    assert (seen["code"], seen["wasClean"]) == (1006, False)


async def test_server_that_is_not_there_is_an_error_and_1006(browser_page: BrowserPage, until: Until) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"ws://127.0.0.1:{unused.getsockname()[1]}/"
        seen = await browser_page.run("(url) => closed(new WebSocket(url))", url)
    assert seen == {"code": 1006, "reason": "", "wasClean": False, "failed": True}
    assert await until(lambda: any("ERR_CONNECTION_REFUSED" in line for line in browser_page.console))


@pytest.mark.needs("embedded")
async def test_message_above_the_limit_is_answered_with_1009(
    browser_page: BrowserPage, target: Target
) -> None:
    await browser_page.run(CONNECT, target.url)
    seen = await browser_page.run("() => { socket.send('a'.repeat(2 ** 20 + 1)); return end; }")
    assert (seen["code"], seen["wasClean"]) == (1009, True)


@pytest.mark.needs("embedded")
@pytest.mark.parametrize("leave", ["reload", "close"])
async def test_page_that_is_left_leaves_no_connection_behind(
    open_page: OpenPage, target: Target, server_log: ServerLog, until: Until, leave: str
) -> None:
    browser_page = await open_page()
    for _ in range(3):
        await browser_page.run(CONNECT, target.url)
    assert len(server_log.open) == 3
    await (browser_page.page.reload() if leave == "reload" else browser_page.close())
    assert await until(lambda: not server_log.open)
    assert [entry.close_code for entry in server_log.entries] == [1001] * 3


@pytest.mark.needs("embedded", "echo")
async def test_page_connects_again_after_a_reload(browser_page: BrowserPage, target: Target) -> None:
    say = """async (url, text) => {
        const socket = await connect(url);
        socket.send(text);
        return message(socket);
    }"""
    assert await browser_page.run(say, target.url, "before") == target.answer("before")
    await browser_page.page.reload()
    assert await browser_page.run(say, target.url, "after") == target.answer("after")


@pytest.mark.needs("embedded")
async def test_idle_page_answers_the_keepalive_ping(
    browser_page: BrowserPage,
    target: Target,
    echo_server: BackgroundServer[Server],
    server_log: ServerLog,
    deadline: float,
) -> None:
    async def ping() -> float:
        return await (await entry.connection.ping())

    await browser_page.run(CONNECT, target.url)
    (entry,) = server_log.entries
    assert echo_server.run(ping(), deadline) >= 0
    assert await browser_page.run("() => socket.readyState === WebSocket.OPEN")
