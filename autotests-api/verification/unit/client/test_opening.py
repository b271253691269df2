"""Opening a connection: what is asked of the server, and why it did not open, in one line."""

from __future__ import annotations

import errno
import re
import socket
import ssl
import struct
from typing import Any

import pytest
from websockets.datastructures import Headers
from websockets.exceptions import InvalidHandshake, InvalidMessage, InvalidStatus, InvalidURI
from websockets.http11 import Response

from pytest_websocket.client import ConnectFailed, ExpectationFailed, connect, expect_rejected
from pytest_websocket.client.opening_failures import Attempt, answer_rows, why_not_opened
from pytest_websocket.client.proxy import is_loopback
from pytest_websocket.protocol.handshake import accept_value
from pytest_websocket.recording import Recording


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


def untrusted() -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_message = "self-signed\x1b"
    return error


REFUSED = Response(403, "Forbidden", Headers(), b"keep\nout\xff")


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (TimeoutError(), "the handshake was not answered within 2.5 s"),
        (
            TimeoutError(errno.ETIMEDOUT, "timed out"),
            "the handshake was not answered within 2.5 s",
        ),
        (
            socket.gaierror(-2, "Name or service not known"),
            "the host name is not known (Name or service not known)",
        ),
        (untrusted(), r"the server's certificate is not trusted (self-signed\x1b)"),
        (ssl.SSLError(1, "wrong\x1bversion"), r"TLS failed (wrong\x1bversion)"),
        (InvalidStatus(REFUSED), "the server refused the handshake with HTTP 403 Forbidden"),
        (
            caused(InvalidMessage("no"), EOFError("gone")),
            "the server closed the connection without an HTTP answer",
        ),
        (
            caused(InvalidMessage("no"), ValueError("SSH\x1b")),
            r"the server did not answer with HTTP (SSH\x1b)",
        ),
        (InvalidMessage("bad\x1b"), r"the server did not answer with HTTP (bad\x1b)"),
        (ConnectionRefusedError(errno.ECONNREFUSED, "no"), "nothing listens there (connection refused)"),
        (
            OSError("Multiple exceptions: [Errno 111] Connect call REFUSED"),
            "nothing listens there (connection refused)",
        ),
        (ConnectionResetError(), "the server broke the TCP connection during the handshake"),
        (BrokenPipeError(), "the server broke the TCP connection during the handshake"),
        (InvalidURI("x", "y"), "that is not the URL of a WebSocket server"),
        (InvalidHandshake("odd\x1b"), r"the server's answer breaks the handshake (odd\x1b)"),
        (OSError(errno.EHOSTUNREACH, "No route"), "No route (EHOSTUNREACH)"),
        (OSError(errno.EHOSTUNREACH, ""), f"[Errno {errno.EHOSTUNREACH}]  (EHOSTUNREACH)"),
        (OSError(99_999, "odd\x1b"), r"[Errno 99999] odd\x1b"),
        (OSError("odd\x1b"), r"odd\x1b"),
    ],
)
async def test_reason_why_it_did_not_open_is_told_in_words(error: Exception, why: str) -> None:
    reason, _ = await why_not_opened(error, attempt_that_sent_a_request("wss://127.0.0.1:1"))
    assert reason == why


def attempt_that_sent_a_request(url: str, proxy: Any = None) -> Attempt:
    recording = Recording(url=url)
    recording.sent(b"GET / HTTP/1.1\r\n\r\n")
    return Attempt(url, 2.5, proxy, recording)


def test_answer_is_shown_by_its_status_and_its_body() -> None:
    assert answer_rows(REFUSED) == [
        ("received", "HTTP 403 Forbidden"),
        ("body", "“keep\\nout\ufffd”"),
    ]
    assert answer_rows(Response(403, "", Headers(), b"")) == [("received", "HTTP 403 Forbidden")]
    assert answer_rows(None) == []
    limited = Response(429, "", Headers({"Retry-After": "5"}), b"")
    assert answer_rows(limited)[1] == ("retry", "the server asks to wait: Retry-After: 5")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost", "a.localhost"])
def test_loopback_is_known_by_the_host(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["10.0.0.1", "notlocalhost", "localhost.example", ""])
def test_other_host_is_no_loopback(host: str) -> None:
    assert not is_loopback(host)


def settings_of(*arguments: str, **settings: Any) -> dict[str, Any]:
    return connect(*arguments, **settings)._settings


def test_connection_is_asked_for_with_the_defaults_of_the_client() -> None:
    opening = connect("ws://127.0.0.1:1")
    recording = opening._settings.pop("create_connection").keywords["recording"]
    assert opening._settings == {
        "additional_headers": None,
        "origin": None,
        "subprotocols": None,
        "proxy": None,
        "compression": "deflate",
        "open_timeout": 5.0,
        "close_timeout": 5.0,
        "max_size": 16 * 2**20,
        "ping_interval": None,
    }
    assert (opening.url, opening.deadline, opening.recording) == ("ws://127.0.0.1:1", 5.0, recording)
    assert (recording.url, recording.name) == ("ws://127.0.0.1:1", "client")
    assert connect().url == "ws://localhost:8765"


def test_wishes_reach_the_library() -> None:
    context, recording = ssl.create_default_context(), Recording("mine")
    settings = settings_of(
        "wss://example.org",
        headers={"A": "1"},
        origin="https://example.org",
        subprotocols=["a", "b"],
        ssl=context,
        proxy="http://proxy:3128",
        compression=False,
        deadline=2,
        max_size=7,
        recording=recording,
    )
    assert settings.pop("create_connection").keywords == {"recording": recording, "answer_pings": True}
    assert settings == {
        "additional_headers": [("A", "1")],
        "origin": "https://example.org",
        "subprotocols": ["a", "b"],
        "ssl": context,
        "proxy": "http://proxy:3128",
        "compression": None,
        "open_timeout": 2,
        "close_timeout": 2,
        "max_size": 7,
        "ping_interval": None,
    }
    assert settings_of(headers=[("A", "1"), ("A", "2")])["additional_headers"] == [("A", "1"), ("A", "2")]


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (None, "any HTTP error"),
        (401, "HTTP 401 Unauthorized"),
        ((401,), "HTTP 401 Unauthorized"),
        ([401, 403], "HTTP 401 Unauthorized or HTTP 403 Forbidden"),
    ],
)
async def test_accepted_handshake_is_no_refusal_and_is_closed(
    echo_server: Any, status: Any, words: str
) -> None:
    recording = Recording()
    with pytest.raises(ExpectationFailed) as failure:
        await expect_rejected(echo_server.url, status, recording=recording)
    lines = [line.strip() for line in str(failure.value).splitlines()]
    assert lines[0] == f"{echo_server.url} accepted the handshake"
    assert lines[1] == f"expected: the handshake to be refused with {words}"
    assert lines[2] == "received: 101 Switching Protocols"
    assert failure.value.actual == "101 Switching Protocols"
    assert "1000 (normal closure)" in lines[5]
    assert recording.ended


async def test_refusal_that_is_no_answer_is_told_with_what_was_expected() -> None:
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        url = f"ws://127.0.0.1:{unheard.getsockname()[1]}/?token=t"
        with pytest.raises(ConnectFailed) as failure:
            await expect_rejected(url, 403)
    masked = url.replace("=t", "=•••••")
    assert str(failure.value).splitlines() == [
        f"{masked} did not open: nothing listens there (connection refused)",
        "  expected: the handshake to be refused with HTTP 403 Forbidden",
        "",
        f"The conversation of “client” with {masked}, 0 frames sent, 0 received:",
        str(failure.value).splitlines()[-1],
    ]
    assert str(failure.value).endswith("  not opened: nothing listens there (connection refused)")
    assert failure.value.response is None


async def test_other_refusal_carries_the_answer_and_both_sides(serve: Any) -> None:
    url = serve(
        lambda connection: connection.wait_closed(), process_request=lambda c, _: c.respond(404, "no")
    )
    with pytest.raises(ConnectFailed) as failure:
        await expect_rejected(url, 401)
    assert failure.value.response is not None
    assert failure.value.response.status_code == 404
    assert failure.value.expected == "the handshake to be refused with HTTP 401 Unauthorized"
    assert failure.value.actual == "HTTP 404 Not Found"
    assert isinstance(failure.value.__cause__, ConnectFailed)
    assert failure.value.__cause__.actual == "HTTP 404 Not Found"


def test_failure_to_connect_knows_no_sides_unless_it_is_told_them() -> None:
    failure, other = ConnectFailed("text"), ExpectationFailed("text")
    assert (failure.expected, failure.actual, failure.response) == ("", "", None)
    assert (other.expected, other.actual) == ("", "")


async def test_settings_reach_the_connection(echo_server: Any) -> None:
    async with connect(echo_server.url, deadline=7) as client:
        assert (client._connection.ping_interval, client._connection.close_timeout) == (None, 7)


async def test_reset_is_told_in_the_words_of_the_system(listen: Any) -> None:
    async def script(reader: Any, writer: Any) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        (key,) = re.findall(rb"Sec-WebSocket-Key: (\S+)", head)
        writer.write(
            b"HTTP/1.1 101 OK\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept_value(key.decode()).encode() + b"\r\n\r\n"
        )
        await reader.readexactly(1)
        linger_not = struct.pack("ii", 1, 0)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger_not)
        writer.transport.abort()

    client = await connect(f"ws://127.0.0.1:{await listen(script)}")
    await client.send("x")
    await client.expect_closed(1006)
    assert client.recording.ended.startswith("TCP broken: [Errno ")


async def test_recording_tells_which_side_closed_tcp(serve: Any) -> None:
    async def leave(_: Any) -> None:
        """Closes at once."""

    async with connect(serve(leave)) as client:
        await client.expect_closed(1000)
    assert client.recording.ended == "TCP closed by the server"
