"""The security cases through nginx and HAProxy, and what these change between a client and a server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from pytest_websocket.protocol.handshake import Request
from pytest_websocket.recording import Recording
from pytest_websocket.server.background import run_in_background
from pytest_websocket.server.echo import serve as serve_echo
from pytest_websocket.target.dial import dial
from pytest_websocket.target.target import Target
from verification.conftest import RunSuite
from verification.proxies.running import (
    DENIED,
    PROXIES,
    KeepAliveServer,
    TrustingProxy,
    in_front_of,
)
from verification.stream_server import serve_streams

HIDDEN = "security/test_request_smuggling.py"


@pytest.fixture
def keep_alive() -> Iterator[tuple[KeepAliveServer, int]]:
    """Runs a server that keeps a connection after a refusal; yields it and its port."""
    server = KeepAliveServer()
    with run_in_background(server.serve) as running:
        yield server, running.port


@pytest.fixture
def profile(tmp_path: Path) -> Path:
    path = tmp_path / "api.toml"
    path.write_text(f'reply = "Сервер получил: {{message}}"\ndenied = "{DENIED}"\n', encoding="utf-8")
    return path


@pytest.mark.parametrize("name", PROXIES)
def test_embedded_server_keeps_its_promises_through_a_proxy(
    run_suite: RunSuite, tmp_path: Path, profile: Path, name: str
) -> None:
    with ExitStack() as stack:
        backend = stack.enter_context(run_in_background(serve_echo))
        port = stack.enter_context(in_front_of(name, backend.port, tmp_path))
        options = (f"--ws-url=ws://127.0.0.1:{port}", f"--ws-profile={profile}", "--ws-security=fail")
        run = run_suite(*options, HIDDEN, "security/test_injection.py", "contract/test_text.py")
    assert run.status == 0, run.output[-3000:]
    assert run.counts["passed"] > 40


@pytest.mark.parametrize("name", PROXIES)
def test_no_tunnel_is_left_open_by_a_handshake_that_is_refused(
    run_suite: RunSuite, tmp_path: Path, profile: Path, keep_alive: tuple[KeepAliveServer, int], name: str
) -> None:
    server, backend = keep_alive
    with in_front_of(name, backend, tmp_path) as port:
        options = (f"--ws-profile={profile}", "--ws-security=fail", "-kdenied", HIDDEN)
        url = f"--ws-url=ws://127.0.0.1:{port}"
        run = run_suite(url, *options)
    assert run.status == 0, run.output[-3000:]
    assert run.counts["passed"] == 8
    assert DENIED not in [request.target for request in server.received]


def test_tunnel_of_a_trusting_proxy_is_found(
    run_suite: RunSuite, profile: Path, keep_alive: tuple[KeepAliveServer, int]
) -> None:
    _, backend = keep_alive
    with run_in_background(lambda: serve_streams(TrustingProxy(backend))) as proxy:
        options = (f"--ws-profile={profile}", "--ws-security=fail", "-kdenied", HIDDEN)
        url = f"--ws-url=ws://127.0.0.1:{proxy.port}"
        run = run_suite(url, *options)
    case = "test_denied_path_is_not_reached_behind_a_handshake[after a version that is refused]"
    assert run.cases[case] == "failed", run.output[-3000:]
    assert "was answered with 200 behind a handshake" in run.output


CHANGES = {
    "nginx": {"Host": ["127.0.0.1"], "Connection": ["upgrade"], "X-Twice": ["a", "b"]},
    "haproxy": {"Connection": ["Upgrade,X-Hop"], "X-Twice": ["a", "b"]},
}
"""What some headers are when they reach the server; docs/security.md tells it."""


@pytest.mark.parametrize("name", PROXIES)
async def test_proxy_builds_connection_anew_and_passes_the_rest_on(
    tmp_path: Path, keep_alive: tuple[KeepAliveServer, int], name: str
) -> None:
    server, backend = keep_alive
    with in_front_of(name, backend, tmp_path) as port:
        target = Target(f"ws://127.0.0.1:{port}/chat?a=%2F..%2f")
        opening = Request.opening(target.resource, target.authority)
        sent = opening.having("Connection", "keep-alive, Upgrade, X-Hop").having("X-Hop", "1")
        sent = sent.having("X-Twice", "a", "b").having("Sec-WebSocket-Extensions", "permessage-deflate")
        raw = await dial(target, Recording())
        response = await raw.handshake(sent)
        raw.abort()
    assert response.accepted
    came = server.received[-1]
    assert came.target == target.resource
    for header, values in CHANGES[name].items():
        assert came.values(header) == values, came.fields
    for header in ("Sec-WebSocket-Key", "Sec-WebSocket-Version", "Sec-WebSocket-Extensions", "Upgrade"):
        assert came.values(header) == [sent.value(header)]
