"""Handshake: which subprotocol is chosen, which paths are served, and that neither changes the replies."""

from collections.abc import Awaitable

import pytest

from pytest_websocket import ConnectFailed, ConnectionEnded
from pytest_websocket.fixtures import Client, Connect, Dial, Echo, Target
from pytest_websocket.protocol.handshake import Request

pytestmark = pytest.mark.needs("text")

OFFERS = {
    "ours": ["echo"],
    "ours last": ["chat", "superchat", "echo"],
    "ours first": ["echo", "chat"],
    "ours behind many": [*(f"protocol-{number}" for number in range(50)), "echo"],
    "unknown": ["chat"],
    "many": [f"protocol-{number}" for number in range(50)],
    "another case": ["ECHO"],
    "part of ours": ["ech", "echos", "e"],
}

RESOURCES = {
    "root": "/",
    "path": "/some/where",
    "path and query": "/chat?room=1&user=me",
    "query only": "/?a=1",
    "empty query": "/?",
    "encoded": "/%D0%BF%D1%83%D1%82%D1%8C%20%2F%3F?q=%00",
    "not ASCII": "/путь",
    "not UTF-8": "/%ff%fe%80",
    "dots": "/../../etc/passwd",
    "slashes": "//a//b/",
    "long": "/" + "x" * 2_000,
    "template": "/{message}?%s=$1",
    "a message in the query": "/?message=hello&text=hello&msg=hello&data=hello&q=hello",
}


@pytest.mark.needs("embedded")
@pytest.mark.parametrize(
    ("offer", "chosen"),
    [
        (OFFERS["ours"], "echo"),
        (OFFERS["ours last"], "echo"),
        (OFFERS["ours first"], "echo"),
        (OFFERS["ours behind many"], "echo"),
        (OFFERS["unknown"], None),
        (OFFERS["many"], None),
        (OFFERS["another case"], None),
        (OFFERS["part of ours"], None),
    ],
    ids=OFFERS.keys(),
)
async def test_known_subprotocol_is_chosen_and_no_other(
    connect: Connect, echo: Echo, offer: list[str], chosen: str | None
) -> None:
    client = await connect(subprotocols=offer)
    assert client.subprotocol == chosen
    await echo.expect_healthy(client)


@pytest.mark.needs("embedded")
@pytest.mark.parametrize("header", ["Sec-WebSocket-Protocol", "sec-websocket-protocol"])
async def test_subprotocol_on_a_line_of_its_own_is_chosen(dial: Dial, opening: Request, header: str) -> None:
    connection = await dial()
    offer = opening.having(header, "x-unknown", "echo")
    response = await connection.handshake(offer)
    assert response.values("Sec-WebSocket-Protocol") == ["echo"]


@pytest.mark.parametrize("offer", OFFERS.values(), ids=OFFERS.keys())
async def test_chosen_subprotocol_was_offered(connect: Connect, echo: Echo, offer: list[str]) -> None:
    """A server may refuse an offer that it cannot serve; it may not choose what was not offered."""
    client = await open_or_refused(connect(subprotocols=offer), echo)
    if client is not None:
        assert client.subprotocol in [*offer, None]
        await still_echoes_or_closed(client, echo)


async def test_subprotocol_is_not_chosen_where_none_was_offered(
    connect: Connect, target: Target, echo: Echo
) -> None:
    if target.subprotocols:
        pytest.skip("the target is offered subprotocols with every handshake (--ws-subprotocol)")
    await open_or_refused(connect(subprotocols=["echo"]), echo)
    client = await connect(subprotocols=None)
    assert client.subprotocol is None, "a subprotocol was chosen that was not offered"
    await echo.expect_healthy(client)


@pytest.mark.parametrize(
    "origin",
    ["https://example.com", "http://localhost:3000", "null", "file://"],
    ids=["a site", "a local page", "no origin", "a file"],
)
async def test_console_of_any_page_is_served(connect: Connect, echo: Echo, origin: str) -> None:
    """The echo API promises it: the lesson's third client is the console of a browser, on any page."""
    client = await open_or_refused(connect(origin=origin), echo)
    if client is not None:
        await still_echoes_or_closed(client, echo)


@pytest.mark.parametrize("host", ["localhost", "example.com:80", "EXAMPLE.com", "192.0.2.1:80", "[::1]:80"])
async def test_host_of_any_spelling_is_served(dial: Dial, opening: Request, echo: Echo, host: str) -> None:
    """The echo API promises it; other servers may accept their own names only."""
    raw = await dial()
    response = await raw.handshake(opening.having("Host", host))
    if not response.accepted and not echo.is_echo_api:
        pytest.skip(f"the target does not serve this host: {response}")
    assert response.accepted, f"a legal Host header was refused: {response}"
    await raw.enter()
    await raw.expect_served()


@pytest.mark.needs("embedded")
@pytest.mark.parametrize("resource", RESOURCES.values(), ids=RESOURCES.keys())
async def test_every_path_is_served_alike(connect: Connect, echo: Echo, resource: str) -> None:
    await echo.expect_healthy(await connect(resource))


@pytest.mark.parametrize("resource", RESOURCES.values(), ids=RESOURCES.keys())
async def test_path_is_served_alike_or_refused(connect: Connect, echo: Echo, resource: str) -> None:
    """Servers differ in which paths they serve; the target's own is served afterwards in any case."""
    client = await open_or_refused(connect(resource), echo)
    if client is not None:
        await still_echoes_or_closed(client, echo)
    await echo.expect_healthy(await connect(name="afterwards"))


async def test_paths_do_not_share_their_conversations(connect: Connect, echo: Echo, target: Target) -> None:
    clients = [await connect(name="one"), await connect(name="other")]
    for number in range(6):
        await echo.expect_replies(clients[number % 2], f"turn {number}")
    assert all(client.url == target.url for client in clients)


async def test_additional_headers_do_not_change_the_replies(
    connect: Connect, echo: Echo, target: Target
) -> None:
    more = [("X-Message", "{message}"), ("Cookie", "a=b; c=d")]
    present = {name.lower() for name, _ in target.headers}
    client = await connect(headers=[*target.headers, *(one for one in more if one[0].lower() not in present)])
    await echo.expect_healthy(client)


async def open_or_refused(opening: Awaitable[Client], echo: Echo) -> Client | None:
    """Returns the open client, or None where the server, not the echo API's, refused the handshake."""
    try:
        return await opening
    except ConnectFailed as refusal:
        if echo.is_echo_api or isinstance(refusal.__cause__, TimeoutError):
            raise
        return None


async def still_echoes_or_closed(client: Client, echo: Echo) -> None:
    """Some servers refuse by ending the connection after an accepted handshake; the echo API does not."""
    try:
        await echo.expect_replies(client, "here?")
    except ConnectionEnded:
        if echo.is_echo_api:
            raise
    else:
        await echo.expect_healthy(client)
