"""RFC 6455 §4.2.2: what a server answers to an opening handshake."""

import base64
from collections.abc import Callable

import pytest

from pytest_websocket.fixtures import Dial, RecordProperty, Target
from pytest_websocket.plugin.marks import MAY, MUST, SHOULD, rfc6455
from pytest_websocket.protocol.handshake import Request, accept_value, problems_of_acceptance

NONCES = {
    "sample": b"the sample nonce",
    "zeros": bytes(16),
    "ones": b"\xff" * 16,
    "counting": bytes(range(16)),
    "descending": bytes(range(255, 239, -1)),
    "plus and slash": b"\xfb\xef\xbe\xfb\xef\xbe\xff\xff\xff\xfb\xef\xbe\xff\xff\xff\xfb",
    "starts with a slash": b"\xff" + bytes(15),
    "line ends": b"\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n",
}


# So that the server knows one of them.
COMMON_SUBPROTOCOLS = ["echo", "chat", "json", "mqtt", "stomp", "wamp.2.json", "graphql-transport-ws", "soap"]


@rfc6455("4.2.2", MUST, "Sec-WebSocket-Accept is made of the key and the GUID")
@pytest.mark.parametrize("nonce", NONCES.values(), ids=NONCES.keys())
async def test_accept_value_is_made_of_the_key(dial: Dial, opening: Request, nonce: bytes) -> None:
    key = base64.b64encode(nonce).decode()
    connection = await dial()
    response = await connection.handshake(opening.having("Sec-WebSocket-Key", key))
    assert response.accepted, f"expected 101, got {response}"
    assert response.values("Sec-WebSocket-Accept") == [accept_value(key)]


@rfc6455("4.2.2", MUST, "every connection gets the accept value of its own key")
async def test_accept_value_is_never_that_of_another_connection(dial: Dial, opening: Request) -> None:
    requests = [opening.having("Sec-WebSocket-Key", _key(number)) for number in range(3)]
    connections = [await dial() for _ in requests]
    for connection, request in zip(connections, requests, strict=True):
        await connection.send_bytes(request.encode())
    for connection, request in zip(connections, requests, strict=True):
        problems = problems_of_acceptance(request, await connection.read_response())
        assert not problems, "; ".join(problems)


@rfc6455("4.2.2", MUST, "the 101 response carries what a client checks, each header once")
async def test_response_has_what_a_client_checks(dial: Dial, opening: Request) -> None:
    connection = await dial()
    response = await connection.expect_accepted(opening)
    assert response.version == "HTTP/1.1", f"expected an HTTP/1.1 response, got {response}"


@rfc6455("4.2.2", MUST, "the response head ends with an empty line and nothing but frames follows")
@pytest.mark.needs("answer")
async def test_first_byte_after_the_response_is_a_frame(dial: Dial, opening: Request) -> None:
    connection = await dial()
    await connection.expect_accepted(opening)
    await connection.expect_served()
    connection.expect_no_violation()


@rfc6455("4.2.2", SHOULD, "a 101 response announces no body")
@pytest.mark.parametrize("header", ["Content-Length", "Transfer-Encoding"])
async def test_response_announces_no_body(dial: Dial, opening: Request, header: str) -> None:
    connection = await dial()
    response = await connection.handshake(opening)
    assert response.value(header) is None, f"a 101 response must not have {header} (RFC 9110 §8.6)"


@rfc6455("4.2.2", MUST, "no subprotocol is selected that was not offered: none, when none was")
async def test_no_subprotocol_is_selected_when_none_is_offered(dial: Dial, opening: Request) -> None:
    connection = await dial()
    response = await connection.handshake(opening.without("Sec-WebSocket-Protocol"))
    if not response.accepted:
        pytest.skip("the target refuses clients that offer no subprotocol")
    assert response.value("Sec-WebSocket-Protocol") is None, "a subprotocol was selected out of nothing"


OFFERS = {
    "one unknown": ["x-unheard-of"],
    "two": ["x-first, x-second"],
    "two lines": ["x-first", "x-second"],
    "many": [", ".join(f"x-{number}" for number in range(50))],
    "one that is another's prefix": ["x-first, x-first.2"],
    "odd token": ["v12.stomp+json"],
}


@rfc6455("4.2.2", MUST, "at most one subprotocol is selected, one of those that were offered")
@pytest.mark.parametrize("lines", OFFERS.values(), ids=OFFERS.keys())
async def test_selected_subprotocol_was_offered(dial: Dial, opening: Request, lines: list[str]) -> None:
    await _selects_one_of(dial, opening, lines)


@rfc6455("4.2.2", MUST, "the selected subprotocol is spelt as the client spelt it")
@pytest.mark.parametrize("spell", [str.upper, str.lower, str.title], ids=["upper", "lower", "title"])
@pytest.mark.parametrize("known", ["echo", "chat", "superchat", "mqtt", "wamp.2.json", "graphql-ws"])
async def test_selected_subprotocol_is_spelt_as_offered(
    dial: Dial, opening: Request, target: Target, spell: Callable[[str], str], known: str
) -> None:
    await _selects_one_of(dial, opening, [spell(known)])


MALFORMED = {
    "only a comma": ",",
    "two words": "x-first x-second",
    "separator": "x/first",
    "quoted": '"x-first"',
    "repeated": "x-first, x-first",
    "long": "x" * 2000,
}


@rfc6455(
    "4.2.1", MAY, "a malformed list of subprotocols is refused, or nothing is selected that was not offered"
)
@pytest.mark.parametrize("value", MALFORMED.values(), ids=MALFORMED.keys())
async def test_malformed_subprotocols_are_answered(
    dial: Dial, opening: Request, record_property: RecordProperty, value: str
) -> None:
    connection = await dial()
    await connection.send_bytes(opening.having("Sec-WebSocket-Protocol", value).encode())
    response = await connection.refusal()
    record_property("observed", str(response or "closed without a response"))
    if response is not None and response.accepted:
        selected = response.value("Sec-WebSocket-Protocol")
        assert selected is None or selected in value, f"selected {selected!r} out of {value!r}"


@rfc6455("4.2.2", MUST, "no extension is accepted that was not offered: none, when none was")
async def test_no_extension_is_accepted_when_none_is_offered(dial: Dial, opening: Request) -> None:
    connection = await dial()
    response = await connection.handshake(opening.without("Sec-WebSocket-Extensions"))
    assert response.accepted, f"expected 101, got {response}"
    assert response.value("Sec-WebSocket-Extensions") is None, (
        "an extension was accepted that was not offered"
    )


@rfc6455("4.2.2", MUST, "a server passes over subprotocols and answers the same way after a refusal")
async def test_answer_does_not_depend_on_the_connection_before(dial: Dial, opening: Request) -> None:
    connection = await dial()
    offered = ", ".join(["x-first", *COMMON_SUBPROTOCOLS])
    await connection.send_bytes(opening.having("Sec-WebSocket-Protocol", offered).encode())
    first = await connection.refusal()
    if first is None or not first.accepted:
        pytest.skip("the target refuses clients whose subprotocols it does not know")
    second = await (await dial()).handshake(opening.without("Sec-WebSocket-Protocol"))
    if second.accepted:
        assert second.value("Sec-WebSocket-Protocol") is None, (
            "the subprotocol of another connection was selected"
        )


@rfc6455("4.2.2", SHOULD, "a server that refuses with Connection: close closes TCP (RFC 9112 §9.6)")
@pytest.mark.parametrize("lacking", ["Sec-WebSocket-Key", "Sec-WebSocket-Version"])
async def test_tcp_ends_after_a_refusal_that_announces_it(dial: Dial, opening: Request, lacking: str) -> None:
    connection = await dial()
    await connection.send_bytes(opening.without(lacking).encode())
    response = await connection.refusal()
    if response is None:
        return
    if response.accepted or "close" not in response.tokens("Connection"):
        pytest.skip(f"the server does not announce that it closes: {response}")
    await connection.expect_tcp_closed()


@rfc6455("4.2.2", SHOULD, "the body of a refusal has the length that it announces (RFC 9112 §6.2)")
@pytest.mark.parametrize("lacking", ["Sec-WebSocket-Key", "Sec-WebSocket-Version", "Upgrade"])
async def test_refusal_is_as_long_as_it_says(dial: Dial, opening: Request, lacking: str) -> None:
    connection = await dial()
    await connection.send_bytes(opening.without(lacking).encode())
    response = await connection.refusal()
    if response is None or response.accepted or not (response.value("Content-Length") or "").isdigit():
        pytest.skip("the server does not refuse with a body whose length it announces")
    connection.half_close()
    await connection.after_closing()
    announced, came = int(response.value("Content-Length") or 0), len(connection.body)
    assert came == announced, f"the refusal announces {announced} bytes, and {came} came"


@rfc6455("4.2.2", SHOULD, "a refusal that announces no length ends with TCP (RFC 9112 §6.3)")
@pytest.mark.parametrize("lacking", ["Sec-WebSocket-Key", "Sec-WebSocket-Version", "Upgrade"])
async def test_refusal_without_a_length_ends_with_tcp(dial: Dial, opening: Request, lacking: str) -> None:
    connection = await dial()
    await connection.send_bytes(opening.without(lacking).encode())
    response = await connection.refusal()
    if response is None or response.accepted:
        pytest.skip("the server does not refuse with an answer")
    if response.value("Content-Length") or response.value("Transfer-Encoding") or response.status == 304:
        pytest.skip("the refusal says where it ends")
    await connection.expect_tcp_closed()


async def _selects_one_of(dial: Dial, opening: Request, lines: list[str]) -> None:
    connection = await dial()
    await connection.send_bytes(opening.having("Sec-WebSocket-Protocol", *lines).encode())
    response = await connection.refusal()
    if response is None or not response.accepted:
        pytest.skip(f"the target refuses clients whose subprotocols it does not know: {response}")
    offered = [token.strip() for line in lines for token in line.split(",")]
    selected = response.values("Sec-WebSocket-Protocol")
    assert len(selected) <= 1, f"more than one subprotocol header: {selected}"
    assert not selected or selected[0] in offered, f"selected {selected[0]!r}, offered {offered}"


def _key(number: int) -> str:
    return base64.b64encode(bytes([number]) * 16).decode()
