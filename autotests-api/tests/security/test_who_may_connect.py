"""Who may connect: pages of other sites, clients without credentials, connections without TLS.

A browser sends the cookies of a site with every handshake to it, whichever page opens the connection, so that
the Origin header alone tells a page of a stranger (RFC 6455 §10.2). Other origins than those of
``--ws-allowed-origin`` are strangers.
"""

from collections.abc import Callable
from dataclasses import replace
from urllib.parse import parse_qsl, urlsplit

import pytest

from pytest_websocket import security
from pytest_websocket.client.proxy import is_loopback
from pytest_websocket.fixtures import Abilities, Dial, RawConnection, Target
from pytest_websocket.plugin.recordings import Recordings
from pytest_websocket.protocol.credentials import is_credential
from pytest_websocket.protocol.handshake import Request
from pytest_websocket.raw.ending import NotReceived

STRANGERS = {
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


def stranger_to(origin: str, pattern: str) -> str:
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


async def gets_in(raw: RawConnection, request: Request) -> bool:
    """Returns whether a handshake is accepted and the connection then stays open for a Ping."""
    await raw.send_bytes(request.encode())
    raw.request = request
    response = await raw.refusal()
    if response is None or not response.accepted:
        return False
    raw.switch_protocols()
    # Some servers accept every handshake and close at once where they mean to refuse.
    return not (await raw.ending(deadline=raw.deadline / 5)).ended


@pytest.fixture
async def allowed(dial: Dial, opening: Request, allowed_origins: tuple[str, ...]) -> str:
    """Returns an allowed origin that does get in; skips where it does not."""
    for origin in allowed_origins:
        if await gets_in(await dial("allowed"), opening.having("Origin", origin)):
            return origin
    pytest.skip(f"the allowed origin does not get in either: {allowed_origins[0]}")


@security(
    cwe=1385,
    cve=["CVE-2025-24010", "CVE-2026-34403", "CVE-2021-1403", "CVE-2019-13611"],
    asvs="4.4.2",
    wstg="WSTG-CLNT-10",
    gain="A page of another site acts with the cookies of whoever visits it, and reads the answers.",
)
@pytest.mark.parametrize("pattern", STRANGERS.values(), ids=STRANGERS.keys())
async def test_page_of_a_stranger_does_not_get_in(
    dial: Dial, opening: Request, allowed_origins: tuple[str, ...], allowed: str, pattern: str
) -> None:
    origin = stranger_to(allowed, pattern)
    if origin in allowed_origins:
        pytest.skip("this origin is allowed")
    came_in = await gets_in(await dial("stranger"), opening.having("Origin", origin))
    assert not came_in, f"a page of {origin} gets in, where {allowed} is allowed"


@security(
    cwe=1385,
    asvs="4.4.2",
    wstg="WSTG-CLNT-10",
    gain="A server that reads the first of two Origin headers, behind a proxy that reads the last, lets in.",
)
@pytest.mark.parametrize("first", [True, False], ids=["the stranger's first", "the stranger's last"])
async def test_stranger_beside_an_allowed_origin_does_not_get_in(
    dial: Dial, opening: Request, allowed: str, first: bool
) -> None:
    origins = ("https://evil.example", allowed) if first else (allowed, "https://evil.example")
    came_in = await gets_in(await dial("stranger"), opening.having("Origin", *origins))
    assert not came_in, f"a handshake with two Origin headers gets in: {' and '.join(origins)}"


@security(
    cwe=1385,
    asvs="4.4.2",
    wstg="WSTG-CLNT-10",
    severity="low",
    gain="A client that is no browser gets in without an Origin; a page cannot leave it out.",
)
async def test_handshake_without_an_origin_does_not_get_in(
    dial: Dial, opening: Request, allowed: str
) -> None:
    came_in = await gets_in(await dial("no origin"), opening.without("Origin"))
    assert not came_in, f"a handshake without an Origin gets in, where {allowed} is allowed"


FORGERIES: dict[str, Callable[[Request, str], Request]] = {
    "none": lambda opening, name: opening.without(name),
    "empty": lambda opening, name: opening.having(name, ""),
    "wrong": lambda opening, name: opening.having(name, "Bearer 6f1e5ca1ab1e6f1e5ca1ab1e"),
}


@security(
    cwe=306,
    asvs="4.4.3",
    wstg="WSTG-CLNT-10",
    severity="medium",
    gain="The server lets in whoever knows its address: the credentials are asked for and not checked.",
)
@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES.keys())
async def test_client_without_the_credentials_does_not_get_in(
    dial: Dial, target: Target, opening: Request, forge: Callable[[Request, str], Request]
) -> None:
    names = [name for name, _ in target.headers if is_credential(name)]
    if target.embedded or not names:
        pytest.skip("the options carry no credentials for a server of yours: --ws-header 'Cookie: …'")
    request = opening
    for name in names:
        request = forge(request, name)
    came_in = await gets_in(await dial("without credentials"), request)
    assert not came_in, f"a client gets in without the right {' and '.join(names)}"


@security(
    cwe=598,
    asvs="14.2.1",
    wstg="WSTG-SESS-04",
    severity="low",
    gain="A token in the URL is read in logs of servers and proxies, and in the history of browsers.",
)
async def test_url_of_the_target_carries_no_credentials(target: Target) -> None:
    names = [name for name, _ in parse_qsl(urlsplit(target.url).query) if is_credential(name)]
    assert not names, f"the target is entered by a credential in its URL: the parameter {names[0]}"


@security(
    cwe=319,
    asvs="4.4.1",
    wstg="WSTG-CRYP-03",
    severity="low",
    gain="Whoever is on the path reads and changes the messages, credentials included.",
)
async def test_connection_without_tls_does_not_get_in(
    target: Target, opening: Request, abilities: Abilities, deadline: float, recordings: Recordings
) -> None:
    """On the port of the target itself: nothing is sent to another one."""
    if not target.secure:
        if is_loopback(target.host):
            pytest.skip("messages to this machine itself need no TLS")
        pytest.fail("the target is a ws:// URL: nothing protects the messages on their way")
    host = f"[{target.host}]" if ":" in target.host else target.host
    plain = replace(target, url=f"ws://{host}:{target.port}{target.resource}")
    dial_without_tls = Dial(plain, abilities, deadline, recordings)
    try:
        came_in = await gets_in(await dial_without_tls("without TLS"), opening)
    except (NotReceived, OSError):
        came_in = False
    finally:
        dial_without_tls.close()
    assert not came_in, "the port of the wss URL speaks without TLS as well"
