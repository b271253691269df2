"""RFC 6455 §4.1: what a client asks for, and which answers open the connection."""

import base64
from collections.abc import Callable, Collection
from typing import Any

import pytest

from pytest_websocket import MUST, SHOULD, rfc6455
from pytest_websocket.fixtures import ClientUnderTest
from pytest_websocket.plugin.client_compression import answer_to, offer_of
from pytest_websocket.protocol.frames import text
from pytest_websocket.protocol.handshake import accept_value, new_key
from pytest_websocket.protocol.request import ClientRequest, is_key, problems_of_request, response

CONNECTIONS = 6


def acceptance(
    request: ClientRequest, *, without: Collection[str] = (), **changed: str
) -> list[tuple[str, str]]:
    """Returns the headers of a 101 that accepts the request; ``changed`` by name with underscores."""
    headers = {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Accept": accept_value(request.key),
    }
    headers.update({name.replace("_", "-"): value for name, value in changed.items()})
    return [(name, value) for name, value in headers.items() if name not in without]


# The request

RESOURCES = ["/", "/chat", "/a/b.c", "/?a=1", "/chat?a=1&b=%20", "/%D0%B0"]
RESOURCES += ["/chat/", "/a//b", "/Chat/Room", "/a;v=1/b", "/a%2Fb", "/?b=2&a=1", "/?a=1?b=2", "/?a=%2B+%26"]
RESOURCES += ["/" + "long" * 500]


@rfc6455("4.1", MUST, "the opening handshake is a legal one in every part")
async def test_request_is_legal(client_under_test: ClientUnderTest) -> None:
    request = (await client_under_test.requested()).request
    assert not problems_of_request(request), request.raw


@rfc6455("4.1", MUST, "the request asks for the resource of the URL, its query included")
@pytest.mark.parametrize("resource", RESOURCES)
async def test_resource_is_that_of_the_url(client_under_test: ClientUnderTest, resource: str) -> None:
    request = (await client_under_test.requested(resource)).request
    assert request.resource == resource


@rfc6455("4.1", MUST, "an empty path is asked for as /")
@pytest.mark.parametrize(("given", "expected"), [("", "/"), ("?a=1", "/?a=1")])
async def test_empty_path_is_a_slash(client_under_test: ClientUnderTest, given: str, expected: str) -> None:
    request = (await client_under_test.requested(given)).request
    assert request.resource == expected


@rfc6455("4.1", MUST, "Host names the server, and its port where that is not the default")
async def test_host_carries_the_port(client_under_test: ClientUnderTest) -> None:
    request = (await client_under_test.requested()).request
    assert request.values("Host") == [client_under_test.server.url.removeprefix("ws://")]


@rfc6455("4.1", MUST, "Sec-WebSocket-Key is 16 bytes in base64, chosen anew for each connection")
async def test_key_is_fresh(client_under_test: ClientUnderTest) -> None:
    keys = [(await client_under_test.requested()).request.key for _ in range(CONNECTIONS)]
    assert all(map(is_key, keys)), keys
    assert len(set(keys)) == CONNECTIONS, f"a key was used again: {keys}"


@rfc6455("4.1", MUST, "the key is chosen randomly: no byte of it stands still")
async def test_key_is_random(client_under_test: ClientUnderTest) -> None:
    # A random byte is the same six times in a row once in 2**40; for any of 16 bytes that is 1.5e-11.
    keys = [base64.b64decode((await client_under_test.requested()).request.key) for _ in range(CONNECTIONS)]
    fixed = [place for place in range(16) if len({key[place] for key in keys}) == 1]
    assert not fixed, f"bytes {fixed} are the same in {CONNECTIONS} keys: {[key.hex() for key in keys]}"


@rfc6455("4.1", MUST, "the request carries no header that only a server sends")
async def test_request_carries_no_header_of_a_server(client_under_test: ClientUnderTest) -> None:
    request = (await client_under_test.requested()).request
    assert request.value("Sec-WebSocket-Accept") is None


# Answers that open the connection

ACCEPTED = {
    "Upgrade in capitals": {"Upgrade": "WebSocket"},
    "Upgrade all capitals": {"Upgrade": "WEBSOCKET"},
    "Connection in lower case": {"Connection": "upgrade"},
    "Connection in capitals": {"Connection": "UPGRADE"},
    "Connection with another token": {"Connection": "keep-alive, Upgrade"},
    "Connection without a space": {"Connection": "Upgrade,keep-alive"},
    "a header that is unknown": {"X_Unknown": "yes"},
}


@rfc6455("4.1", MUST, "an answer that keeps the rules opens the connection, however it is written")
@pytest.mark.parametrize("changed", ACCEPTED.values(), ids=ACCEPTED.keys())
async def test_legal_answer_opens_the_connection(
    client_under_test: ClientUnderTest, changed: dict[str, str]
) -> None:
    conversation = await client_under_test.requested()
    await conversation.answer(response(101, acceptance(conversation.request, **changed)))
    await conversation.expect_echo("opened")


@rfc6455("4.1", MUST, "names of headers have no case")
@pytest.mark.parametrize("spell", [str.lower, str.upper], ids=["lower", "upper"])
async def test_names_of_headers_have_no_case(
    client_under_test: ClientUnderTest, spell: Callable[[str], str]
) -> None:
    conversation = await client_under_test.requested()
    headers = [(spell(name), value) for name, value in acceptance(conversation.request)]
    await conversation.answer(response(101, headers))
    await conversation.expect_echo("opened")


@rfc6455("4.1", MUST, "white space around the value of Sec-WebSocket-Accept is ignored")
@pytest.mark.parametrize("form", ["{}", "  {}", "{}  ", "\t{}\t"], ids=["none", "before", "after", "tabs"])
async def test_white_space_around_the_accept_value(client_under_test: ClientUnderTest, form: str) -> None:
    conversation = await client_under_test.requested()
    value = form.format(accept_value(conversation.request.key))
    answer = response(101, acceptance(conversation.request, Sec_WebSocket_Accept=value))
    await conversation.answer(answer)
    await conversation.expect_echo("opened")


@rfc6455("4.1", MUST, "an answer may come in pieces")
@pytest.mark.parametrize("size", [1, 20])
async def test_answer_in_pieces(client_under_test: ClientUnderTest, size: int) -> None:
    conversation = await client_under_test.requested()
    answer = response(101, acceptance(conversation.request))
    await conversation.answer(answer[:size])
    # A client that reads late would get the pieces as one.
    await conversation.stay_open(conversation.deadline / 25)
    await conversation.send_in_pieces(answer[size:], size)
    await conversation.expect_echo("opened")


@rfc6455("4.1", MUST, "frames in the segment of the answer are read")
@pytest.mark.parametrize("count", [1, 3, 300])
async def test_frames_in_the_segment_of_the_answer(client_under_test: ClientUnderTest, count: int) -> None:
    conversation = await client_under_test.requested()
    frames = b"".join(text(f"early {number}").encode(masked=False) for number in range(count))
    await conversation.answer(response(101, acceptance(conversation.request)) + frames)
    for number in range(count):
        await conversation.expect(f"early {number}")


# Answers that do not

REFUSALS = [200, 204, 301, 302, 307, 400, 401, 403, 404, 426, 500, 503]


@rfc6455("4.1", MUST, "a status other than 101 opens no connection, whatever the headers say")
@pytest.mark.parametrize("status", REFUSALS)
async def test_other_status_does_not_open(client_under_test: ClientUnderTest, status: int) -> None:
    conversation = await client_under_test.requested()
    headers = acceptance(conversation.request, Content_Length="0")
    await conversation.answer(response(status, headers))
    await conversation.expect_not_opened()


@rfc6455("4.1", MUST, "a status line that has 101 in another place opens no connection")
@pytest.mark.parametrize(
    "status", ["404 101 Switching Protocols", "1010 Switching Protocols", "500 HTTP/1.1 101"]
)
async def test_status_that_looks_like_101_does_not_open(
    client_under_test: ClientUnderTest, status: str
) -> None:
    conversation = await client_under_test.requested()
    answer = response(101, acceptance(conversation.request, Content_Length="0"))
    await conversation.answer(answer.replace(b"101 Switching Protocols", status.encode(), 1))
    await conversation.expect_not_opened()


WRONG: dict[str, dict[str, Any]] = {
    "no Upgrade": {"without": ["Upgrade"]},
    "empty Upgrade": {"Upgrade": ""},
    "another Upgrade": {"Upgrade": "h2c"},
    "Upgrade with more letters": {"Upgrade": "websockets"},
    "no Connection": {"without": ["Connection"]},
    "another Connection": {"Connection": "keep-alive"},
    "Connection close": {"Connection": "close"},
    "Connection with more letters": {"Connection": "upgraded"},
    "no Accept": {"without": ["Sec-WebSocket-Accept"]},
    "empty Accept": {"Sec_WebSocket_Accept": ""},
}


@rfc6455("4.1", MUST, "an answer without the right Upgrade, Connection or Accept opens no connection")
@pytest.mark.parametrize("changed", WRONG.values(), ids=WRONG.keys())
async def test_wrong_header_does_not_open(
    client_under_test: ClientUnderTest, changed: dict[str, Any]
) -> None:
    conversation = await client_under_test.requested()
    await conversation.answer(response(101, acceptance(conversation.request, **changed)))
    await conversation.expect_not_opened()


WRONG_VALUES: dict[str, Callable[[str], str]] = {
    "of another key": lambda _: accept_value(new_key()),
    "the key itself": lambda key: key,
    "backwards": lambda key: accept_value(key)[::-1],
    "in lower case": lambda key: accept_value(key).lower(),
    "cut": lambda key: accept_value(key)[:-1],
    "with more behind": lambda key: accept_value(key) + "=",
    "of the key in lower case": lambda key: accept_value(key.lower()),
    "with the end of another": lambda key: accept_value(key)[:-4] + "AAA=",
    "with the start of another": lambda key: "AAAA" + accept_value(key)[4:],
}


@rfc6455("4.1", MUST, "a Sec-WebSocket-Accept that does not belong to the key opens no connection")
@pytest.mark.parametrize("value", WRONG_VALUES.values(), ids=WRONG_VALUES.keys())
async def test_wrong_accept_value_does_not_open(
    client_under_test: ClientUnderTest, value: Callable[[str], str]
) -> None:
    conversation = await client_under_test.requested()
    wrong = value(conversation.request.key)
    await conversation.answer(response(101, acceptance(conversation.request, Sec_WebSocket_Accept=wrong)))
    await conversation.expect_not_opened()


NOT_OFFERED = ["x-unheard-of", "permessage-bzip2", "x-a, x-b"]
NOT_OFFERED += ["permessage-deflate-x", "x-permessage-deflate", "deflate"]


@rfc6455("4.1", MUST, "an extension that was not asked for opens no connection")
@pytest.mark.parametrize("name", NOT_OFFERED)
async def test_extension_that_was_not_offered_does_not_open(
    client_under_test: ClientUnderTest, name: str
) -> None:
    conversation = await client_under_test.requested()
    answer = response(101, acceptance(conversation.request, Sec_WebSocket_Extensions=name))
    await conversation.answer(answer)
    await conversation.expect_not_opened()


@rfc6455("4.1", MUST, "a subprotocol that was not asked for opens no connection")
@pytest.mark.parametrize("name", ["chat", "x-unheard-of"])
async def test_subprotocol_that_was_not_offered_does_not_open(
    client_under_test: ClientUnderTest, name: str
) -> None:
    conversation = await client_under_test.requested()
    if name in conversation.request.subprotocols:
        pytest.skip(f"the client offers {name}")
    answer = response(101, acceptance(conversation.request, Sec_WebSocket_Protocol=name))
    await conversation.answer(answer)
    await conversation.expect_not_opened()


@rfc6455("4.1", MUST, "an extension that was not asked for opens no connection, in a second header neither")
async def test_extension_in_a_second_header_does_not_open(client_under_test: ClientUnderTest) -> None:
    conversation = await client_under_test.requested()
    first = answer_to(offer_of(conversation), [])
    headers = acceptance(conversation.request, Sec_WebSocket_Extensions=first)
    await conversation.answer(response(101, [*headers, ("Sec-WebSocket-Extensions", "x-unheard-of")]))
    await conversation.expect_not_opened()


SIMILAR: dict[str, Callable[[list[str]], str]] = {
    "in the other case": lambda offered: offered[0].swapcase(),
    "with more behind": lambda offered: offered[0] + "x",
    "cut": lambda offered: offered[0][:-1],
    "twice": lambda offered: f"{offered[0]}, {offered[0]}",
    "with one that was not offered": lambda offered: f"{offered[0]}, x-unheard-of",
}


@rfc6455("4.1", MUST, "a subprotocol that only resembles the one asked for opens no connection")
@pytest.mark.parametrize("change", SIMILAR.values(), ids=SIMILAR.keys())
async def test_subprotocol_like_the_offered_does_not_open(
    client_under_test: ClientUnderTest, change: Callable[[list[str]], str]
) -> None:
    conversation = await client_under_test.requested()
    offered = conversation.request.subprotocols
    if not offered or change(offered) in ["", *offered]:
        pytest.skip("the client offers no such subprotocol")
    answer = response(101, acceptance(conversation.request, Sec_WebSocket_Protocol=change(offered)))
    await conversation.answer(answer)
    await conversation.expect_not_opened()


NO_HTTP = {
    "nothing like HTTP": b"hello, client\r\n\r\n",
    "no version": b"101 Switching Protocols\r\n\r\n",
    "another protocol": b"ICY 101 Switching Protocols\r\n\r\n",
    "zero bytes": bytes(64) + b"\r\n\r\n",
}


@rfc6455("4.1", MUST, "an answer that is not HTTP opens no connection")
@pytest.mark.parametrize("answer", NO_HTTP.values(), ids=NO_HTTP.keys())
async def test_no_http_does_not_open(client_under_test: ClientUnderTest, answer: bytes) -> None:
    conversation = await client_under_test.requested()
    await conversation.answer(answer)
    conversation.half_close()
    assert await conversation.comes_true(lambda: conversation.tcp != "open", conversation.deadline)
    assert not conversation.unread


@rfc6455("4.1", MUST, "a server that ends TCP without an answer opens no connection, and the client ends")
@pytest.mark.parametrize("part", [0, 20, 80], ids=["no byte", "a part of the status line", "a part of it"])
async def test_end_of_tcp_before_the_answer(client_under_test: ClientUnderTest, part: int) -> None:
    conversation = await client_under_test.requested()
    answer = response(101, acceptance(conversation.request))
    await conversation.answer(answer[:part])
    conversation.close_tcp()


@rfc6455("4.1", SHOULD, "two different values of Sec-WebSocket-Accept open no connection")
async def test_two_accept_values_do_not_open(client_under_test: ClientUnderTest) -> None:
    conversation = await client_under_test.requested()
    headers = [("Sec-WebSocket-Accept", accept_value(new_key())), *acceptance(conversation.request)]
    await conversation.answer(response(101, headers))
    await conversation.expect_not_opened()
