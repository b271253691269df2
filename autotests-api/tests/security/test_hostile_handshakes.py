"""Hostile handshakes: very large, smuggled, replayed, or with header injection."""

import contextlib
from collections.abc import Callable
from dataclasses import replace
from itertools import islice, product
from string import ascii_letters, digits

import pytest

from pytest_websocket import security
from pytest_websocket.fixtures import Connect, Dial, Echo, OpenRawConnection, RawConnection
from pytest_websocket.protocol.frames import text
from pytest_websocket.protocol.handshake import Request, Response
from pytest_websocket.raw.ending import NotReceived

pytestmark = security(
    cwe=20,
    asvs="16.5.1",
    severity="medium",
    gain="An unusual request stops the server, or is taken for what it is not.",
)


def many_short_headers(opening: Request) -> Request:
    """Returns a small request with more headers than some servers keep, so that they lose the last ones."""
    names = map("".join, product(ascii_letters, ascii_letters + digits))
    short = tuple((name, "") for name in islice(names, 2_000))
    host, *others = opening.headers
    return replace(opening, headers=(host, *short, *others))


GIANTS = {
    "one header of 16 KiB": lambda opening: opening.having("X-Giant", "x" * (16 << 10)),
    "one header of 1 MiB": lambda opening: opening.having("X-Giant", "x" * (1 << 20)),
    "a header name of 100 KiB": lambda opening: opening.having("X" * (100 << 10), "x"),
    "thousand headers": lambda opening: opening.having("X-Many", *["x"] * 1_000),
    "ten thousand headers": lambda opening: opening.having("X-Many", *["x"] * 10_000),
    "two thousand short headers before the upgrade": many_short_headers,
    "a path of 100 KiB": lambda opening: opening.using(resource="/" + "x" * (100 << 10)),
    "a path of 1 MiB": lambda opening: opening.using(resource="/" + "x" * (1 << 20)),
    "a method of 100 KiB": lambda opening: opening.using(method="G" * (100 << 10)),
    "a key of 100 KiB": lambda opening: opening.having("Sec-WebSocket-Key", "x" * (100 << 10)),
    "thousand subprotocols": lambda opening: opening.having(
        "Sec-WebSocket-Protocol", ", ".join(f"p{number}" for number in range(1_000))
    ),
    "thousand extensions": lambda opening: opening.having(
        "Sec-WebSocket-Extensions", ", ".join(f"e{number}; a=1" for number in range(1_000))
    ),
    "a subprotocol behind 200 KiB of blanks": lambda opening: opening.having(
        "Sec-WebSocket-Protocol", "a" + " " * (200 << 10) + "b"
    ),
    "an extension behind 200 KiB of blanks": lambda opening: opening.having(
        "Sec-WebSocket-Extensions", "a" + " " * (200 << 10) + "b"
    ),
    "a parameter of 200 KiB of backslashes": lambda opening: opening.having(
        "Sec-WebSocket-Extensions", 'a; b="' + "\\" * (200 << 10)
    ),
    "thousand offers of deflate": lambda opening: opening.having(
        "Sec-WebSocket-Extensions", ", ".join(["permessage-deflate; client_max_window_bits"] * 1_000)
    ),
}

# Attributes that every object of JavaScript or Python has: a lookup in a plain object finds them.
INNATE = ["constructor", "__proto__", "prototype", "toString", "hasOwnProperty", "__class__", "__init__"]

INJECTIONS = {
    "CR LF in the path": ("resource", "/%0d%0aX-Injected:%20yes"),
    "CR LF in the query": ("resource", "/?next=%0D%0AX-Injected:%20yes%0D%0A"),
    "CR LF in a redirect": (
        "resource",
        "/?redirect=http://x%0D%0AX-Injected:%20yes&url=/%0D%0AX-Injected:%20yes",
    ),
    "LF in the path": ("resource", "/x%0aX-Injected:%20yes"),
    "wide CR LF": ("resource", "/%E5%98%8D%E5%98%8AX-Injected:%20yes"),
    "bare CR in a header": ("X-Header", "a\rX-Injected: yes"),
    "bare CR in the subprotocol": ("Sec-WebSocket-Protocol", "echo\rX-Injected: yes"),
    "bare LF in the subprotocol": ("Sec-WebSocket-Protocol", "echo\nX-Injected: yes"),
    "NUL in the subprotocol": ("Sec-WebSocket-Protocol", "echo\x00X-Injected: yes"),
    "a header in the origin": ("Origin", "http://example.com\rX-Injected: yes"),
    "encoded header in the subprotocol": ("Sec-WebSocket-Protocol", "echo%0d%0aX-Injected:yes"),
    "a header in the extension": ("Sec-WebSocket-Extensions", 'x; a="b\\\rX-Injected: yes"'),
}

PLACES = {
    "the root": "/",
    "a path that is not there": "/no/such/place",
    "the folder": "{folder}/",
    "a folder above": "{folder}/../",
    "a name after it": "{folder}/info",
    "numbers after it": "{folder}/000/x/xhr",
    "nothing": "",
    "an asterisk": "*",
    "a query alone": "?x",
    "a slash more": "{folder}//",
    "a long name": "/" + "x" * 2_000,
}

PATHS = {
    "dots": "/../../../../etc/passwd",
    "encoded dots": "/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
    "twice encoded dots": "/%252e%252e/%252e%252e/etc/passwd",
    "overlong dots": "/%c0%ae%c0%ae/%c0%ae%c0%ae/etc/passwd",
    "backslashes": "/..\\..\\..\\..\\windows\\win.ini",
    "absolute": "//etc/passwd",
    "a file URL": "file:///etc/passwd",
    "NUL": "/%00/etc/passwd",
    "parameters": "/..;/..;/etc/passwd",
    "encoded slashes": "/..%2f..%2f..%2f..%2f..%2f..%2f..%2f..%2fetc%2fpasswd",
    "many dots": "/" + "../" * 16 + "etc/passwd",
    "dots after a folder of files": "/static/" + "../" * 16 + "etc/passwd",
    "dots after the place": "{folder}/" + "../" * 16 + "etc/passwd",
}


async def refused_or_accepted(raw: RawConnection, request: Request) -> Response | None:
    """Returns the response to a request, None where TCP ended; raises NotReceived where neither comes."""
    await raw.send_bytes(request.encode())
    raw.request = request
    return await raw.refusal()


async def answer_to(raw: RawConnection, request: Request, echo: Echo) -> Response | None:
    """Returns the response to a request, None where there is none.

    A server may wait for more of the head; the echo API does not.
    """
    try:
        return await refused_or_accepted(raw, request)
    except NotReceived:
        if echo.is_echo_api:
            raise
        return None


@security(
    cwe=400,
    cve=["CVE-2024-37890", "CVE-2021-32640", "CVE-2020-7662", "CVE-2023-43669"],
    asvs="15.2.2",
    gain="One large request keeps the server busy, or ends it.",
)
@pytest.mark.parametrize("make", GIANTS.values(), ids=GIANTS.keys())
async def test_giant_handshake_is_answered_or_ended(
    connect: Connect, dial: Dial, opening: Request, echo: Echo, make: Callable[[Request], Request]
) -> None:
    raw = await dial("giant")
    try:
        await refused_or_accepted(raw, make(opening))
    except NotReceived as silence:
        # No sentence of RFC 6455 asks for an answer; RFC 9110 §5.4 does, of a server that refuses.
        if echo.is_echo_api or echo.target.strict:
            raise
        pytest.xfail(f"the server neither answers nor closes: {silence}")
    await echo.expect_healthy(await connect(name="another client"))


@security(
    cwe=772,
    asvs="15.2.2",
    gain="A refused request keeps what it took, and after enough of them the server serves no client.",
)
async def test_many_refused_requests_do_not_stop_the_server(
    connect: Connect, dial: Dial, opening: Request, echo: Echo
) -> None:
    try:
        for number in range(20):
            await refused_or_accepted(await dial(f"refused {number}"), opening.without("Sec-WebSocket-Key"))
    except NotReceived:
        # Twenty deadlines would be too long where a server waits for more of the head.
        if echo.is_echo_api:
            raise
    await echo.expect_healthy(await connect(name="another client"))


@security(
    cwe=1321,
    asvs="15.3.6",
    gain="A name that every object has is looked up in a plain object, and the error ends the server.",
)
@pytest.mark.parametrize("name", INNATE)
async def test_name_that_every_object_has_does_not_stop_the_server(
    connect: Connect, dial: Dial, opening: Request, echo: Echo, name: str
) -> None:
    for header, value in (
        ("Sec-WebSocket-Extensions", f"{name}; {name}={name}"),
        ("Sec-WebSocket-Extensions", f"permessage-deflate; {name}"),
        ("Sec-WebSocket-Protocol", name),
        (name, name),
    ):
        await answer_to(await dial("hostile"), opening.having(header, value), echo)
    await echo.expect_healthy(await connect(name="another client"))


@security(
    cwe=770,
    asvs="15.2.2",
    severity="medium",
    gain="A request that never ends keeps memory for as long as the attacker likes.",
)
async def test_handshake_without_an_end_does_not_stop_the_server(
    connect: Connect, dial: Dial, opening: Request, echo: Echo
) -> None:
    endless = await dial("endless")
    await endless.send_bytes(opening.encode().removesuffix(b"\r\n"))
    for _ in range(32):
        await endless.send_bytes(b"X-More: " + b"x" * 8_000 + b"\r\n")
    await echo.expect_healthy(await connect(name="another client"))


@security(
    cwe=770,
    asvs="15.2.2",
    severity="medium",
    gain="A request that never ends keeps memory for as long as the attacker likes.",
)
async def test_handshake_without_an_end_is_ended(dial: Dial, opening: Request, echo: Echo) -> None:
    """A server that reads on without a limit can be made to run out of memory."""
    endless = await dial("endless")
    await endless.send_bytes(opening.encode().removesuffix(b"\r\n"))
    lines = b"".join(b"X-More-%d: " % number + b"x" * 1_000 + b"\r\n" for number in range(64))
    for _ in range(64):
        await endless.send_bytes(lines)
        if endless.tcp != "open" or endless.has_data:
            return
    try:
        await endless.refusal()
    except NotReceived:
        if echo.is_echo_api:
            raise
        pytest.skip("the server takes a request head of more than 4 MiB, and only ours promises not to")


@security(
    cwe=770,
    asvs="15.2.2",
    severity="medium",
    gain="A line that never ends keeps memory for as long as the attacker likes.",
)
async def test_line_without_an_end_does_not_stop_the_server(connect: Connect, dial: Dial, echo: Echo) -> None:
    endless = await dial("endless")
    for _ in range(32):
        await endless.send_bytes(b"x" * 32_768)
    await echo.expect_healthy(await connect(name="another client"))


@security(
    cwe=113,
    cve="CVE-2020-35678",
    asvs="1.2.1",
    wstg="WSTG-INPV-15",
    gain="A link writes headers of the attacker into the answer: cookies, redirects, a page of their own.",
)
@pytest.mark.parametrize("where, what", INJECTIONS.values(), ids=INJECTIONS.keys())
async def test_handshake_writes_no_header_into_the_answer(
    connect: Connect, dial: Dial, opening: Request, echo: Echo, where: str, what: str
) -> None:
    request = opening.using(resource=what) if where == "resource" else opening.having(where, what)
    for asked in (request, request.without("Upgrade")):
        response = await answer_to(await dial("injector"), asked, echo)
        if response is None:
            continue
        injected = [line for line in response.raw.splitlines() if line.lower().startswith(b"x-injected")]
        assert not injected, f"the request wrote a header into the answer: {injected[0]!r}"
    await echo.expect_healthy(await connect(name="another client"))


@security(
    cwe=248,
    cve=["CVE-2020-7693", "CVE-2022-41940"],
    asvs="16.5.1",
    gain="An upgrade that no part of the server expects raises an error that ends it.",
)
@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES.keys())
async def test_upgrade_at_another_place_does_not_stop_the_server(
    connect: Connect, dial: Dial, opening: Request, echo: Echo, place: str
) -> None:
    folder = opening.resource.partition("?")[0].rpartition("/")[0]
    request = opening.using(resource=place.format(folder=folder))
    for bent in (request, request.having("Connection", "keep-alive, Upgrade"), request.without("Connection")):
        with contextlib.suppress(NotReceived):
            raw = await dial("elsewhere")
            await raw.send_bytes(bent.encode())
            await raw.refusal(deadline=raw.deadline / 10)
        raw.abort()
    await echo.expect_healthy(await connect(name="another client"))


@security(
    cwe=248,
    cve="CVE-2022-41940",
    asvs="16.5.1",
    gain="A reset after an upgrade that no part of the server expects raises an error that ends it.",
)
@pytest.mark.parametrize("late", [False, True], ids=["at once", "after the server"])
@pytest.mark.parametrize("place", ["/", "/no/such/place"])
async def test_client_that_leaves_at_another_place_does_not_stop_the_server(
    connect: Connect, dial: Dial, opening: Request, echo: Echo, place: str, late: bool
) -> None:
    leaving = [await dial("leaving") for _ in range(3)]
    for raw in leaving:
        await raw.send_bytes(opening.using(resource=place).encode())
    for raw in leaving:
        if late:
            await raw.tcp_ending(deadline=raw.deadline / 2)
        raw.reset()
    await echo.expect_healthy(await connect(name="another client"))


@security(
    cwe=22,
    cve="CVE-2024-23334",
    asvs="5.3.2",
    wstg="WSTG-ATHZ-01",
    severity="critical",
    gain="A path with dots reads any file of the server.",
)
@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS.keys())
async def test_path_leads_to_no_file_of_the_server(
    connect: Connect, dial: Dial, opening: Request, echo: Echo, path: str
) -> None:
    path = path.replace("{folder}", opening.resource.partition("?")[0].rpartition("/")[0])
    for request in (opening.using(resource=path), opening.using(resource=path).without("Upgrade")):
        raw = await dial("path traversal")
        response = await answer_to(raw, request, echo)
        if response is not None and not response.accepted:
            raw.half_close()
            await raw.tcp_ending(deadline=raw.deadline / 10)
            assert b"root:" not in raw.body, "the server handed out its list of users"
            assert b"[fonts]" not in raw.body, "the server handed out a file of its system"
    await echo.expect_healthy(await connect(name="another client"))


async def test_replayed_handshake_is_a_handshake_like_any_other(
    connect: Connect, dial: Dial, opening: Request, echo: Echo
) -> None:
    """A key is neither a secret nor a session: the same bytes open another connection."""
    connections = [await dial(f"replay {number}") for number in range(3)]
    for raw in connections:
        response = await raw.handshake(opening)
        assert response.accepted, f"the same handshake was refused when it came again: {response}"
    await echo.expect_healthy(await connect(name="another client"))


@security(
    cwe=444,
    asvs="4.2.1",
    wstg="WSTG-INPV-15",
    gain="A request hidden behind the handshake is handled as another one, past the checks of a proxy.",
)
async def test_second_handshake_on_a_connection_is_not_answered(
    connect: Connect, raw_connection: OpenRawConnection, opening: Request, echo: Echo
) -> None:
    """After the first one, the bytes are read as a frame, and its first byte has reserved bits set."""
    raw = await raw_connection("twice")
    await raw.send_bytes(opening.encode())
    await raw.expect_ended(probe_with_ping=False)
    await echo.expect_healthy(await connect(name="another client"))


@security(
    cwe=444,
    asvs="4.2.1",
    wstg="WSTG-INPV-15",
    gain="A request hidden in the body of another one is handled past the checks of a proxy.",
)
@pytest.mark.parametrize(
    "headers",
    [{"Content-Length": "{length}"}, {"Transfer-Encoding": "chunked"}, {"Content-Length": "0"}],
    ids=["in a body", "in a chunk", "behind an empty body"],
)
async def test_smuggled_handshake_is_not_answered(
    connect: Connect, dial: Dial, opening: Request, echo: Echo, headers: dict[str, str]
) -> None:
    """Two requests, or one with a body: however the server reads it, it switches protocols once."""
    raw = await dial("smuggler")
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


NONSENSE = {
    "zeros": bytes(1_000),
    "line ends": b"\r\n" * 1_000,
    "TLS": bytes.fromhex("16030100f8010000f40303") + bytes(200),
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9),
    "SSH": b"SSH-2.0-OpenSSH_9.9\r\n",
    "a frame": text("no handshake before").encode(),
    "noise": bytes(range(255, -1, -1)) * 8,
    "percent": b"GET /%n%n%s%s HTTP/1.1\r\nHost: %n%s\r\n\r\n",
    "no version": b"GET /\r\n\r\n",
    "a huge version": b"GET / HTTP/999999999999.9\r\n\r\n",
    "negative length": b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    "huge length": b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n",
}


@security(cwe=248, asvs="16.5.1", gain="A few bytes that are no HTTP raise an error that ends the server.")
@pytest.mark.parametrize("nonsense", NONSENSE.values(), ids=NONSENSE.keys())
async def test_nonsense_instead_of_a_handshake_does_not_stop_the_server(
    connect: Connect, dial: Dial, echo: Echo, nonsense: bytes
) -> None:
    for _ in range(3):
        await (await dial("nonsense")).send_bytes(nonsense)
        await echo.expect_healthy(await connect(name="another client"))
