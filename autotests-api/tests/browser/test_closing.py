"""How a page and the server close a connection, and what the CloseEvent reports."""

from __future__ import annotations

import socket

import pytest

from pytest_websocket.server.background import run_in_background
from pytest_websocket.server.echo import serve

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

# The page keeps its socket, and the promise of the CloseEvent, for the next call.
CONNECT = """async (url) => {
    window.socket = await connect(url);
    window.end = closed(socket);
}"""


async def test_page_closes_the_connection_cleanly(tab, target):
    await tab.run(CONNECT, target.url)
    seen = await tab.run("() => { socket.close(1000); return end; }")
    assert (seen["code"], seen["wasClean"], seen["failed"]) == (1000, True, False)


@pytest.mark.needs("embedded")
async def test_code_and_reason_of_the_page_reach_the_server_and_come_back(tab, target, ledger, until):
    await tab.run(CONNECT, target.url)
    seen = await tab.run('() => { socket.close(4001, "причина"); return end; }')
    assert seen == {"code": 4001, "reason": "причина", "wasClean": True, "failed": False}
    (entry,) = ledger.entries
    assert await until(lambda: entry.over)
    assert (entry.close_code, entry.close_reason) == (4001, "причина")


@pytest.mark.needs("embedded")
async def test_close_without_a_code_reads_1005_on_both_sides(tab, target, ledger, until):
    await tab.run(CONNECT, target.url)
    seen = await tab.run("() => { socket.close(); return end; }")
    assert seen == {"code": 1005, "reason": "", "wasClean": True, "failed": False}
    (entry,) = ledger.entries
    assert await until(lambda: entry.over)
    assert entry.close_code == 1005


async def test_server_that_goes_away_says_1001_to_the_page(tab, ledger):
    with run_in_background(serve) as leaving, ledger.watch(leaving):
        await tab.run(CONNECT, leaving.url)
    assert await tab.run("() => end") == {"code": 1001, "reason": "", "wasClean": True, "failed": False}


async def test_server_that_vanishes_reads_1006_in_the_page(tab, ledger):
    async def cut() -> None:
        for connection in vanishing.server.connections:
            connection.transport.abort()

    with run_in_background(serve) as vanishing, ledger.watch(vanishing):
        await tab.run(CONNECT, vanishing.url)
        vanishing.run(cut())
        seen = await tab.run("() => end")
    assert (seen["code"], seen["wasClean"]) == (1006, False)


async def test_server_that_is_not_there_is_an_error_and_1006(tab, until):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"ws://127.0.0.1:{unused.getsockname()[1]}/"
        seen = await tab.run("(url) => closed(new WebSocket(url))", url)
    assert seen == {"code": 1006, "reason": "", "wasClean": False, "failed": True}
    assert await until(lambda: any("ERR_CONNECTION_REFUSED" in line for line in tab.console))


@pytest.mark.needs("embedded")
async def test_message_above_the_limit_is_answered_with_1009(tab, target):
    await tab.run(CONNECT, target.url)
    seen = await tab.run("() => { socket.send('a'.repeat(2 ** 20 + 1)); return end; }")
    assert (seen["code"], seen["wasClean"]) == (1009, True)


@pytest.mark.needs("embedded")
@pytest.mark.parametrize("leave", ["reload", "close"])
async def test_page_that_is_left_leaves_no_connection_behind(open_tab, target, ledger, until, leave):
    tab = await open_tab()
    for _ in range(3):
        await tab.run(CONNECT, target.url)
    assert len(ledger.open) == 3
    await (tab.page.reload() if leave == "reload" else tab.close())
    assert await until(lambda: not ledger.open)
    assert [entry.close_code for entry in ledger.entries] == [1001] * 3


@pytest.mark.needs("embedded", "echo")
async def test_page_connects_again_after_a_reload(tab, target):
    say = """async (url, text) => {
        const socket = await connect(url);
        socket.send(text);
        return message(socket);
    }"""
    assert await tab.run(say, target.url, "before") == target.answer("before")
    await tab.page.reload()
    assert await tab.run(say, target.url, "after") == target.answer("after")


@pytest.mark.needs("embedded")
async def test_idle_page_answers_the_keepalive_ping(tab, target, echo_server, ledger, deadline):
    async def ping() -> float:
        return await (await entry.connection.ping())

    await tab.run(CONNECT, target.url)
    (entry,) = ledger.entries
    assert echo_server.run(ping(), deadline) >= 0
    assert await tab.run("() => socket.readyState === WebSocket.OPEN")
