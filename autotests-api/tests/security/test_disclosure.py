"""Information disclosure: an answer to a handshake has no secrets, stack traces or markup in it."""

import re
from collections.abc import Callable

import pytest

from pytest_websocket import security
from pytest_websocket.fixtures import AnswerTo, RawConnection, Target
from pytest_websocket.protocol.frames import Frame, text
from pytest_websocket.protocol.handshake import Request

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

TELLING = ("Server", "X-Powered-By", "Via", "X-AspNet-Version")
"""Headers in which servers tell what they are."""

ChangeRequest = Callable[[Request], Request]

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


ESCAPES = {
    "in a header": lambda opening: opening.having("X-Header", "\x1b]0;owned\x07").without("Upgrade"),
    "in the key": lambda opening: opening.having("Sec-WebSocket-Key", "\x1b[31mred"),
    "in the version": lambda opening: opening.having("Sec-WebSocket-Version", "\x1b[2J13"),
    "in the path": lambda opening: opening.using(resource="/%1b[31mred").without("Sec-WebSocket-Key"),
}
"""Requests with sequences that a terminal obeys."""


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


@security(
    cwe=497,
    asvs="13.4.6",
    wstg="WSTG-INFO-02",
    severity="low",
    gain="A version tells an attacker which published vulnerabilities to try.",
)
async def test_answer_tells_no_version_of_the_server(
    answer_to: AnswerTo, opening: Request, target: Target
) -> None:
    if target.embedded:
        pytest.skip("the embedded server tells what it is, as the lesson's does")
    for asked in (opening, opening.without("Sec-WebSocket-Key")):
        response, _ = await answer_to(asked)
        values = [] if response is None else [response.value(name) or "" for name in TELLING]
        told = [value for value in values if re.search(r"\d+\.\d+", value)]
        assert not told, f"the answer tells a version: {told[0]!r}"


@security(
    cwe=150,
    asvs="16.4.1",
    severity="low",
    gain="Text of a request moves the cursor or runs commands in the terminal of whoever reads the answer.",
)
@pytest.mark.parametrize("escaped", ESCAPES.values(), ids=ESCAPES.keys())
async def test_refusal_holds_no_escape_sequence_of_the_request(
    answer_to: AnswerTo, opening: Request, escaped: ChangeRequest
) -> None:
    response, body = await answer_to(escaped(opening))
    told = b"" if response is None else response.raw + body
    assert b"\x1b" not in told, f"the answer repeats an escape sequence of the request: {told[:200]!r}"


VIOLATIONS = {
    "no UTF-8": text(b"\xff").encode(),
    "a reserved opcode": Frame(3, b"x").encode(),
    "a long Ping": Frame(9, bytes(126)).encode(),
    "a wrong Close": Frame(8, b"\x00\x00").encode(),
}


@pytest.mark.parametrize("data", VIOLATIONS.values(), ids=VIOLATIONS.keys())
async def test_close_reason_shows_no_stack_trace(raw: RawConnection, data: bytes) -> None:
    await raw.send_bytes(data)
    await raw.ending(probe_with_ping=False, deadline=raw.deadline / 5)
    reason = str(raw.close_status or "")
    shown = re.search(r"[\w/\\.-]+\.(py|js|mjs|cjs|java|go|rb|php)\b(:\d+|\", line)", reason)
    assert shown is None, f"the reason of the Close tells where the server's code stands: {reason[:200]!r}"
