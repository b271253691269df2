"""Request smuggling: a second request behind a handshake, or within its body, is none."""

import contextlib
import re
from collections.abc import Callable

import pytest

from pytest_websocket import security
from pytest_websocket.fixtures import Connect, Dial, Echo, OpenRawConnection
from pytest_websocket.protocol.handshake import Request
from pytest_websocket.raw.ending import NotReceived

pytestmark = security(
    cwe=444,
    asvs="4.2.1",
    wstg="WSTG-INPV-15",
    gain="A request hidden behind another one, or in its body, is handled past the checks of a proxy.",
)


async def test_second_handshake_on_a_connection_is_not_answered(
    connect: Connect, raw_connection: OpenRawConnection, opening: Request, echo: Echo
) -> None:
    """After the first one, the bytes are read as a frame, and its first byte has reserved bits set."""
    raw = await raw_connection("twice")
    await raw.send_bytes(opening.encode())
    await raw.expect_ended(probe_with_ping=False)
    await echo.expect_healthy(await connect(name="another client"))


@pytest.mark.parametrize(
    "headers",
    [{"Content-Length": "{length}"}, {"Transfer-Encoding": "chunked"}, {"Content-Length": "0"}],
    ids=["in a body", "in a chunk", "behind an empty body"],
)
async def test_smuggled_handshake_is_not_answered(
    connect: Connect, dial: Dial, opening: Request, echo: Echo, headers: dict[str, str]
) -> None:
    """Two requests, or one with a body: however the server reads it, it switches protocols once."""
    raw = await dial("smuggling")
    smuggled = opening.encode()
    request = opening
    for name, value in headers.items():
        request = request.having(name, value.format(length=len(smuggled)))
    await raw.send_bytes(request.encode() + smuggled)
    raw.request = request
    try:
        response = await raw.refusal()
    except NotReceived as silence:
        if echo.is_echo_api or echo.target.strict:
            raise
        pytest.xfail(f"the server neither answers nor closes: {silence}")
    if response is not None and response.accepted:
        raw.switch_protocols()
        await raw.ending(probe_with_ping=False, deadline=raw.deadline / 10)
        raw.expect_no_violation()
    await echo.expect_healthy(await connect(name="another client"))


HIDDEN: dict[str, Callable[[Request, bytes], bytes]] = {
    "after a version that is refused": lambda opening, hidden: (
        opening.having("Sec-WebSocket-Version", "777").encode() + hidden
    ),
    "after a handshake without a key": lambda opening, hidden: (
        opening.without("Sec-WebSocket-Key").encode() + hidden
    ),
    "after a handshake with another method": lambda opening, hidden: (
        opening.using(method="POST").having("Content-Length", "0").encode() + hidden
    ),
    "after an upgrade to nothing": lambda opening, hidden: opening.having("Upgrade", "x").encode() + hidden,
    "after a handshake": lambda opening, hidden: opening.encode() + hidden,
    "in a body": lambda opening, hidden: opening.having("Content-Length", str(len(hidden))).encode() + hidden,
    "between a length and a chunk": lambda opening, hidden: (
        opening.without("Upgrade")
        .having("Content-Length", str(5 + len(hidden)))
        .having("Transfer-Encoding", "chunked")
        .encode()
        + b"0\r\n\r\n"
        + hidden
    ),
    "after a chunk that is spelled oddly": lambda opening, hidden: (
        opening.without("Upgrade")
        .having("Content-Length", str(5 + len(hidden)))
        .having("Transfer-Encoding", "\x0bchunked")
        .encode()
        + b"0\r\n\r\n"
        + hidden
    ),
}
"""How a request is hidden from a proxy: after one that it takes for an upgrade, or within its body."""


@security(
    cwe=444,
    asvs="4.2.1",
    wstg="WSTG-INPV-15",
    severity="critical",
    gain="Behind a handshake that was refused the proxy passes on what it denies: the inner server is open.",
)
@pytest.mark.parametrize("hide", HIDDEN.values(), ids=HIDDEN.keys())
async def test_denied_path_is_not_reached_behind_a_handshake(
    connect: Connect,
    dial: Dial,
    opening: Request,
    echo: Echo,
    hide: Callable[[Request, bytes], bytes],
) -> None:
    """``denied`` of the profile is a path that a proxy in front of the server keeps from clients."""
    path = echo.target.identities.denied
    if not path:
        pytest.skip("the profile names no path that a proxy in front denies: denied")
    asked = Request(path, (("Host", echo.target.authority),))
    response = await (await dial("denied")).response_to(asked)
    if response is None or response.status < 400:
        pytest.skip(f"{path} is not denied: {response}")
    raw = await dial("hidden request")
    with contextlib.suppress(NotReceived):
        await raw.send_bytes(hide(opening, asked.encode()))
        await raw.refusal(deadline=raw.deadline / 5)
        # Once more, for a proxy that keeps what comes before the first answer.
        await raw.send_bytes(asked.encode())
    await raw.tcp_ending(deadline=raw.deadline / 5)
    received = (raw.response.raw if raw.response else b"") + raw.body
    answers = [status.decode() for status in re.findall(rb"HTTP/1\.[01] ([2-5]\d\d|101) ", received)]
    reached = [status for status in answers[1:] if status[0] == "2"]
    assert not reached, f"{path} was answered with {reached[0]} behind a handshake; alone, {response}"
    await echo.expect_healthy(await connect(name="another client"))
