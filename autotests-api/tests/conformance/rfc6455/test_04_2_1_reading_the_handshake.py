"""RFC 6455 §4.2.1: which opening handshakes a server accepts, and which it must refuse."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from pytest_websocket.fixtures import Dial, RecordProperty, Target
from pytest_websocket.plugin.marks import MAY, MUST, SHOULD, rfc6455
from pytest_websocket.protocol.handshake import Request, new_key
from pytest_websocket.raw.ending import NotReceived

BROKEN: dict[str, Callable[[Request], Request]] = {
    "POST": lambda opening: opening.using(method="POST"),
    "PUT": lambda opening: opening.using(method="PUT"),
    "HEAD": lambda opening: opening.using(method="HEAD"),
    "unknown method": lambda opening: opening.using(method="FETCH"),
    "lower-case get": lambda opening: opening.using(method="get"),
    "HTTP/1.0": lambda opening: opening.using(version="HTTP/1.0"),
    "no Host": lambda opening: opening.without("Host"),
    "no Upgrade": lambda opening: opening.without("Upgrade"),
    "empty Upgrade": lambda opening: opening.having("Upgrade", ""),
    "Upgrade to something else": lambda opening: opening.having("Upgrade", "x-unheard-of"),
    "Upgrade to websockets": lambda opening: opening.having("Upgrade", "websockets"),
    "Upgrade to web": lambda opening: opening.having("Upgrade", "web"),
    "no Connection": lambda opening: opening.without("Connection"),
    "empty Connection": lambda opening: opening.having("Connection", ""),
    "Connection keep-alive": lambda opening: opening.having("Connection", "keep-alive"),
    "Connection close": lambda opening: opening.having("Connection", "close"),
    "Connection not-upgrade": lambda opening: opening.having("Connection", "not-upgrade"),
    "Connection upgraded": lambda opening: opening.having("Connection", "upgraded"),
    "no key": lambda opening: opening.without("Sec-WebSocket-Key"),
    "no version": lambda opening: opening.without("Sec-WebSocket-Version"),
}
"""Requests that lack something that §4.2.1 demands."""


@rfc6455("4.2.1", MUST, "a request that is no opening handshake is not answered with 101")
@pytest.mark.parametrize("what", BROKEN)
async def test_request_that_is_no_handshake_is_refused(dial: Dial, opening: Request, what: str) -> None:
    await (await dial()).expect_rejected(BROKEN[what](opening), older_protocol=what == "no version")


# The grammar of §4.3 forbids these; §4.2.2 lets a server leave the key undecoded, so it cannot be held to it.
undecoded = rfc6455("4.2.1", SHOULD, "a Sec-WebSocket-Key that is no base64 is refused")
MALFORMED_KEYS = [
    pytest.param("", id="empty"),
    pytest.param("AAAAAAAAAAAAAAAAAAAAAA", id="no padding", marks=undecoded),
    pytest.param("!!!!!!!!!!!!!!!!!!!!!!==", id="not base64", marks=undecoded),
    pytest.param("the sample nonce", id="text", marks=undecoded),
]

KEYS_OF_ANOTHER_LENGTH = {
    "one byte": "AA==",
    "15 bytes": "AAAAAAAAAAAAAAAAAAAA",
    "17 bytes": "AAAAAAAAAAAAAAAAAAAAAAA=",
    "24 bytes": "A" * 32,
    "too long": "A" * 4000,
}


@rfc6455("4.2.1", MUST, "an empty Sec-WebSocket-Key is refused")
@pytest.mark.parametrize("key", MALFORMED_KEYS)
async def test_malformed_key_is_refused(dial: Dial, opening: Request, key: str) -> None:
    await (await dial()).expect_rejected(opening.having("Sec-WebSocket-Key", key))


@rfc6455("4.2.1", SHOULD, "a Sec-WebSocket-Key of another length than 16 bytes is refused")
@pytest.mark.parametrize("key", KEYS_OF_ANOTHER_LENGTH.values(), ids=KEYS_OF_ANOTHER_LENGTH.keys())
async def test_key_of_another_length_is_refused(dial: Dial, opening: Request, key: str) -> None:
    """A server need not decode the key (RFC 6455 §4.2.2)."""
    await (await dial()).expect_rejected(opening.having("Sec-WebSocket-Key", key))


KEYS_OF_ANOTHER_ALPHABET = {
    "a stray character": "AAAAAAAAAAAA!AAAAAAAAAA==",
    "a blank inside": "AAAAAAAAAAAA AAAAAAAAAA==",
    "for URLs": "____________________-w==",
}


@rfc6455("4.2.1", SHOULD, "a Sec-WebSocket-Key with characters that base64 does not have is refused")
@pytest.mark.parametrize("key", KEYS_OF_ANOTHER_ALPHABET.values(), ids=KEYS_OF_ANOTHER_ALPHABET.keys())
async def test_key_of_another_alphabet_is_refused(dial: Dial, opening: Request, key: str) -> None:
    """A lenient decoder makes 16 bytes of it."""
    await (await dial()).expect_rejected(opening.having("Sec-WebSocket-Key", key))


@rfc6455("11.3.1", SHOULD, "a repeated Sec-WebSocket-Key is refused")
async def test_repeated_key_is_refused(dial: Dial, opening: Request) -> None:
    await (await dial()).expect_rejected(opening.having("Sec-WebSocket-Key", new_key(), new_key()))


@rfc6455("4.2.1", SHOULD, "a refusal is an HTTP response with an error code such as 400")
@pytest.mark.parametrize(
    "what", [what for what in BROKEN if "Upgrade" not in what and what not in ("HEAD", "no Connection")]
)
async def test_refusal_is_an_http_error(dial: Dial, opening: Request, what: str) -> None:
    response = await (await dial()).expect_rejected(BROKEN[what](opening))
    assert response is not None, "the server closed the connection without an HTTP response"
    assert 400 <= response.status < 600, f"expected an HTTP error, got {response}"


@rfc6455("4.2.1", SHOULD, "a request with two Host headers is refused (RFC 9112 §3.2)")
@pytest.mark.parametrize("other", ["example.com", None], ids=["another", "the same"])
async def test_request_with_two_hosts_is_refused(
    dial: Dial, opening: Request, target: Target, other: str | None
) -> None:
    await (await dial()).expect_rejected(opening.having("Host", target.authority, other or target.authority))


@rfc6455("4.2.1", SHOULD, "white space between a header name and its colon is refused (RFC 9112 §5.1)")
@pytest.mark.parametrize("name", ["Host", "X-Unknown"])
async def test_blank_before_the_colon_is_refused(
    dial: Dial, opening: Request, target: Target, name: str
) -> None:
    value = target.authority if name == "Host" else "1"
    await (await dial()).expect_rejected(opening.without(name).having(f"{name} ", value))


@rfc6455("3", SHOULD, "a request target with a fragment identifier is refused")
async def test_fragment_in_the_request_target_is_refused(dial: Dial, opening: Request) -> None:
    await (await dial()).expect_rejected(opening.using(resource=opening.resource + "#fragment"))


@rfc6455("4.2.1", MUST, "a refused handshake does not affect the next")
async def test_refused_handshake_does_not_affect_the_next(dial: Dial, opening: Request) -> None:
    await (await dial()).expect_rejected(opening.without("Sec-WebSocket-Key"))
    raw = await dial()
    await raw.expect_accepted(opening)
    await raw.expect_served()


SPELLINGS = {
    "lower case": str.lower,
    "upper case": str.upper,
    "title case": str.title,
    "mixed case": lambda text: "".join(c.upper() if n % 2 else c.lower() for n, c in enumerate(text)),
}


@rfc6455("4.2.1", MUST, "header names are not case-sensitive")
@pytest.mark.parametrize("spell", SPELLINGS.values(), ids=SPELLINGS.keys())
async def test_header_names_in_any_case_are_taken(
    dial: Dial, opening: Request, spell: Callable[[str], str]
) -> None:
    request = opening
    for name in ("Host", "Upgrade", "Connection", "Sec-WebSocket-Key", "Sec-WebSocket-Version"):
        value = next(value for known, value in opening.headers if known == name)
        request = request.without(name).having(spell(name), value)
    raw = await dial()
    await raw.expect_accepted(request)
    await raw.expect_served()


@rfc6455("4.2.1", MUST, "the value 'websocket' is not case-sensitive")
@pytest.mark.parametrize("value", ["websocket", "WebSocket", "WEBSOCKET", "webSocket"])
async def test_upgrade_in_any_case_is_taken(dial: Dial, opening: Request, value: str) -> None:
    await (await dial()).expect_accepted(opening.having("Upgrade", value))


several_lines = rfc6455("4.2.1", SHOULD, "Connection lines are read as one list (RFC 9110 §5.3)")


@rfc6455("4.2.1", MUST, "the token 'Upgrade' is found in any case, in any list")
@pytest.mark.parametrize(
    "values",
    [
        ["Upgrade"],
        ["upgrade"],
        ["UPGRADE"],
        ["keep-alive, Upgrade"],
        ["Upgrade, keep-alive"],
        ["keep-alive,upgrade"],
        ["keep-alive , Upgrade"],
        ["keep-alive, foo, Upgrade, bar"],
        pytest.param(["keep-alive", "Upgrade"], marks=several_lines),
        pytest.param(["Upgrade", "keep-alive"], marks=several_lines),
    ],
    ids=" | ".join,
)
async def test_connection_that_holds_the_token_upgrade_is_taken(
    dial: Dial, opening: Request, values: list[str]
) -> None:
    await (await dial()).expect_accepted(opening.having("Connection", *values))


@rfc6455("4.2.1", SHOULD, "the blank around the elements of a list may be a tab (RFC 9110 §5.6.3)")
@pytest.mark.parametrize(
    "value", ["keep-alive,\tUpgrade", "\tUpgrade\t,keep-alive"], ids=["before it", "on both sides"]
)
async def test_token_upgrade_is_found_beside_a_tab(dial: Dial, opening: Request, value: str) -> None:
    await (await dial()).expect_accepted(opening.having("Connection", value))


@rfc6455("4.2.1", SHOULD, "empty elements of a list mean nothing (RFC 9110 §5.6.1)")
@pytest.mark.parametrize("value", [", Upgrade", "keep-alive,, Upgrade", "Upgrade,"])
async def test_token_upgrade_is_found_beside_empty_elements(dial: Dial, opening: Request, value: str) -> None:
    await (await dial()).expect_accepted(opening.having("Connection", value))


@rfc6455("4.2.1", SHOULD, "an empty line before the request line is passed over (RFC 9112 §2.2)")
async def test_empty_line_before_the_request_is_passed_over(dial: Dial, opening: Request) -> None:
    connection = await dial()
    await connection.expect_accepted(opening, data=b"\r\n" + opening.encode())


@rfc6455("4.2.1", SHOULD, "a header with an underscore is another one than the header with a hyphen")
@pytest.mark.parametrize("name", ["Sec-WebSocket-Key", "Sec-WebSocket-Version"])
async def test_header_of_a_similar_name_is_not_taken_for_it(dial: Dial, opening: Request, name: str) -> None:
    value = next(value for known, value in opening.headers if known == name)
    await (await dial()).expect_rejected(opening.without(name).having(name.replace("-", "_"), value))


@rfc6455("4.2.1", MAY, "an Upgrade header may offer other protocols beside websocket")
@pytest.mark.parametrize("value", ["x-unheard-of, websocket", "websocket, x-unheard-of"])
async def test_upgrade_with_other_protocols_is_answered(
    dial: Dial, opening: Request, record_property: RecordProperty, value: str
) -> None:
    connection = await dial()
    await connection.send_bytes(opening.having("Upgrade", value).encode())
    response = await connection.refusal()
    record_property("observed", str(response or "closed without a response"))
    if response is not None and response.accepted:
        assert response.tokens("Upgrade") == ["websocket"], f"switched to {response.value('Upgrade')!r}"


@rfc6455("4.2.1", MUST, "the order of the headers means nothing")
@pytest.mark.parametrize("how", ["reversed", "key first", "version first"])
async def test_headers_in_any_order_are_taken(dial: Dial, opening: Request, how: str) -> None:
    first = {"reversed": "", "key first": "Sec-WebSocket-Key", "version first": "Sec-WebSocket-Version"}[how]
    backwards = opening.headers[::-1]
    await (await dial()).expect_accepted(
        replace(opening, headers=tuple(sorted(backwards, key=lambda header: header[0] != first)))
    )


any_white_space = rfc6455(
    "4.2.1", SHOULD, "white space of any length before a header value does not belong to it (RFC 9110 §5.5)"
)


@rfc6455("4.2.1", MUST, "the space before a header value does not belong to it")
@pytest.mark.parametrize(
    "padding",
    [
        pytest.param("", id="none", marks=any_white_space),
        pytest.param(" ", id="one space"),
        pytest.param("   ", id="three spaces", marks=any_white_space),
    ],
)
async def test_white_space_before_values_is_dropped(dial: Dial, opening: Request, padding: str) -> None:
    await takes_padded(dial, opening, padding, "")


@rfc6455("4.2.1", SHOULD, "white space after a header value does not belong to it either (RFC 9110 §5.5)")
@pytest.mark.parametrize("padding", [" ", "   ", "\t"], ids=["one space", "three spaces", "tab"])
async def test_white_space_after_values_is_dropped(dial: Dial, opening: Request, padding: str) -> None:
    await takes_padded(dial, opening, " ", padding)


async def takes_padded(dial: Dial, opening: Request, before: str, after: str) -> None:
    lines = [f"{opening.method} {opening.resource} {opening.version}"]
    lines += [f"{name}:{before}{value}{after}" for name, value in opening.headers]
    connection = await dial()
    await connection.expect_accepted(opening, data=("\r\n".join(lines) + "\r\n\r\n").encode())


@rfc6455("4.2.1", MUST, "headers that a server does not know are passed over")
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-Unknown", "anything at all"),
        ("X-Empty", ""),
        ("Cookie", "a=1; b=2"),
        ("User-Agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36"),
        ("Accept-Language", "ru-RU,ru;q=0.9,en;q=0.5"),
        ("Cache-Control", "no-cache"),
        ("Pragma", "no-cache"),
        ("Sec-WebSocket-Unknown", "1"),
        ("Sec-Fetch-Mode", "websocket"),
        ("X-Colons", "a: b: c"),
    ],
    ids=lambda value: value if isinstance(value, str) and "-" in value and " " not in value else "",
)
async def test_unknown_headers_are_passed_over(dial: Dial, opening: Request, name: str, value: str) -> None:
    raw = await dial()
    await raw.expect_accepted(
        opening.adding_cookie(value) if name == "Cookie" else opening.having(name, value)
    )
    await raw.expect_served()


@rfc6455("4.2.1", SHOULD, "a header's value may hold bytes beyond ASCII (RFC 9110 §5.5)")
@pytest.mark.parametrize("value", ["caf\u00e9", "привет"], ids=["latin-1", "UTF-8"])
async def test_header_beyond_ascii_is_passed_over(dial: Dial, opening: Request, value: str) -> None:
    raw = await dial()
    await raw.expect_accepted(opening.having("X-Unknown", value))
    await raw.expect_served()


@rfc6455("4.2.1", SHOULD, "many and long headers of an ordinary browser's size are taken")
@pytest.mark.parametrize(("count", "size"), [(30, 40), (60, 40), (1, 2000), (1, 4000)])
async def test_many_and_long_headers_are_taken(dial: Dial, opening: Request, count: int, size: int) -> None:
    request = opening
    for number in range(count):
        request = request.having(f"X-Header-{number}", "x" * size)
    await (await dial()).expect_accepted(request)


@rfc6455("4.2.1", SHOULD, "a cookie of the size that browsers keep is taken (RFC 6265 §6.1)")
async def test_large_cookie_is_taken(dial: Dial, opening: Request) -> None:
    await (await dial()).expect_accepted(opening.adding_cookie("large=" + "x" * 4_000))


@rfc6455("4.2.1", MUST, "the bounds of TCP segments mean nothing to the handshake")
@pytest.mark.parametrize("piece", [1, 2, 7, 50])
async def test_handshake_in_pieces_is_taken(dial: Dial, opening: Request, piece: int) -> None:
    raw = await dial()
    await raw.expect_accepted(opening, piece=piece)
    await raw.expect_served()


@rfc6455("4.2.1", MUST, "a request is complete at its empty line, not before")
async def test_half_a_handshake_is_not_answered_early(dial: Dial, opening: Request) -> None:
    whole = opening.encode()
    connection = await dial()
    await connection.send_bytes(whole[:-2])
    await connection.await_server_turn()
    assert not connection.has_data, "the server answered a request whose empty line had not been sent"
    await connection.expect_accepted(opening, data=whole[-2:])


GARBAGE = {
    "empty lines": b"\r\n\r\n\r\n\r\n",
    "binary": bytes(range(256)) + b"\r\n\r\n",
    "a frame": b"\x81\x85\x00\x00\x00\x00hello\r\n\r\n",
    "text": b"hello, is there anybody?\r\n\r\n",
    "no version": b"GET /\r\n\r\n",
    "no target": b"GET HTTP/1.1\r\nHost: x\r\n\r\n",
    "TLS": b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03" + bytes(range(32)) + b"\r\n\r\n",
    "header without colon": b"GET / HTTP/1.1\r\nHost: x\r\nthis is no header\r\n\r\n",
    "NUL in a header": b"GET / HTTP/1.1\r\nHost: x\r\nX-Nul: a\x00b\r\nUpgrade: websocket\r\n\r\n",
}


@rfc6455("4.2.1", MUST, "what is no HTTP request does not open a connection")
@pytest.mark.parametrize("data", GARBAGE.values(), ids=GARBAGE.keys())
async def test_garbage_does_not_open_a_connection(dial: Dial, data: bytes) -> None:
    raw = await dial()
    await raw.send_bytes(data)
    raw.half_close()
    try:
        response = await raw.refusal()
    except NotReceived:
        # Left without an answer for the whole deadline, it has opened nothing: the next case judges that.
        return
    assert response is None or not response.accepted, f"garbage was answered with {response}"


@rfc6455("4.2.1", SHOULD, "what is no handshake is answered with an error, or the connection is closed")
@pytest.mark.parametrize("data", GARBAGE.values(), ids=GARBAGE.keys())
async def test_garbage_is_not_left_unanswered(dial: Dial, data: bytes) -> None:
    raw = await dial()
    await raw.send_bytes(data)
    raw.half_close()
    await raw.refusal()


@rfc6455("4.2.1", SHOULD, "an absolute URI in the request line names the same resource")
async def test_absolute_request_target_is_taken(dial: Dial, opening: Request, target: Target) -> None:
    scheme = "https" if target.secure else "http"
    await (await dial()).expect_accepted(
        opening.using(resource=f"{scheme}://{target.authority}{opening.resource}")
    )
