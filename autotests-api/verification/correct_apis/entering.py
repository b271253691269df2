"""Echo servers that want something before they answer: a login, a cookie, an origin, a token."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import http
import json
import secrets
from collections.abc import Callable

from websockets.asyncio.server import ServerConnection
from websockets.http11 import Request, Response

from verification.correct_apis.registry import api
from verification.correct_apis.speaking_first import ECHO, echo

Check = Callable[[ServerConnection, Request], Response | None]


def unless(condition: Callable[[Request], bool], status: http.HTTPStatus) -> Check:
    """Returns a check of requests that refuses those for which ``condition`` is false."""

    def check(connection: ServerConnection, request: Request) -> Response | None:
        return None if condition(request) else connection.respond(status, "no\n")

    return check


@api(
    ECHO
    + """
[[login]]
expect = '{"type": "auth_required"}'
send = '{"type": "auth", "access_token": "a-token-that-is-good"}'

[[login]]
expect = '{"type": "auth_ok"}'
"""
)
async def login_first(connection: ServerConnection) -> None:
    """Asks for a token in the first message, and closes after another."""
    await connection.send('{"type":"auth_required"}')
    try:
        message = json.loads(await asyncio.wait_for(connection.recv(), 10))
        is_good = message.get("access_token") == "a-token-that-is-good"
    except (TimeoutError, ValueError, AttributeError):
        is_good = False
    if not is_good:
        await connection.send('{"type":"auth_invalid"}')
        await connection.close(1008)
        return
    await connection.send('{"type":"auth_ok"}')
    await echo(connection)


KEY = b"the key of the nonce"


@api(ECHO + 'login = "verification.correct_apis.challenge:log_in"\n')
async def challenge_response(connection: ServerConnection) -> None:
    """Wants the HMAC of a nonce, which is another on every connection."""
    nonce = secrets.token_hex(16)
    await connection.send(json.dumps({"event": "challenge", "data": {"nonce": nonce}}))
    try:
        answer = json.loads(await asyncio.wait_for(connection.recv(), 10))
        is_good = answer["mac"] == hmac.new(KEY, nonce.encode(), hashlib.sha256).hexdigest()
    except (TimeoutError, ValueError, KeyError, TypeError):
        is_good = False
    if not is_good:
        await connection.close(4401, "wrong answer")
        return
    await connection.send('{"event":"welcome"}')
    await echo(connection)


@api(
    ECHO + '[header]\nCookie = "session=let-me-in"\n',
    process_request=unless(
        lambda request: "session=let-me-in" in request.headers.get("Cookie", ""), http.HTTPStatus.UNAUTHORIZED
    ),
)
async def needs_a_cookie(connection: ServerConnection) -> None:
    """401 without its cookie."""
    await echo(connection)


@api(ECHO + 'origin = "https://app.example"\n', origins=["https://app.example"])
async def needs_an_origin(connection: ServerConnection) -> None:
    """403 for every other origin, and for none."""
    await echo(connection)


def _only_v2(connection: ServerConnection, offered: list[str]) -> str | None:
    return "chat.v2" if "chat.v2" in offered else None


def _with_v2(connection: ServerConnection, request: Request) -> Response | None:
    offered = ", ".join(request.headers.get_all("Sec-WebSocket-Protocol"))
    wanted = "chat.v2" in [name.strip() for name in offered.split(",")]
    return None if wanted else connection.respond(http.HTTPStatus.BAD_REQUEST, "offer chat.v2\n")


@api(ECHO + 'subprotocol = ["chat.v2"]\n', select_subprotocol=_only_v2, process_request=_with_v2)
async def needs_a_subprotocol(connection: ServerConnection) -> None:
    """400 unless chat.v2 is offered."""
    await echo(connection)


@api(
    ECHO,
    resource="/api/ws?token=let-me-in",
    process_request=unless(
        lambda request: request.path == "/api/ws?token=let-me-in", http.HTTPStatus.FORBIDDEN
    ),
)
async def needs_a_token_in_the_query(connection: ServerConnection) -> None:
    """403 without its token."""
    await echo(connection)


async def _slowly(connection: ServerConnection, request: Request) -> Response | None:
    await asyncio.sleep(0.7)
    return None


@api(ECHO, process_request=_slowly)
async def slow_handshake(connection: ServerConnection) -> None:
    """0.7 s to the 101."""
    await echo(connection)
