"""Large requests: giant and many headers, heads and lines without an end."""

from collections.abc import Callable
from dataclasses import replace
from itertools import islice, product
from string import ascii_letters, digits

import pytest

from pytest_websocket import security
from pytest_websocket.fixtures import Connect, Dial, Echo
from pytest_websocket.protocol.handshake import Request
from pytest_websocket.raw.ending import NotReceived

pytestmark = security(
    cwe=770,
    asvs="15.2.2",
    severity="medium",
    gain="A request that never ends keeps memory for as long as the attacker likes.",
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
        await raw.response_to(make(opening))
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
            raw = await dial(f"refused {number}")
            await raw.response_to(opening.without("Sec-WebSocket-Key"))
    except NotReceived:
        # Twenty deadlines would be too long where a server waits for more of the head.
        if echo.is_echo_api:
            raise
    await echo.expect_healthy(await connect(name="another client"))


async def test_handshake_without_an_end_does_not_stop_the_server(
    connect: Connect, dial: Dial, opening: Request, echo: Echo
) -> None:
    endless = await dial("endless")
    await endless.send_bytes(opening.encode().removesuffix(b"\r\n"))
    for _ in range(32):
        await endless.send_bytes(b"X-More: " + b"x" * 8_000 + b"\r\n")
    await echo.expect_healthy(await connect(name="another client"))


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
        pytest.skip("the server takes a request head of more than 4 MiB, which no rule forbids")


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
