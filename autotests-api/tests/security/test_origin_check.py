"""Origin: a page of another site does not act with the cookies of whoever visits it (RFC 6455 §10.2).

A browser sends the cookies of a site with every handshake to it, whichever page opens the connection, so that
the Origin header alone tells a page of another site. ``--ws-allowed-origin`` names those that may connect.
"""

from urllib.parse import urlsplit

import pytest

from pytest_websocket import ConnectFailed, security
from pytest_websocket.fixtures import Connect, Echo, IsAccepted, RecordProperty
from pytest_websocket.protocol.handshake import Request

pytestmark = security(
    cwe=1385,
    asvs="4.4.2",
    wstg="WSTG-CLNT-10",
    severity="medium",
    gain="A page of another site disturbs the connections of other clients.",
)

FOREIGN_ORIGINS = {
    "another site": "{scheme}://evil.example",
    "the name as a prefix": "{scheme}://{host}.evil.example",
    "the name as a suffix": "{scheme}://evil{host}{port}",
    "a subdomain": "{scheme}://evil.{host}{port}",
    "null": "null",
    "an address": "{scheme}://203.0.113.7",
    "another port": "{scheme}://{host}:{another_port}",
    "another scheme": "{another_scheme}://{host}{port}",
    "the name as user": "{scheme}://{host}@evil.example",
    "the name in the path": "{scheme}://evil.example/{host}",
    "the name in the query": "{scheme}://evil.example?{scheme}://{host}",
    "the name in the fragment": "{scheme}://evil.example#{scheme}://{host}",
    "an underscore after the name": "{scheme}://{host}_.evil.example",
    "a letter for a dot": "{scheme}://{host_without_a_dot}{port}",
    "capitals": "HTTPS://EVIL.EXAMPLE",
    "a browser's extension": "chrome-extension://{host}",
}
"""Origins that are made of the allowed one, by what is wrong with them."""


def foreign_origin(origin: str, pattern: str) -> str:
    """Returns the origin that ``pattern`` makes of the allowed one."""
    parts = urlsplit(origin)
    host = parts.hostname or ""
    return pattern.format(
        scheme=parts.scheme,
        host=host,
        port=f":{parts.port}" if parts.port else "",
        another_port=(parts.port or 443) + 1,
        another_scheme="http" if parts.scheme == "https" else "https",
        host_without_a_dot=host.replace(".", "x", 1),
    )


@pytest.fixture
async def allowed(is_accepted: IsAccepted, opening: Request, allowed_origins: tuple[str, ...]) -> str:
    """Returns an allowed origin that is accepted; skips where none is."""
    for origin in allowed_origins:
        if await is_accepted(opening.having("Origin", origin), "allowed"):
            return origin
    pytest.skip(f"the allowed origin is refused, too: {allowed_origins[0]}")


@security(
    cwe=1385,
    cve=["CVE-2025-24010", "CVE-2026-34403", "CVE-2021-1403", "CVE-2019-13611"],
    asvs="4.4.2",
    wstg="WSTG-CLNT-10",
    gain="A page of another site acts with the cookies of whoever visits it, and reads the answers.",
)
@pytest.mark.parametrize("pattern", FOREIGN_ORIGINS.values(), ids=FOREIGN_ORIGINS.keys())
async def test_page_of_another_origin_is_refused(
    is_accepted: IsAccepted, opening: Request, allowed_origins: tuple[str, ...], allowed: str, pattern: str
) -> None:
    origin = foreign_origin(allowed, pattern)
    if origin in allowed_origins:
        pytest.skip("this origin is allowed")
    accepted = await is_accepted(opening.having("Origin", origin), "another origin")
    assert not accepted, f"a page of {origin} is accepted, where {allowed} is allowed"


@security(
    cwe=1385,
    asvs="4.4.2",
    wstg="WSTG-CLNT-10",
    gain="Behind a proxy that reads the other of two Origin headers, the server accepts any page.",
)
@pytest.mark.parametrize(
    "foreign_first", [True, False], ids=["the foreign one first", "the foreign one last"]
)
async def test_handshake_with_two_origins_is_refused(
    is_accepted: IsAccepted, opening: Request, allowed: str, foreign_first: bool
) -> None:
    origins = ("https://evil.example", allowed) if foreign_first else (allowed, "https://evil.example")
    accepted = await is_accepted(opening.having("Origin", *origins), "two origins")
    assert not accepted, f"a handshake with two Origin headers is accepted: {' and '.join(origins)}"


@security(
    cwe=1385,
    asvs="4.4.2",
    wstg="WSTG-CLNT-10",
    severity="low",
    gain="A client that is no browser connects without an Origin; a page cannot leave it out.",
)
async def test_handshake_without_an_origin_is_refused(
    is_accepted: IsAccepted, opening: Request, allowed: str
) -> None:
    accepted = await is_accepted(opening.without("Origin"), "no origin")
    assert not accepted, f"a handshake without an Origin is accepted, where {allowed} is allowed"


async def test_page_of_another_origin_does_not_affect_other_clients(
    connect: Connect, echo: Echo, record_property: RecordProperty
) -> None:
    """Whether another origin is accepted is the server's choice; clients with the right one are."""
    try:
        foreign = await connect(origin="https://evil.example", name="another origin")
    except ConnectFailed as refusal:
        record_property("observed", str(refusal.response and refusal.response.status_code))
    else:
        record_property("observed", "every origin is accepted")
        await foreign.close()
    await echo.expect_healthy(await connect(name="another client"))
