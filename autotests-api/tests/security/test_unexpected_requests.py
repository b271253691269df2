"""Unexpected requests: names, places and bytes that no part of a server has been written for."""

import contextlib

import pytest

from pytest_websocket import security
from pytest_websocket.fixtures import AnswerTo, Connect, Dial, Echo
from pytest_websocket.protocol.frames import text
from pytest_websocket.protocol.handshake import Request
from pytest_websocket.raw.ending import NotReceived

pytestmark = security(
    cwe=20,
    asvs="16.5.1",
    severity="medium",
    gain="An unusual request stops the server, or is taken for what it is not.",
)


# Attributes that every object of JavaScript or Python has: a lookup in a plain object finds them.
INNATE = ["constructor", "__proto__", "prototype", "toString", "hasOwnProperty", "__class__", "__init__"]

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


@security(
    cwe=1321,
    asvs="15.3.6",
    gain="A name that every object has is looked up in a plain object, and the error ends the server.",
)
@pytest.mark.parametrize("name", INNATE)
async def test_name_that_every_object_has_does_not_stop_the_server(
    connect: Connect, answer_to: AnswerTo, opening: Request, echo: Echo, name: str
) -> None:
    for header, value in (
        ("Sec-WebSocket-Extensions", f"{name}; {name}={name}"),
        ("Sec-WebSocket-Extensions", f"permessage-deflate; {name}"),
        ("Sec-WebSocket-Protocol", name),
        (name, name),
    ):
        await answer_to(opening.having(header, value))
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
            raw = await dial("another place")
            await raw.response_to(bent, deadline=raw.deadline / 10)
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
async def test_reset_at_another_place_does_not_stop_the_server(
    connect: Connect, dial: Dial, opening: Request, echo: Echo, place: str, late: bool
) -> None:
    connections = [await dial("resetting") for _ in range(3)]
    for raw in connections:
        await raw.send_bytes(opening.using(resource=place).encode())
    for raw in connections:
        if late:
            await raw.tcp_ending(deadline=raw.deadline / 2)
        raw.reset()
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
