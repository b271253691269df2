"""Credentials: without the right ones, with expired or used ones, or without TLS nothing is accepted.

Expired and single-use credentials are those of the profile (docs/security.md).
"""

from collections.abc import Callable
from dataclasses import replace
from urllib.parse import parse_qsl, urlsplit

import pytest

from pytest_websocket import security
from pytest_websocket.client.proxy import is_loopback
from pytest_websocket.fixtures import EnterAs, IsAccepted, Target
from pytest_websocket.protocol.credentials import is_credential
from pytest_websocket.protocol.handshake import Request
from pytest_websocket.raw.ending import NotReceived
from pytest_websocket.target.login import LoginFailed

pytestmark = security(
    cwe=306,
    asvs="4.4.3",
    wstg="WSTG-CLNT-10",
    severity="medium",
    gain="The server accepts whoever knows its address: the credentials are asked for and not checked.",
)

FORGERIES: dict[str, Callable[[Request, str], Request]] = {
    "none": lambda opening, name: opening.without(name),
    "empty": lambda opening, name: opening.having(name, ""),
    "wrong": lambda opening, name: opening.having(name, "Bearer 6f1e5ca1ab1e6f1e5ca1ab1e"),
}


def credentials_of(target: Target) -> list[str]:
    """Returns the names of the headers that carry credentials; skips the test where there are none."""
    names = [name for name, _ in target.headers if is_credential(name)]
    if target.embedded or not names:
        pytest.skip("the options carry no credentials for a server of yours: --ws-header 'Cookie: …'")
    return names


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES.keys())
async def test_handshake_without_the_right_credentials_is_refused(
    is_accepted: IsAccepted, target: Target, opening: Request, forge: Callable[[Request, str], Request]
) -> None:
    names = credentials_of(target)
    request = opening
    for name in names:
        request = forge(request, name)
    accepted = await is_accepted(request, "without credentials")
    assert not accepted, f"a handshake without the right {' and '.join(names)} is accepted"


@security(
    cwe=613,
    asvs="7.3.2",
    wstg="WSTG-SESS-07",
    gain="Credentials that were stolen, or found in an old log, are good for ever.",
)
async def test_expired_credentials_are_refused(enter_as: EnterAs, target: Target) -> None:
    identity = target.identities.expired
    if identity is None:
        pytest.skip("the profile has no credentials that have expired: [expired]")
    assert await enter_as(identity, "expired") is None, "credentials that have expired are accepted"


@security(
    cwe=294,
    asvs="4.4.3",
    wstg="WSTG-SESS-04",
    gain="Whoever reads a token on its way, or in a log, connects with it a second time.",
)
async def test_token_for_one_connection_is_refused_the_second_time(enter_as: EnterAs, target: Target) -> None:
    identity = target.identities.single_use
    if identity is None:
        pytest.skip("the profile has no token for a single connection: [single_use]")
    values = await enter_as.values(identity)
    if await enter_as(identity, "first use", values) is None:
        pytest.skip("the token of [single_use] is refused the first time, too")
    assert await enter_as(identity, "second use", values) is None, "a token is accepted a second time"


@security(
    cwe=306,
    asvs="4.4.4",
    wstg="WSTG-SESS-04",
    gain="Whoever asks is given a token that opens a connection, without a session that was logged in.",
)
async def test_token_is_not_given_without_credentials(enter_as: EnterAs, target: Target) -> None:
    identity = target.identities.single_use
    if identity is None or not identity.request:
        pytest.skip("the profile does not say how a token is asked for: request in [single_use]")
    credentials = credentials_of(target)
    others = tuple((name, value) for name, value in target.headers if name not in credentials)
    try:
        values = await enter_as.values_for(identity, others)
    except (LoginFailed, NotReceived):
        return
    assert await enter_as(identity, "token without a session", values) is None, (
        f"{identity.request} gives a token that opens a connection without {' and '.join(credentials)}"
    )


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
async def test_connection_without_tls_is_refused(
    is_accepted: IsAccepted, target: Target, opening: Request
) -> None:
    """On the port of the target itself: nothing is sent to another one."""
    if not target.secure:
        if is_loopback(target.host):
            pytest.skip("messages to this machine itself need no TLS")
        pytest.fail("the target is a ws:// URL: nothing protects the messages on their way")
    host = f"[{target.host}]" if ":" in target.host else target.host
    plain = replace(target, url=f"ws://{host}:{target.port}{target.resource}")
    try:
        accepted = await is_accepted(opening, "without TLS", plain)
    except OSError:
        accepted = False
    assert not accepted, "the port of the wss URL speaks without TLS as well"
