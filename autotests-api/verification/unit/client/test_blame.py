"""A connection that fails blames the right one: the proxy, the scheme, the port, the client's own limit."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest
import trustme
import websockets.asyncio.client

from pytest_websocket.client import ConnectFailed, ConnectionEnded, connect, expect_rejected
from verification.unit.client.handlers import BRIEF, lines_of, says
from verification.unit.client.test_not_opened import free_port

AWAY = "ws://staging.example/ws"
"""Nothing is asked about this name: a proxy comes before it."""


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http", "https", "all", "no", "ws", "wss", "socks"):
        monkeypatch.delenv(f"{name}_proxy", raising=False)
        monkeypatch.delenv(f"{name}_proxy".upper(), raising=False)


async def failures_of(url: str, **settings: Any) -> list[list[str]]:
    """Returns the lines of what `connect` and `expect_rejected` raise."""
    found = []
    for opening in (connect(url, **settings), expect_rejected(url, 401, **settings)):
        with pytest.raises(ConnectFailed) as failure:
            await opening
        found.append(lines_of(failure))
    return found


async def test_proxy_of_the_environment_that_refuses_is_blamed(monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = f"http://127.0.0.1:{free_port()}"
    monkeypatch.setenv("HTTP_PROXY", proxy)
    for lines in await failures_of(AWAY):
        assert lines[0] == f"{AWAY} did not open: nothing listens at the proxy {proxy} (connection refused)"
    assert "connect(proxy=False)" in (await failures_of(AWAY))[0][1]


async def test_socks_proxy_that_refuses_is_blamed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOCKS_PROXY", f"socks5://127.0.0.1:{free_port()}")
    for lines in await failures_of(AWAY):
        assert f"{AWAY} did not open: nothing listens at the proxy socks5://127.0.0.1:" in lines[0]


async def test_socks_proxy_without_its_package_is_no_import_error(monkeypatch: pytest.MonkeyPatch) -> None:
    async def missing(*_: Any, **__: Any) -> None:
        raise ImportError("connecting through a SOCKS proxy requires python-socks")

    monkeypatch.setattr(websockets.asyncio.client, "connect_socks_proxy", missing)
    monkeypatch.setenv("SOCKS_PROXY", "socks5://user:word@127.0.0.1:1")
    for lines in await failures_of(AWAY):
        assert lines[0].endswith(
            "the proxy socks5://•••••@127.0.0.1:1 needs a package that is not installed: "
            "pip install 'python-socks[asyncio]'"
        )


async def test_proxy_that_is_not_supported_is_told() -> None:
    for lines in await failures_of(AWAY, proxy="ftp://127.0.0.1:1"):
        assert lines[0].endswith("the proxy ftp://127.0.0.1:1 cannot be used: scheme ftp isn't supported")


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (
            b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n",
            "with HTTP 407 Proxy Authentication Required",
        ),
        (b"SSH-2.0\r\n\r\n", "did not answer as an HTTP proxy does"),
    ],
)
async def test_proxy_that_does_not_connect_is_blamed(speaks_tcp: Any, answer: bytes, why: str) -> None:
    proxy = (await speaks_tcp(answer)).replace("ws:", "http:").rstrip("/")
    for lines in await failures_of(AWAY, proxy=proxy):
        assert f"the proxy {proxy}" in lines[0]
        assert why in lines[0]


async def test_proxy_that_is_silent_costs_the_deadline_and_is_blamed(speaks_tcp: Any) -> None:
    proxy = (await speaks_tcp(hangs=True)).replace("ws:", "http:").rstrip("/")
    for lines in await failures_of(AWAY, proxy=proxy, deadline=BRIEF):
        assert lines[0].endswith(f"the proxy {proxy} did not connect within {BRIEF:g} s")


@pytest.fixture
async def serve_tls() -> AsyncIterator[Callable[[Callable[..., Awaitable[None]]], Awaitable[str]]]:
    """Starts a TLS server and returns its URL with the wrong scheme."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    async with AsyncExitStack() as stack:

        async def start(talk: Callable[..., Awaitable[None]]) -> str:
            server = await asyncio.start_server(talk, "127.0.0.1", 0, ssl=context)
            stack.callback(server.close)
            return f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/chat"

        yield start


async def test_port_that_speaks_tls_is_told_from_a_broken_server(serve_tls: Any) -> None:
    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    url = await serve_tls(hang_up)
    with pytest.raises(ConnectFailed) as failure:
        await connect(url)
    assert lines_of(failure)[:2] == [
        f"{url} did not open: the server speaks TLS there",
        f"try: {url.replace('ws:', 'wss:')}: wss:// is WebSocket over TLS",
    ]


async def test_port_that_speaks_no_tls_is_told(speaks_tcp: Any) -> None:
    url = (await speaks_tcp(b"HTTP/1.1 400 Bad Request\r\n\r\n")).replace("ws:", "wss:")
    with pytest.raises(ConnectFailed, match=r"the server does not speak TLS there \(ws:// goes without\)"):
        await connect(url, ssl=ssl.create_default_context())


async def test_silent_port_and_slow_handshake_are_told_with_what_to_do(speaks_tcp: Any) -> None:
    with pytest.raises(ConnectFailed) as failure:
        await connect(await speaks_tcp(hangs=True), deadline=BRIEF)
    hint = lines_of(failure)[1]
    assert "is it the port of a WebSocket server?" in hint
    assert "connect(deadline=…), or --ws-timeout" in hint


@pytest.mark.parametrize("status", ["429 Too Many Requests", "503 Service Unavailable"])
async def test_refusal_for_a_while_names_how_long(speaks_tcp: Any, status: str) -> None:
    url = await speaks_tcp(f"HTTP/1.1 {status}\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n".encode())
    with pytest.raises(ConnectFailed) as failure:
        await connect(url)
    assert lines_of(failure)[0].endswith(f"the server refused the handshake with HTTP {status}")
    assert "retry:    the server asks to wait: Retry-After: 7" in lines_of(failure)


async def test_message_above_the_clients_own_limit_names_the_limit(peer: Any) -> None:
    client = await peer(says("x" * 1000), max_size=100)
    with pytest.raises(ConnectionEnded) as failure:
        await client.receive()
    assert "that is its own limit, and no fault of the server. connect(max_size=…)" in str(failure.value)
