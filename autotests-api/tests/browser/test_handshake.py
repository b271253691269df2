"""What a browser requests when it connects, what it accepts, and which origins the server accepts."""

from __future__ import annotations

import pytest

from pytest_websocket.plugin.tls import OwnAuthority
from pytest_websocket.server.background import run_in_background
from pytest_websocket.server.echo import serve

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

ATTEMPT = "(url, ...protocols) => closed(new WebSocket(url, ...protocols))"
NEVER_OPEN = {"code": 1006, "reason": "", "wasClean": False, "failed": True}


@pytest.mark.needs("embedded")
async def test_page_learns_the_subprotocol_that_was_chosen(tab, target):
    chosen = "async (url, offer) => (await connect(url, offer)).protocol"
    assert await tab.run(chosen, target.url, ["mqtt", "echo"]) == "echo"
    assert await tab.run(chosen, target.url, []) == ""


@pytest.mark.needs("embedded")
async def test_page_that_offers_only_unknown_subprotocols_is_not_connected(tab, target, until):
    # The server accepts and chooses none (RFC 6455 §4.2.2); the browser then fails the connection.
    assert await tab.run(ATTEMPT, target.url, ["mqtt"]) == NEVER_OPEN
    assert await until(lambda: any("Sec-WebSocket-Protocol" in line for line in tab.console))


@pytest.mark.needs("deflate")
async def test_page_learns_that_compression_was_agreed_on(tab, target):
    extensions = await tab.run("async (url) => (await connect(url)).extensions", target.url)
    assert extensions.split(";")[0] == "permessage-deflate"


@pytest.mark.needs("embedded")
async def test_path_and_query_reach_the_server(tab, target, ledger):
    await tab.run("async (url) => { await connect(url); }", f"{target.url}/chat/%D1%8F?room=1&empty=")
    assert ledger.entries[0].connection.request.path == "/chat/%D1%8F?room=1&empty="


@pytest.mark.needs("embedded")
async def test_browser_says_which_site_the_page_is_of(tab, target, ledger, site):
    await tab.run("async (url) => { await connect(url); }", target.url)
    assert ledger.entries[0].connection.request.headers["Origin"] == site
    assert tab.conversations[0].request["Origin"] == site


async def test_page_of_a_foreign_site_brings_the_cookies_of_its_user(open_tab, ledger):
    tab = await open_tab(locale="en-US")
    with run_in_background(serve) as server, ledger.watch(server):
        url = f"http://{server.host}:{server.port}"
        await tab.page.context.add_cookies([{"name": "session", "value": "of the user", "url": url}])
        await tab.run("async (url) => { await connect(url, []); }", server.url)
    # A server that authenticates by cookies therefore needs a list of origins.
    assert ledger.entries[0].connection.request.headers["Cookie"] == "session=of the user"


async def test_page_of_a_foreign_site_is_refused_where_origins_are_listed(tab, ledger, until):
    with run_in_background(lambda: serve(origins=["http://localhost:8000"])) as strict, ledger.watch(strict):
        assert await tab.run(ATTEMPT, strict.url) == NEVER_OPEN
    refusal = "Unexpected response code: 403"
    assert await until(lambda: any(refusal in line for line in tab.console)), tab.console


async def test_page_of_a_listed_origin_is_let_in(tab, ledger, site):
    listed = ["http://localhost:8000", site]
    with run_in_background(lambda: serve(origins=listed)) as strict, ledger.watch(strict):
        reply = await tab.run(
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


async def test_page_connects_over_tls_to_a_server_with_a_trusted_certificate(tab, ledger, trusted_tls):
    with run_in_background(lambda: serve(ssl=trusted_tls), secure=True) as server, ledger.watch(server):
        reply = await tab.run(
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


async def test_browser_refuses_a_server_whose_certificate_nobody_trusts(tab, until):
    with OwnAuthority() as unknown:
        context = unknown.server_context("127.0.0.1")
        with run_in_background(lambda: serve(ssl=context), secure=True) as server:
            assert await tab.run(ATTEMPT, server.url) == NEVER_OPEN
    assert await until(lambda: any("ERR_CERT_AUTHORITY_INVALID" in line for line in tab.console))
