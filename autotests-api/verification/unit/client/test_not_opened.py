"""A connection that does not open fails with one clear line."""

from __future__ import annotations

import socket
import ssl
from http import HTTPStatus
from time import perf_counter
from typing import Any

import pytest

from pytest_websocket.client import (
    ConnectFailed,
    ExpectationFailed,
    connect,
    expect_rejected,
)
from pytest_websocket.client.proxy import choose_proxy
from pytest_websocket.recording import Recording
from verification.unit.client.handlers import (
    BRIEF,
    echo,
    lines_of,
)


async def test_handshake_and_what_it_agreed_on_are_readable(peer: Any) -> None:
    client = await peer(
        echo,
        server={"subprotocols": ["chat.v2"]},
        headers={"X-Team": "QA"},
        origin="https://example.org",
        subprotocols=["chat.v1", "chat.v2"],
    )
    assert client.request.headers["X-Team"] == "QA"
    assert client.request.headers["Origin"] == "https://example.org"
    assert client.response.status_code == HTTPStatus.SWITCHING_PROTOCOLS
    assert client.subprotocol == "chat.v2"
    assert client.extensions[0].startswith("permessage-deflate")
    assert b"X-Team: QA" in client.recording.request
    assert client.recording.response.startswith(b"HTTP/1.1 101")


async def test_compression_can_be_left_out_of_the_offer(peer: Any) -> None:
    client = await peer(echo, compression=False)
    assert client.extensions == ()
    assert "Sec-WebSocket-Extensions" not in client.request.headers


async def test_refusal_carries_the_whole_answer(speaks_tcp: Any) -> None:
    url = await speaks_tcp(b"HTTP/1.1 403 Forbidden\r\nX-Why: no\r\nContent-Length: 8\r\n\r\nkeep out")
    answer = await expect_rejected(url, 403)
    assert (answer.status_code, answer.headers["X-Why"], answer.body) == (403, "no", b"keep out")
    assert (await expect_rejected(url)).status_code == 403
    assert (await expect_rejected(url, (401, 403))).status_code == 403


async def test_other_refusal_than_expected_is_shown(speaks_tcp: Any) -> None:
    url = await speaks_tcp(b"HTTP/1.1 404 Not Found\r\nContent-Length: 7\r\n\r\nnothing")
    with pytest.raises(ExpectationFailed) as failure:
        await expect_rejected(url, 401)
    assert lines_of(failure)[:4] == [
        f"{url} did not open: the server refused the handshake with HTTP 404 Not Found",
        "expected: the handshake to be refused with HTTP 401 Unauthorized",
        "received: HTTP 404 Not Found",
        "body:     “nothing”",
    ]


async def test_handshake_that_is_accepted_is_no_refusal(target: Any) -> None:
    with pytest.raises(ExpectationFailed, match="accepted the handshake"):
        await expect_rejected(target.url, 403)


async def test_redirect_is_an_answer_and_is_not_followed(speaks_tcp: Any, target: Any) -> None:
    url = await speaks_tcp(
        f"HTTP/1.1 302 Found\r\nLocation: {target.url}\r\nContent-Length: 0\r\n\r\n".encode()
    )
    assert (await expect_rejected(url, 302)).headers["Location"] == target.url


@pytest.mark.parametrize(
    "answer, why",
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n", "the server did not answer with HTTP"),
        (b"", "the server closed the connection without an HTTP answer"),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
            "the server refused the handshake with HTTP 200 OK",
        ),
        (
            b"HTTP/1.1 101 -\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: no\r\n\r\n",
            "the server's answer breaks the handshake",
        ),
    ],
    ids=["no http", "nothing", "a page", "a wrong key"],
)
async def test_server_of_another_kind_is_told_apart(speaks_tcp: Any, answer: Any, why: str) -> None:
    with pytest.raises(ConnectFailed, match=why):
        await connect(await speaks_tcp(answer))


async def test_server_that_accepts_and_says_nothing_costs_the_deadline(
    speaks_tcp: Any, deadline: float
) -> None:
    url = await speaks_tcp(hangs=True)
    started = perf_counter()
    with pytest.raises(ConnectFailed, match=rf"the handshake was not answered within {BRIEF} s"):
        await connect(url, deadline=BRIEF)
    assert perf_counter() - started < deadline


async def test_recording_of_a_connection_that_did_not_open_is_at_hand(speaks_tcp: Any) -> None:
    recording = Recording("refused")
    with pytest.raises(ConnectFailed):
        await connect(
            await speaks_tcp(b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n"), recording=recording
        )
    assert recording.request.startswith(b"GET / HTTP/1.1\r\n")
    assert recording.response.startswith(b"HTTP/1.1 500 Oops")
    assert "not opened" in recording.tail()


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


async def test_absent_server_is_one_clear_line() -> None:
    url = f"ws://127.0.0.1:{free_port()}"
    with pytest.raises(ConnectFailed) as failure:
        await connect(url)
    assert failure.value.headline == f"{url} did not open: nothing listens there (connection refused)"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("ws://[::1", "ws://[::1"),
        ("ws://host:99999/", "ws://host:99999/"),
        ("ws://me:pass@host:port/", "ws://•••••@host:port/"),
        ("ws://a..b/", "ws://a..b/"),
        ("http://host/", "http://host/"),
    ],
)
async def test_what_is_no_url_of_a_server_is_one_clear_line(url: str, shown: str) -> None:
    with pytest.raises(ConnectFailed) as failure:
        await connect(url)
    assert failure.value.headline == f"{shown} did not open: that is not the URL of a WebSocket server"


async def test_tls_that_the_server_does_not_speak_is_called_so(speaks_tcp: Any) -> None:
    url = (await speaks_tcp(b"HTTP/1.1 400 Bad Request\r\n\r\n")).replace("ws:", "wss:")
    with pytest.raises(ConnectFailed, match="TLS failed"):
        await connect(url, ssl=ssl.create_default_context())


async def test_proxy_of_the_environment_is_not_asked_for_a_loopback_address(
    peer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    client = await peer(echo)
    assert await client.ask("direct") == "direct"


@pytest.mark.parametrize(
    "url, wish, proxy",
    [
        ("ws://127.0.0.1:1", None, None),
        ("ws://[::1]:1", None, None),
        ("ws://localhost", None, None),
        ("wss://example.org", None, True),
        ("wss://example.org", False, None),
        ("ws://127.0.0.1", True, True),
        ("ws://127.0.0.1", "http://proxy:3128", "http://proxy:3128"),
    ],
)
def test_proxy_is_chosen_by_the_address_and_the_wish(url: str, wish: Any, proxy: Any) -> None:
    assert choose_proxy(url, wish) == proxy
