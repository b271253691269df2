"""A target that cannot be used: one message says what was tried, what came, and which option helps."""

from __future__ import annotations

import asyncio
import http
import socket
import ssl
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme
from websockets.asyncio.server import ServerConnection

from pytest_websocket.server.background import run_in_background
from pytest_websocket.target.dial import Unusable, check_alive
from pytest_websocket.target.probe import probe
from pytest_websocket.target.target import Target
from verification import hostile_floods, hostile_servers
from verification.unit.target.probing import Serve, found, plain_echo


def refusal_of(target: Target) -> str:
    began = datetime.now(UTC)
    with pytest.raises(Unusable) as refusal:
        probe(target)
    took = (datetime.now(UTC) - began).total_seconds()
    assert took < target.deadline * 2 + 1, f"the message took {took:.1f} s"
    message = str(refusal.value)
    assert "\n" not in message
    assert target.shown() in message
    return message


def test_refused_connection_is_told() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        url = f"ws://127.0.0.1:{bound.getsockname()[1]}/chat"
        assert "connection refused, nothing listens on 127.0.0.1:" in refusal_of(Target(url))
        assert "connection refused" in refusal_of(Target(url.replace("127.0.0.1", "localhost")))


def test_unknown_host_is_told() -> None:
    assert "'no-such-host.invalid' cannot be resolved" in refusal_of(Target("ws://no-such-host.invalid"))


def test_silent_server_is_told_within_the_deadline(meet: Callable[[hostile_servers.Behaviour], str]) -> None:
    message = refusal_of(Target(meet(hostile_servers.never_answers), timeout=0.5))
    assert "expected an HTTP response, but none came within 0.5 s" in message


def test_handshake_that_drips_is_told_within_the_deadline(
    meet: Callable[[hostile_servers.Behaviour], str],
) -> None:
    assert "none came within 0.5 s" in refusal_of(
        Target(meet(hostile_servers.drips_the_handshake), timeout=0.5)
    )


def test_server_that_hangs_up_is_told(meet: Callable[[hostile_servers.Behaviour], str]) -> None:
    async def hangs_up(peer: hostile_servers.Peer) -> None:
        await peer.read_request()

    assert "the server ended the connection" in refusal_of(Target(meet(hangs_up)))


def test_server_of_another_protocol_is_told(meet: Callable[[hostile_servers.Behaviour], str]) -> None:
    async def speaks_ssh(peer: hostile_servers.Peer) -> None:
        peer.writer.write(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")
        await peer.until_gone()

    assert "no HTTP came but b'SSH-2.0" in refusal_of(Target(meet(speaks_ssh)))


@pytest.mark.parametrize(
    "status, hint",
    [
        (200, "is the path right?"),
        (400, "--ws-subprotocol"),
        (401, "--ws-header"),
        (403, "--ws-origin"),
        (404, "is the path right?"),
        (418, "418"),
        (503, "503"),
    ],
)
def test_status_instead_of_101_is_told_with_a_hint(
    meet: Callable[[hostile_servers.Behaviour], str], status: int, hint: str
) -> None:
    async def refuses(peer: hostile_servers.Peer) -> None:
        await peer.read_request()
        phrase = http.HTTPStatus(status).phrase
        peer.writer.write(f"HTTP/1.1 {status} {phrase}\r\nContent-Length: 0\r\n\r\n".encode())

    message = refusal_of(Target(meet(refuses)))
    assert f"expected HTTP status 101, got HTTP/1.1 {status}" in message
    assert hint in message


def test_redirect_is_told_with_its_address(meet: Callable[[hostile_servers.Behaviour], str]) -> None:
    async def redirects(peer: hostile_servers.Peer) -> None:
        await peer.read_request()
        peer.writer.write(b"HTTP/1.1 301 Moved\r\nLocation: wss://other.test/?token=abcdef\r\n\r\n")

    message = refusal_of(Target(meet(redirects)))
    assert "a redirect to wss://other.test/" in message
    assert "abcdef" not in message


def test_missing_subprotocol_is_refused_and_a_given_one_is_not(serve: Serve) -> None:
    def demand(connection: ServerConnection, request: Any) -> Any:
        if "Sec-WebSocket-Protocol" not in request.headers:
            return connection.respond(http.HTTPStatus.BAD_REQUEST, "subprotocol!\n")
        return None

    url = serve(plain_echo, subprotocols=["chat"], process_request=demand)
    assert "--ws-subprotocol" in refusal_of(Target(url))
    assert found(url, subprotocols=("chat",)).as_expected


# Hostile targets

UNUSABLE: dict[hostile_servers.Behaviour, str] = {
    # The handshake has no answer, or none that ends.
    hostile_servers.never_answers: "expected an HTTP response, but none came within 0.3 s",
    hostile_servers.drips_the_handshake: "expected an HTTP response, but none came within 0.3 s",
    hostile_servers.drips_headers: "expected an HTTP response, but none came within 0.3 s",
    hostile_servers.sends_headers_without_end: "it answers the handshake without end",
    hostile_servers.sends_one_header_without_end: "it answers the handshake without end",
    hostile_servers.sends_interim_responses_without_end: "expected an HTTP response, but none came",
    hostile_servers.redirects_to_itself: "redirects are not followed",
    hostile_servers.refuses_nastily: "did not accept the WebSocket handshake",
    # The connection opens, and nothing works on it.
    hostile_servers.never_answers_after_the_handshake: "nothing came within 0.3 s",
    hostile_servers.never_reads_after_the_handshake: "nothing came within 0.3 s",
    hostile_servers.speaks_before_the_request: "nothing came within 0.3 s",
    hostile_servers.drips_frames: "of a frame came within 0.3 s",
    hostile_servers.answers_with_a_flood: "nothing works on the connections",
    hostile_servers.answers_too_late: "nothing came within 0.3 s",
    hostile_servers.answers_garbage: "of a frame came within 0.3 s",
    hostile_floods.sends_pings_without_end: "it floods",
    hostile_floods.sends_pongs_without_end: "it floods",
    hostile_floods.sends_messages_without_end: "it floods",
    hostile_floods.sends_empty_texts_without_end: "it floods",
    hostile_servers.sends_one_message_without_end: "answer",
    hostile_floods.sends_empty_fragments_without_end: "it floods",
    hostile_floods.sends_closes_without_end: "it floods",
    hostile_floods.sends_zeros_without_end: "it floods",
    hostile_floods.sends_bombs_without_end: "nothing works on the connections",
    hostile_servers.announces_ten_gibibytes: "nothing works on the connections",
    hostile_servers.sends_a_deflate_bomb: "nothing works on the connections",
    hostile_servers.resets_after_the_handshake: "TCP was reset by the server",
    hostile_servers.resets_in_the_middle_of_a_frame: "TCP was reset by the server",
    hostile_servers.ends_its_half_after_the_handshake: "TCP was closed by the server",
    hostile_servers.closes_at_once: "it sent Close 1000 unasked",
}
"""Targets that cannot be tested, and what is said of each."""


@pytest.mark.parametrize("behaviour", UNUSABLE, ids=lambda behaviour: behaviour.__name__)
def test_target_on_which_nothing_works_is_told_with_one_cause(
    meet: Callable[[hostile_servers.Behaviour], str], behaviour: hostile_servers.Behaviour
) -> None:
    target = Target(meet(behaviour), reply="{message}", timeout=0.3)
    began = time.monotonic()
    with pytest.raises(Unusable) as refusal:
        probe(target)
    # Two texts, a listener, and then a text, a Ping and a Close at once; a flood keeps a busy machine busy.
    assert time.monotonic() - began < 60
    message = str(refusal.value)
    assert UNUSABLE[behaviour] in message
    assert message.isprintable(), message


# TLS


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[trustme.CA, str]:
    ca = trustme.CA()
    path = tmp_path_factory.mktemp("tls") / "ca.pem"
    ca.cert_pem.write_to_path(path)
    return ca, str(path)


def server_tls(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


def test_trusted_certificate_is_accepted(serve: Serve, authority: tuple[trustme.CA, str]) -> None:
    url = serve(plain_echo, tls=server_tls(authority[0].issue_cert("127.0.0.1")))
    assert found(url, ca=authority[1]).as_expected


def test_untrusted_certificate_is_told_with_the_options_that_help(
    serve: Serve, authority: tuple[trustme.CA, str]
) -> None:
    url = serve(plain_echo, tls=server_tls(trustme.CA().issue_cert("127.0.0.1")))
    message = refusal_of(Target(url, ca=authority[1]))
    assert "certificate is not trusted" in message
    assert "--ws-ca FILE" in message
    assert found(url, insecure=True).as_expected


def test_certificate_of_another_host_is_told(serve: Serve, authority: tuple[trustme.CA, str]) -> None:
    url = serve(plain_echo, tls=server_tls(authority[0].issue_cert("other.test")))
    assert "for another host name than '127.0.0.1'" in refusal_of(Target(url, ca=authority[1]))
    by_name = url.replace("127.0.0.1", "localhost")
    assert "for another host name than 'localhost'" in refusal_of(Target(by_name, ca=authority[1]))


def test_expired_certificate_is_told(serve: Serve, authority: tuple[trustme.CA, str]) -> None:
    yesterday = datetime.now(UTC) - timedelta(days=1)
    leaf = authority[0].issue_cert("127.0.0.1", not_before=yesterday - timedelta(days=9), not_after=yesterday)
    assert "certificate has expired" in refusal_of(
        Target(serve(plain_echo, tls=server_tls(leaf)), ca=authority[1])
    )


def test_certificate_of_tomorrow_is_told(serve: Serve, authority: tuple[trustme.CA, str]) -> None:
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    leaf = authority[0].issue_cert("127.0.0.1", not_before=tomorrow)
    assert "certificate is not valid yet" in refusal_of(
        Target(serve(plain_echo, tls=server_tls(leaf)), ca=authority[1])
    )


def test_client_certificate_is_demanded_and_accepted(
    serve: Serve, authority: tuple[trustme.CA, str], tmp_path: Path
) -> None:
    ca, ca_file = authority
    tls = server_tls(ca.issue_cert("127.0.0.1"))
    tls.verify_mode = ssl.CERT_REQUIRED
    ca.configure_trust(tls)
    url = serve(plain_echo, tls=tls)
    assert "demand a client certificate?" in refusal_of(Target(url, ca=ca_file))
    mine = ca.issue_cert("client@example.test")
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    mine.cert_chain_pems[0].write_to_path(certificate)
    mine.private_key_pem.write_to_path(key)
    assert found(url, ca=ca_file, cert=str(certificate), key=str(key)).as_expected


def test_alert_for_a_missing_client_certificate_is_told(authority: tuple[trustme.CA, str]) -> None:
    ca, ca_file = authority
    tls = server_tls(ca.issue_cert("127.0.0.1"))
    tls.verify_mode = ssl.CERT_REQUIRED
    ca.configure_trust(tls)

    def refuse(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        # Unlike asyncio's, this server says why before it hangs up. And it reads to the end: a socket that is
        # closed with data unread sends a reset, which overtakes what was said.
        with connection.dup() as tcp:
            with suppress(ssl.SSLError):
                tls.wrap_socket(connection, server_side=True)
            tcp.shutdown(socket.SHUT_WR)
            while tcp.recv(4096):
                pass

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=refuse, args=(listener,))
        thread.start()
        message = refusal_of(Target(f"wss://127.0.0.1:{listener.getsockname()[1]}", ca=ca_file))
        thread.join()
    assert "demands a client certificate" in message


def test_server_without_tls_is_told_from_one_with_a_bad_certificate(serve: Serve) -> None:
    url = serve(plain_echo).replace("ws://", "wss://")
    assert "does it speak TLS at all?" in refusal_of(Target(url))


def test_server_that_answers_tls_with_something_else_is_told(
    meet: Callable[[hostile_servers.Behaviour], str],
) -> None:
    async def speaks_first(peer: hostile_servers.Peer) -> None:
        peer.writer.write(b"220 mail.example.test ESMTP\r\n")
        await peer.until_gone()

    url = meet(speaks_first).replace("ws://", "wss://")
    assert "does not speak TLS" in refusal_of(Target(url))


def test_server_that_expects_tls_is_told(serve: Serve, authority: tuple[trustme.CA, str]) -> None:
    url = serve(plain_echo, tls=server_tls(authority[0].issue_cert("127.0.0.1"))).replace("wss://", "ws://")
    message = refusal_of(Target(url))
    assert "wss://" in message or "ended the connection" in message


# Proxies


@contextmanager
def http_proxy(refuses: bool = False) -> Iterator[tuple[str, list[str]]]:
    """Runs an HTTP proxy that opens tunnels; yields its URL and the request lines that it saw."""
    seen: list[str] = []

    async def tunnel(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[0]
        seen.append(line)
        if refuses:
            writer.write(b"HTTP/1.1 403 Forbidden\r\n\r\n")
            writer.close()
            return
        host, _, port = line.split(" ")[1].rpartition(":")
        far_reader, far_writer = await asyncio.open_connection(host.strip("[]"), int(port))
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")

        async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
            try:
                while data := await source.read(1 << 16):
                    sink.write(data)
                    await sink.drain()
            except ConnectionError:
                pass
            sink.close()

        # The server cancels what still runs when the test ends.
        with suppress(asyncio.CancelledError):
            await asyncio.gather(pump(reader, far_writer), pump(far_reader, writer))
        for end in (writer, far_writer):
            end.close()
            with suppress(ConnectionError):
                await end.wait_closed()

    with run_in_background(lambda: _listening(tunnel)) as server:
        yield server.url.replace("ws://", "http://"), seen


@asynccontextmanager
async def _listening(handle: Any) -> AsyncIterator[asyncio.Server]:
    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    yield server
    server.close()


def test_target_behind_a_proxy_is_reached(serve: Serve, authority: tuple[trustme.CA, str]) -> None:
    plain = serve(plain_echo)
    secure = serve(plain_echo, tls=server_tls(authority[0].issue_cert("127.0.0.1")))
    with http_proxy() as (proxy, seen):
        assert found(plain, proxy=proxy).as_expected
        assert found(secure, proxy=proxy, ca=authority[1]).as_expected
    assert seen[0] == f"CONNECT {plain.removeprefix('ws://')} HTTP/1.1"


def test_proxy_that_refuses_is_named(serve: Serve) -> None:
    url = serve(plain_echo)
    with http_proxy(refuses=True) as (proxy, _):
        message = refusal_of(Target(url, proxy=proxy))
    assert f"through the proxy {proxy}" in message
    assert "403 Forbidden" in message
    assert "nothing listens on" in refusal_of(Target(url, proxy=proxy))


# Whether a target answers


async def test_life_is_checked_by_a_handshake(serve: Serve) -> None:
    url = serve(plain_echo)
    await check_alive(Target(url))
    # Bound and not listening: no other program can get this port in the meantime.
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        with pytest.raises(Unusable, match="connection refused"):
            await check_alive(Target(f"ws://127.0.0.1:{bound.getsockname()[1]}"))


def test_credentials_appear_in_no_message(meet: Callable[[hostile_servers.Behaviour], str]) -> None:
    async def repeats_the_head(peer: hostile_servers.Peer) -> None:
        head = await peer.reader.readuntil(b"\r\n\r\n")
        peer.writer.write(b"HTTP/1.1 401 " + head.replace(b"\r\n", b" ") + b"\r\n\r\n")

    url = meet(repeats_the_head) + "/?token=open-sesame"
    message = refusal_of(Target(url, headers=(("X-Key", "open-barley"),)))
    assert "401" in message
    assert "open-sesame" not in message
    assert "open-barley" not in message
