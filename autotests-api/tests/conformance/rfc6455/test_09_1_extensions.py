"""RFC 6455 §9.1: negotiating extensions (permessage-deflate itself is in rfc7692/)."""

import pytest

from pytest_websocket.fixtures import Dial
from pytest_websocket.plugin.marks import MUST, SHOULD, rfc6455
from pytest_websocket.protocol.handshake import Request

# §9.1 lets a client split the header; no sentence forbids a server to refuse a handshake for it.
several_lines = rfc6455("9.1", SHOULD, "extensions that the server does not know may stand on several lines")
UNKNOWN = [
    pytest.param(["x-unheard-of"], id="one"),
    pytest.param(["x-unheard-of; mode=fast"], id="with a parameter"),
    pytest.param(['x-unheard-of; mode="fast"'], id="with a quoted parameter"),
    pytest.param(["x-first, x-second; a=1; b"], id="several"),
    pytest.param(["x-first", "x-second; a=1"], id="several lines", marks=several_lines),
    pytest.param(
        ["permessage-deflat", "xpermessage-deflate", "permessage-deflate2"],
        id="like a known one",
        marks=several_lines,
    ),
    pytest.param(["permessage-deflat, xpermessage-deflate"], id="like a known one on one line"),
    pytest.param(["x-webkit-deflate-frame"], id="an old one"),
]


@rfc6455("9.1", MUST, "an extension that the server does not know is passed over")
@pytest.mark.parametrize("lines", UNKNOWN)
async def test_unknown_extension_is_passed_over(dial: Dial, opening: Request, lines: list[str]) -> None:
    request = opening.having("Sec-WebSocket-Extensions", *lines)
    connection = await dial()
    response = await connection.expect_accepted(request)
    answered = response.value("Sec-WebSocket-Extensions")
    assert answered is None or "deflate-frame" in answered, f"an unknown extension was accepted: {answered!r}"
    if answered is None:
        await connection.expect_served()


MALFORMED = {
    "only a semicolon": ";",
    "parameter without a name": "permessage-deflate; =15",
    "parameter without a value": "permessage-deflate; server_max_window_bits=",
    "two words": "permessage-deflate server_no_context_takeover",
    "open quote": 'permessage-deflate; server_max_window_bits="15',
    "no token": "permessage-deflate; (comment)",
}


@rfc6455("9.1", MUST, "a malformed extension header is not accepted as if it were a good one")
@pytest.mark.parametrize("value", MALFORMED.values(), ids=MALFORMED.keys())
@pytest.mark.needs("deflate")
async def test_malformed_extension_header_accepts_nothing(dial: Dial, opening: Request, value: str) -> None:
    connection = await dial()
    await connection.send_bytes(opening.having("Sec-WebSocket-Extensions", value).encode())
    response = await connection.refusal()
    answered = (
        response.value("Sec-WebSocket-Extensions") if response is not None and response.accepted else None
    )
    assert answered is None, f"a malformed offer was accepted: {value!r} answered with {answered!r}"


# §9.1 lets a server fail the connection, and §4.2.1 asks for an HTTP response.
@rfc6455("4.2.1", SHOULD, "a malformed extension header is answered: passed over, or refused by HTTP")
@pytest.mark.parametrize("value", MALFORMED.values(), ids=MALFORMED.keys())
async def test_malformed_extension_header_is_answered(dial: Dial, opening: Request, value: str) -> None:
    connection = await dial()
    await connection.send_bytes(opening.having("Sec-WebSocket-Extensions", value).encode())
    response = await connection.refusal()
    assert response is not None, f"TCP ended without an HTTP response to {value!r}"
    assert response.accepted or 400 <= response.status < 600, f"expected an HTTP error, got {response}"
