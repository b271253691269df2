"""Enters the target in other ways than the options say, and tells whether that succeeds."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

import pytest

from pytest_websocket.plugin.raw_assertions import RawConnection
from pytest_websocket.plugin.raw_connections import Dial
from pytest_websocket.protocol.handshake import Request, Response
from pytest_websocket.raw.ending import NotReceived
from pytest_websocket.target.dial import opening_for
from pytest_websocket.target.identities import Headers, Identity, Logout
from pytest_websocket.target.login import LoginFailed
from pytest_websocket.target.target import Target

AnswerTo = Callable[[Request], Awaitable[tuple[Response | None, bytes]]]
"""The type of the fixture `answer_to`."""


class IsAccepted(Protocol):
    """The type of the fixture `is_accepted`."""

    async def __call__(self, request: Request, name: str, target: Target | None = None) -> bool:
        """Returns whether a handshake is accepted and the connection then stays open for a Ping.

        Some servers accept every handshake and close at once where they mean to refuse. ``target`` is the
        same server in another form, without TLS for instance.
        """


async def accepted(raw: RawConnection, request: Request) -> bool:
    """Returns whether a handshake is accepted, entered by messages, and then stays open for a Ping."""
    try:
        response = await raw.response_to(request)
        if response is None or not response.accepted:
            return False
        raw.switch_protocols()
        await raw.enter()
    except (NotReceived, LoginFailed):
        return False
    return not (await raw.ending(deadline=raw.deadline / 5)).ended


class EnterAs:
    """Opens raw connections to the target with the credentials of other identities."""

    def __init__(self, dial: Dial, target: Target) -> None:
        self._dial = dial
        self._target = target

    async def __call__(
        self, identity: Identity, name: str, values: Mapping[str, Any] | None = None
    ) -> RawConnection | None:
        """Returns a new connection that the report calls ``name``; None where it is refused.

        ``values`` are those of `values`, which are asked for where they are not given. The connection
        receives every message but those that the profile ignores, whatever form answers have.
        """
        if values is None:
            values = await self.values(identity)
        try:
            target = identity.entering(self._target, values)
        except LoginFailed as reason:
            pytest.skip(str(reason))
        for secret in Identity(target.headers).secrets():
            target.learn_secret(secret)
        raw = await self._dial.to(target)(name)
        if not await accepted(raw, opening_for(target)):
            return None
        raw.ignores = lambda message: target.ignores(message.content)
        return raw

    async def values(self, identity: Identity) -> dict[str, Any]:
        """Sends the request of an identity, and returns what it keeps of the answer.

        Skips the test where the answer does not have it.
        """
        if not identity.request:
            return {}
        try:
            return await self.values_for(identity, self._target.headers)
        except (LoginFailed, NotReceived) as reason:
            pytest.skip(self._target.mask(f"{identity.request} of the profile brings nothing: {reason}"))

    async def values_for(self, identity: Identity, headers: Headers) -> dict[str, Any]:
        """Returns what `values` does, asked for with other headers than those of the options.

        Raises LoginFailed where the answer does not have it, NotReceived where none comes.
        """
        _, body = await self.request(identity.request, headers)
        values = identity.captured(body)
        for value in values.values():
            self._target.learn_secret(str(value))
        return values

    async def request(self, line: str, headers: Headers) -> tuple[int, str]:
        """Sends an HTTP request to the target itself, and returns status and body of the answer.

        In HTTP/1.0 the body ends with the connection and is in no chunks. Raises NotReceived.
        """
        method, _, resource = line.partition(" ")
        origin = (("Origin", self._target.origin),) if self._target.origin else ()
        fields = (("Host", self._target.authority), ("Content-Length", "0"), *origin, *headers)
        raw = await self._dial.to(self._target)(line)
        response = await raw.response_to(Request(resource, fields, method, "HTTP/1.0"))
        await raw.tcp_ending()
        return (response.status if response else 0), raw.body.decode("utf-8", "replace")

    async def log_out(self, logout: Logout) -> None:
        """Sends the request that ends a session, with the credentials of that session.

        Skips the test where it is refused: then the session has not ended.
        """
        try:
            headers = logout.identity.entering(self._target).headers
            status, _ = await self.request(logout.request, headers)
        except (LoginFailed, NotReceived) as reason:
            pytest.skip(self._target.mask(f"{logout.request} of the profile fails: {reason}"))
        if not 200 <= status < 400:
            pytest.skip(f"{logout.request} of the profile is answered with {status}")
