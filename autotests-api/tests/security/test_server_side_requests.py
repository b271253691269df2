"""Server-side requests: what a handshake names makes the server connect nowhere (CWE-918).

A listener on loopback stands for an inner address of the server's network; it must never be called.
"""

import contextlib
from collections.abc import Callable

import pytest

from pytest_websocket import security
from pytest_websocket.fixtures import Canary, Connect, Dial, Echo
from pytest_websocket.protocol.handshake import Request
from pytest_websocket.raw.ending import NotReceived

pytestmark = security(
    cwe=918,
    cve="GHSA-c4j6-fc7j-m34r",
    asvs="1.3.6",
    wstg="WSTG-INPV-19",
    severity="critical",
    gain="The server fetches what the attacker cannot reach: services and metadata of the inner network.",
)

Aim = Callable[[Request, str], Request]

AIMS: dict[str, Aim] = {
    "an absolute URI": lambda opening, inner: opening.using(resource=f"http://{inner}/latest/meta-data/"),
    "an absolute URI of WebSocket": lambda opening, inner: opening.using(resource=f"ws://{inner}/inner"),
    "an absolute URI and its Host": lambda opening, inner: opening.using(
        resource=f"http://{inner}/inner"
    ).having("Host", inner),
    "a Host": lambda opening, inner: opening.having("Host", inner),
    "a path with two slashes": lambda opening, inner: opening.using(resource=f"//{inner}/inner"),
    "a path with a backslash": lambda opening, inner: opening.using(resource=f"/\\{inner}/inner"),
    "a path that begins with at": lambda opening, inner: opening.using(resource=f"@{inner}/inner"),
    "a forwarded host": lambda opening, inner: opening.having("X-Forwarded-Host", inner).having(
        "Forwarded", f"host={inner}"
    ),
    "a rewritten URL": lambda opening, inner: opening.having("X-Original-URL", f"http://{inner}/").having(
        "X-Rewrite-URL", f"http://{inner}/"
    ),
    "a parameter": lambda opening, inner: opening.using(
        resource=f"/?url=http://{inner}/&target={inner}&uri=http://{inner}/&host={inner}"
    ),
    "CONNECT": lambda opening, inner: opening.using(method="CONNECT", resource=inner).having("Host", inner),
    "no upgrade": lambda opening, inner: opening.using(resource=f"http://{inner}/inner").without("Upgrade"),
    "another upgrade": lambda opening, inner: opening.using(resource=f"http://{inner}/inner").having(
        "Upgrade", "h2c"
    ),
}


@pytest.mark.parametrize("aim", AIMS.values(), ids=AIMS.keys())
async def test_request_makes_the_server_connect_nowhere(
    connect: Connect, dial: Dial, opening: Request, echo: Echo, canary: Canary, aim: Aim
) -> None:
    raw = await dial("inner address")
    # Whether such a request is answered at all is judged elsewhere.
    with contextlib.suppress(NotReceived):
        await raw.response_to(aim(opening, canary.authority), deadline=raw.deadline / 5)
    await echo.expect_healthy(await connect(name="another client"))
    canary.expect_never_called()
