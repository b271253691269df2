"""Origin: a page of somebody else's cannot use the reader's access (cross-site WebSocket hijacking)."""

import pytest

from servers.background import run_in_background
from websocket_client import ConnectFailed, expect_rejected
from websocket_client import connect as open_client
from websocket_server import serve

ALLOWED = "https://app.example.com"
STRANGERS = {
    "another site": "https://evil.example",
    "behind the name": "https://app.example.com.evil.example",
    "before the name": "https://evil-app.example.com",
    "a part of the name": "https://example.com",
    "below the name": "https://evil.app.example.com",
    "another scheme": "http://app.example.com",
    "another port": "https://app.example.com:8443",
    "as a user name": "https://app.example.com@evil.example",
    "as a path": "https://evil.example/https://app.example.com",
    "null": "null",
    "empty": "",
    "with a slash": "https://app.example.com/",
    "a dot for a letter": "https://appxexample.com",
    "two": "https://app.example.com https://evil.example",
}


@pytest.fixture(scope="module")
def guarded():
    """Our server with a list of one origin."""
    with run_in_background(lambda: serve(origins=[ALLOWED])) as server:
        yield server


@pytest.mark.needs("embedded")
@pytest.mark.parametrize("origin", STRANGERS.values(), ids=STRANGERS.keys())
async def test_page_of_a_stranger_is_refused_with_403(guarded, journals, origin):
    await expect_rejected(guarded.url, 403, origin=origin, journal=journals.new("stranger", guarded.url))


@pytest.mark.needs("embedded")
@pytest.mark.parametrize("origin", [ALLOWED, None], ids=["the page", "no browser"])
async def test_page_on_the_list_is_let_in(guarded, journals, echo, origin):
    async with open_client(guarded.url, origin=origin, journal=journals.new("friend", guarded.url)) as client:
        await echo.soundness(client)


async def test_page_of_a_stranger_harms_nobody(connect, echo, record_property):
    """Whether strangers are let in is the server's choice; those with the right origin are, all the same."""
    try:
        stranger = await connect(origin="https://evil.example", name="stranger")
    except ConnectFailed as refusal:
        record_property("observed", str(refusal.response and refusal.response.status_code))
    else:
        record_property("observed", "every origin is let in")
        await stranger.close()
    await echo.soundness(await connect(name="friend"))
