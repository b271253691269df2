"""RFC 6455 §10.5, RFC 9110 §15.4: credentials for one server are not told to another."""

import pytest

from pytest_websocket import security
from pytest_websocket.fixtures import ClientUnderTest
from pytest_websocket.plugin.client_under_test import NotConnected


@security(
    cwe=200,
    cve="CVE-2026-42498",
    asvs="14.2.3",
    wstg="WSTG-ATHN-04",
    gain="A redirect to the attacker's server brings it the name and the password for the first.",
)
@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_credentials_are_not_sent_to_another_host_after_a_redirect(
    client_under_test: ClientUnderTest, status: int
) -> None:
    """Another name of this machine is another host to the client."""
    try:
        first = await client_under_test.requested(userinfo="ann:s3cret-word")
    except NotConnected:
        pytest.skip("the client refuses a URL with a user's name")
    if not first.request.values("Authorization"):
        pytest.skip("the client sends no Authorization for the user's name of a URL")
    elsewhere = client_under_test.server.url.replace("127.0.0.1", "localhost")
    await first.reject(status, headers=[("Location", f"{elsewhere}/elsewhere")])
    second = await client_under_test.further()
    if second is not None and second.request.values("Host") != first.request.values("Host"):
        told = second.request.values("Authorization")
        assert not told, f"credentials for {client_under_test.server.url} were sent to {elsewhere}"
