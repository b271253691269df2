"""Information disclosure: an answer to a handshake has no secrets, stack traces or markup in it."""

from collections.abc import Awaitable, Callable

import pytest

from pytest_websocket import security
from pytest_websocket.fixtures import Dial
from pytest_websocket.protocol.handshake import Request, Response
from pytest_websocket.raw.ending import NotReceived

pytestmark = security(
    cwe=209,
    asvs="16.5.1",
    wstg="WSTG-ERRH-02",
    severity="low",
    gain="Stack traces tell an attacker which code and versions to attack.",
)

MARKUP = "<script>alert(1)</script>"

SECRETS = {"Cookie": "session=6f1e5ca1ab1e", "Authorization": "Bearer 6f1e5ca1ab1e"}

TRACES = (b"Traceback (most recent call last)", b"    at Object.", b"\tat java.", b"goroutine 1 [")
"""How stack traces of Python, JavaScript, Java and Go begin."""


ChangeRequest = Callable[[Request], Request]
AnswerTo = Callable[[Request], Awaitable[tuple[Response | None, bytes]]]

BROKEN = {
    "no key": lambda opening: opening.without("Sec-WebSocket-Key"),
    "a short key": lambda opening: opening.having("Sec-WebSocket-Key", "c2hvcnQ="),
    "a key that is no base64": lambda opening: opening.having("Sec-WebSocket-Key", "?" * 24),
    "no version": lambda opening: opening.without("Sec-WebSocket-Version"),
    "a version that is no number": lambda opening: opening.having("Sec-WebSocket-Version", "thirteen"),
    "no upgrade": lambda opening: opening.without("Upgrade"),
    "another method": lambda opening: opening.using(method="DELETE"),
    "a header that is not ASCII": lambda opening: opening.having("X-Header", "\xff\xfe"),
    "a malformed extension": lambda opening: opening.having(
        "Sec-WebSocket-Extensions", "permessage-deflate; =;"
    ),
    "a malformed subprotocol": lambda opening: opening.having("Sec-WebSocket-Protocol", ",;/"),
    "a path that is no UTF-8": lambda opening: opening.using(resource="/%ff%fe%00"),
}
"""Requests that a server refuses, or fails on."""

MARKED = {
    "path": lambda opening: opening.using(resource=f"/{MARKUP}").without("Sec-WebSocket-Key"),
    "query": lambda opening: opening.using(resource=f"/?{MARKUP}").without("Sec-WebSocket-Key"),
    "key": lambda opening: opening.having("Sec-WebSocket-Key", MARKUP),
    "version": lambda opening: opening.having("Sec-WebSocket-Version", MARKUP),
    "header": lambda opening: opening.having("X-Header", MARKUP).without("Sec-WebSocket-Key"),
}


@pytest.fixture
def answer_to(dial: Dial) -> AnswerTo:
    """Sends a request and returns the response and its body, as far as they come."""

    async def ask(request: Request) -> tuple[Response | None, bytes]:
        raw = await dial()
        await raw.send_bytes(request.encode())
        try:
            response = await raw.refusal()
        except NotReceived:
            # Whether a request may be left unanswered is judged elsewhere.
            response = None
        if response is None or response.accepted:
            return response, b""
        raw.half_close()
        await raw.tcp_ending(deadline=raw.deadline / 10)
        return response, raw.body

    return ask


@security(
    cwe=200,
    asvs="14.2.1",
    severity="low",
    gain="Secrets that an answer repeats end up in logs and caches where others read them.",
)
@pytest.mark.parametrize("name", SECRETS)
async def test_answer_does_not_repeat_the_clients_secrets(
    answer_to: AnswerTo, opening: Request, name: str
) -> None:
    """The answer may be logged where secrets must not be."""
    request = opening.having(name, SECRETS[name])
    for asked in (request, request.without("Sec-WebSocket-Key")):
        response, body = await answer_to(asked)
        if response is not None:
            told = response.raw + body
            assert b"6f1e5ca1ab1e" not in told, f"the answer repeats the {name} of the request: {response}"


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN.keys())
async def test_refusal_shows_no_stack_trace(
    answer_to: AnswerTo, opening: Request, broken: ChangeRequest
) -> None:
    _, body = await answer_to(broken(opening))
    shown = [trace for trace in TRACES if trace in body]
    assert not shown, f"the refusal tells where the server's code stands: {body[:200]!r}"


@security(
    cwe=79,
    asvs="1.2.1",
    wstg="WSTG-INPV-01",
    severity="medium",
    gain="A link runs the attacker's script in the page of the refusal, under the site's name.",
)
@pytest.mark.parametrize("marked", MARKED.values(), ids=MARKED.keys())
async def test_refusal_holds_no_markup_of_the_request(
    answer_to: AnswerTo, opening: Request, marked: ChangeRequest
) -> None:
    """Text of the request must not become a script in the page that shows the refusal."""
    response, body = await answer_to(marked(opening))
    if response is not None and "html" in (response.value("Content-Type") or "").lower():
        assert MARKUP.encode() not in body, f"the refusal is a page with markup of the request: {response}"
