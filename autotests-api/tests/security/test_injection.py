"""Injection: what a request holds becomes neither a header of the answer nor the path of a file."""

import pytest

from pytest_websocket import security
from pytest_websocket.fixtures import AnswerTo, Connect, Echo
from pytest_websocket.protocol.handshake import Request

INJECTIONS = {
    "CR LF in the path": ("resource", "/%0d%0aX-Injected:%20yes"),
    "CR LF in the query": ("resource", "/?next=%0D%0AX-Injected:%20yes%0D%0A"),
    "CR LF in a redirect": (
        "resource",
        "/?redirect=http://x%0D%0AX-Injected:%20yes&url=/%0D%0AX-Injected:%20yes",
    ),
    "LF in the path": ("resource", "/x%0aX-Injected:%20yes"),
    "wide CR LF": ("resource", "/%E5%98%8D%E5%98%8AX-Injected:%20yes"),
    "bare CR in a header": ("X-Header", "a\rX-Injected: yes"),
    "bare CR in the subprotocol": ("Sec-WebSocket-Protocol", "echo\rX-Injected: yes"),
    "bare LF in the subprotocol": ("Sec-WebSocket-Protocol", "echo\nX-Injected: yes"),
    "NUL in the subprotocol": ("Sec-WebSocket-Protocol", "echo\x00X-Injected: yes"),
    "a header in the origin": ("Origin", "http://example.com\rX-Injected: yes"),
    "encoded header in the subprotocol": ("Sec-WebSocket-Protocol", "echo%0d%0aX-Injected:yes"),
    "a header in the extension": ("Sec-WebSocket-Extensions", 'x; a="b\\\rX-Injected: yes"'),
}


@security(
    cwe=113,
    cve="CVE-2020-35678",
    asvs="1.2.1",
    wstg="WSTG-INPV-15",
    gain="A link writes headers of the attacker into the answer: cookies, redirects, a page of their own.",
)
@pytest.mark.parametrize("where, what", INJECTIONS.values(), ids=INJECTIONS.keys())
async def test_handshake_writes_no_header_into_the_answer(
    connect: Connect, answer_to: AnswerTo, opening: Request, echo: Echo, where: str, what: str
) -> None:
    request = opening.using(resource=what) if where == "resource" else opening.having(where, what)
    for asked in (request, request.without("Upgrade")):
        response, _ = await answer_to(asked)
        if response is None:
            continue
        injected = [line for line in response.raw.splitlines() if line.lower().startswith(b"x-injected")]
        assert not injected, f"the request wrote a header into the answer: {injected[0]!r}"
    await echo.expect_healthy(await connect(name="another client"))


PATHS = {
    "dots": "/../../../../etc/passwd",
    "encoded dots": "/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
    "twice encoded dots": "/%252e%252e/%252e%252e/etc/passwd",
    "overlong dots": "/%c0%ae%c0%ae/%c0%ae%c0%ae/etc/passwd",
    "backslashes": "/..\\..\\..\\..\\windows\\win.ini",
    "absolute": "//etc/passwd",
    "a file URL": "file:///etc/passwd",
    "NUL": "/%00/etc/passwd",
    "parameters": "/..;/..;/etc/passwd",
    "encoded slashes": "/..%2f..%2f..%2f..%2f..%2f..%2f..%2f..%2fetc%2fpasswd",
    "many dots": "/" + "../" * 16 + "etc/passwd",
    "dots after a folder of files": "/static/" + "../" * 16 + "etc/passwd",
    "dots after the place": "{folder}/" + "../" * 16 + "etc/passwd",
}


@security(
    cwe=22,
    cve="CVE-2024-23334",
    asvs="5.3.2",
    wstg="WSTG-ATHZ-01",
    severity="critical",
    gain="A path with dots reads any file of the server.",
)
@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS.keys())
async def test_path_leads_to_no_file_of_the_server(
    connect: Connect, answer_to: AnswerTo, opening: Request, echo: Echo, path: str
) -> None:
    path = path.replace("{folder}", opening.resource.partition("?")[0].rpartition("/")[0])
    for request in (opening.using(resource=path), opening.using(resource=path).without("Upgrade")):
        _, body = await answer_to(request)
        assert b"root:" not in body, "the server handed out its list of users"
        assert b"[fonts]" not in body, "the server handed out a file of its system"
    await echo.expect_healthy(await connect(name="another client"))
