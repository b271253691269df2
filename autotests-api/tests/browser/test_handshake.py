"""What a browser requests when it connects, what it accepts, and which origins the server accepts."""

from __future__ import annotations

import ssl

import pytest
from websockets.http11 import Request

from pytest_websocket.fixtures import Target
from pytest_websocket.plugin.browser_artifacts import Until
from pytest_websocket.plugin.browser_page import BrowserPage, OpenPage
from pytest_websocket.plugin.server_log import ServerLog
from pytest_websocket.plugin.tls import OwnAuthority
from pytest_websocket.server.background import run_in_background
from pytest_websocket.server.echo import serve

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

ATTEMPT = "(url, ...protocols) => closed(new WebSocket(url, ...protocols))"
NEVER_OPEN = {"code": 1006, "reason": "", "wasClean": False, "failed": True}


def request_of(server_log: ServerLog) -> Request:
    """Returns the request of the first connection."""
    request = server_log.entries[0].connection.request
    assert request is not None
    return request


@pytest.mark.needs("embedded")
async def test_page_learns_the_subprotocol_that_was_chosen(browser_page: BrowserPage, target: Target) -> None:
    chosen = "async (url, offer) => (await connect(url, offer)).protocol"
    assert await browser_page.run(chosen, target.url, ["mqtt", "echo"]) == "echo"
    assert await browser_page.run(chosen, target.url, []) == ""


@pytest.mark.needs("embedded")
async def test_page_that_offers_only_unknown_subprotocols_is_not_connected(
    browser_page: BrowserPage, target: Target, until: Until
) -> None:
    # The server accepts and chooses none (RFC 6455 §4.2.2); the browser then fails the connection.
    assert await browser_page.run(ATTEMPT, target.url, ["mqtt"]) == NEVER_OPEN
    assert await until(lambda: any("Sec-WebSocket-Protocol" in line for line in browser_page.console))


@pytest.mark.needs("deflate")
async def test_page_learns_that_compression_was_agreed_on(browser_page: BrowserPage, target: Target) -> None:
    extensions = await browser_page.run("async (url) => (await connect(url)).extensions", target.url)
    assert extensions.split(";")[0] == "permessage-deflate"


@pytest.mark.needs("embedded")
async def test_path_and_query_reach_the_server(
    browser_page: BrowserPage, target: Target, server_log: ServerLog
) -> None:
    await browser_page.run(
        "async (url) => { await connect(url); }", f"{target.url}/chat/%D1%8F?room=1&empty="
    )
    assert request_of(server_log).path == "/chat/%D1%8F?room=1&empty="


@pytest.mark.needs("embedded")
async def test_browser_says_which_site_the_page_is_of(
    browser_page: BrowserPage, target: Target, server_log: ServerLog, page_server: str
) -> None:
    await browser_page.run("async (url) => { await connect(url); }", target.url)
    assert request_of(server_log).headers["Origin"] == page_server
    assert browser_page.conversations[0].request["Origin"] == page_server


async def test_page_of_a_foreign_site_brings_the_cookies_of_its_user(
    open_page: OpenPage, server_log: ServerLog
) -> None:
    browser_page = await open_page(locale="en-US")
    with run_in_background(serve) as server, server_log.watch(server):
        url = f"http://{server.host}:{server.port}"
        await browser_page.page.context.add_cookies([{"name": "session", "value": "of the user", "url": url}])
        await browser_page.run("async (url) => { await connect(url, []); }", server.url)
    # A server that authenticates by cookies therefore needs a list of origins.
    assert request_of(server_log).headers["Cookie"] == "session=of the user"


async def test_page_of_a_foreign_site_is_refused_where_origins_are_listed(
    browser_page: BrowserPage, server_log: ServerLog, until: Until
) -> None:
    with (
        run_in_background(lambda: serve(origins=["http://localhost:8000"])) as strict,
        server_log.watch(strict),
    ):
        assert await browser_page.run(ATTEMPT, strict.url) == NEVER_OPEN
    refusal = "Unexpected response code: 403"
    assert await until(lambda: any(refusal in line for line in browser_page.console)), browser_page.console


async def test_page_of_a_listed_origin_is_let_in(
    browser_page: BrowserPage, server_log: ServerLog, page_server: str
) -> None:
    listed = ["http://localhost:8000", page_server]
    with run_in_background(lambda: serve(origins=listed)) as strict, server_log.watch(strict):
        reply = await browser_page.run(
            """async (url) => {
                const socket = await connect(url, []);
                socket.send("let in");
                const reply = await message(socket);
                socket.close();
                await closed(socket);
                return reply;
            }""",
            strict.url,
        )
    assert reply == "Сервер получил: let in"


async def test_page_connects_over_tls_to_a_server_with_a_trusted_certificate(
    browser_page: BrowserPage, server_log: ServerLog, trusted_tls: ssl.SSLContext
) -> None:
    with run_in_background(lambda: serve(ssl=trusted_tls), secure=True) as server, server_log.watch(server):
        reply = await browser_page.run(
            """async (url) => {
                const socket = await connect(url, []);
                socket.send("по TLS");
                const reply = await message(socket);
                socket.close();
                await closed(socket);
                return reply;
            }""",
            server.url,
        )
    assert server.url.startswith("wss://")
    assert reply == "Сервер получил: по TLS"


async def test_browser_refuses_a_server_whose_certificate_is_not_trusted(
    browser_page: BrowserPage, until: Until
) -> None:
    with OwnAuthority() as unknown:
        context = unknown.server_context("127.0.0.1")
        with run_in_background(lambda: serve(ssl=context), secure=True) as server:
            assert await browser_page.run(ATTEMPT, server.url) == NEVER_OPEN
    assert await until(lambda: any("ERR_CERT_AUTHORITY_INVALID" in line for line in browser_page.console))
