"""RFC 6455 §3, §4.1: what becomes of the parts of a URL, and whether keys can be guessed."""

import asyncio
import base64

import pytest

from pytest_websocket import MUST, SHOULD, rfc6455
from pytest_websocket.fixtures import ClientUnderTest
from pytest_websocket.plugin.client_under_test import NotConnected

KEYS = 40
AT_ONCE = 8


@rfc6455("3", MUST, "a fragment of the URL is refused, or left out of the request")
@pytest.mark.parametrize("resource", ["/#part", "/chat?a=1#part"])
async def test_fragment_is_not_asked_for(client_under_test: ClientUnderTest, resource: str) -> None:
    try:
        request = (await client_under_test.requested(resource)).request
    except NotConnected:
        return
    # Where # is taken for a part of the path or the query, it is escaped.
    assert request.resource in (resource.partition("#")[0], resource.replace("#", "%23"))


@rfc6455("4.1", MUST, "Host is the host and the port of the URL, without a user's name before them")
async def test_host_has_no_userinfo(client_under_test: ClientUnderTest) -> None:
    try:
        conversation = await client_under_test.requested(userinfo="ann:secret")
    except NotConnected:
        return
    assert conversation.request.values("Host") == [client_under_test.server.url.removeprefix("ws://")]


@rfc6455("4.1", MUST, "the key is chosen randomly: no bit of it stands still")
async def test_bits_of_the_key_do_not_stand_still(client_under_test: ClientUnderTest) -> None:
    requests = []
    for _ in range(KEYS // AT_ONCE):
        batch = await asyncio.gather(*(client_under_test.requested() for _ in range(AT_ONCE)))
        # Only now: a program that exits early is taken for one without a connection.
        for conversation in batch:
            requests.append(conversation.request)
            conversation.abort()
    keys = [int.from_bytes(base64.b64decode(request.key), "big") for request in requests]
    # A random bit is the same 40 times in a row once in 2**39; for any of 128 bits that is 2.3e-10.
    ones, zeros = keys[0], ~keys[0]
    for one in keys:
        ones, zeros = ones & one, zeros & ~one
    fixed = [127 - bit for bit in range(128) if (ones | zeros) >> bit & 1]
    assert not fixed, f"bits {fixed} are the same in {KEYS} keys"


@rfc6455("4.1", MUST, "a client that follows a redirect, or answers 401, asks with a fresh key")
@pytest.mark.parametrize(
    ("status", "name"), [(301, "Location"), (302, "Location"), (307, "Location"), (401, "WWW-Authenticate")]
)
async def test_second_request_has_a_fresh_key(
    client_under_test: ClientUnderTest, status: int, name: str
) -> None:
    server = client_under_test.server
    value = f"{server.url}/other" if name == "Location" else 'Basic realm="test"'
    first = await client_under_test.requested("/first")
    await first.reject(status, headers=[(name, value)])
    second = await client_under_test.further()
    if second is not None:
        assert second.request.key != first.request.key


@rfc6455("4.1", SHOULD, "redirects that lead to no end are given up")
async def test_endless_redirects_are_given_up(client_under_test: ClientUnderTest) -> None:
    one = await client_under_test.requested()
    for number in range(50):
        await one.reject(302, headers=[("Location", f"{client_under_test.server.url}/{number}")])
        following = await client_under_test.further()
        if following is None:
            return
        one = following
    pytest.fail("the client has followed 50 redirects")
