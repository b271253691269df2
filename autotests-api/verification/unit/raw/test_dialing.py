"""Connecting by TCP, through a proxy, with TLS, with small buffers, and the errors of each."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from typing import Any

import pytest
import trustme

from pytest_websocket.protocol.handshake import Request
from pytest_websocket.raw.connection import Connection
from pytest_websocket.raw.dialing import SMALL_BUFFER, SMALL_SEGMENT, open_connection
from pytest_websocket.raw.ending import NotReceived
from pytest_websocket.recording import Recording
from verification.conftest import Listen


@pytest.fixture
def contexts() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """TLS of a server called target.test, and of a client that believes its certificate."""
    authority = trustme.CA()
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("target.test").configure_cert(server)
    authority.configure_trust(client)
    return server, client


@pytest.fixture
async def resolve(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Lets a host name mean these addresses."""

    def meaning(name: str, *addresses: str) -> None:
        async def getaddrinfo(host: str, port: int, *, type: int = 0, **_: int) -> list[Any]:
            assert host == name
            return [(socket.AF_INET, type, 0, "", (address, port)) for address in addresses]

        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)

    return meaning


async def hold(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    """A server that sends nothing until its client disconnects."""
    await reader.read()


def proxying(asked: list[bytes], *, tls: ssl.SSLContext | None = None) -> Any:
    """Returns a proxy that is its own target: grants the tunnel and answers 403 in it."""

    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        if tls is not None:
            await writer.start_tls(tls)
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 403 Forbidden\r\n\r\n")

    return proxy


async def test_target_behind_a_proxy_is_reached_by_a_tunnel(listen: Listen, deadline: float) -> None:
    asked: list[bytes] = []
    address = ("127.0.0.1", await listen(proxying(asked)))
    raw = await open_connection(Connection(Recording(), deadline), "target.test", 80, proxy=address)
    opening = Request.opening("/", "target.test")
    response = await raw.handshake(opening)
    raw.abort()
    assert asked[0] == b"CONNECT target.test:80 HTTP/1.1\r\nHost: target.test:80\r\n\r\n"
    assert response.status == 403
    assert raw.recording.request == opening.encode()


async def test_tunnel_to_an_address_of_ipv6_is_asked_for_in_brackets(listen: Listen, deadline: float) -> None:
    asked: list[bytes] = []
    address = ("127.0.0.1", await listen(proxying(asked)))
    raw = await open_connection(Connection(Recording(), deadline), "::1", 80, proxy=address)
    raw.abort()
    assert asked[0].startswith(b"CONNECT [::1]:80 HTTP/1.1\r\n")


async def test_tls_inside_a_tunnel_is_that_of_the_target(
    listen: Listen, deadline: float, contexts: tuple[ssl.SSLContext, ssl.SSLContext]
) -> None:
    server, client = contexts
    asked: list[bytes] = []
    address = ("127.0.0.1", await listen(proxying(asked, tls=server)))
    raw = await open_connection(
        Connection(Recording(), deadline), "target.test", 443, tls=client, proxy=address
    )
    response = await raw.handshake(Request.opening("/", "target.test"))
    raw.abort()
    assert asked[0].startswith(b"CONNECT target.test:443")
    assert response.status == 403


async def test_certificate_inside_a_tunnel_has_to_carry_the_name_of_the_target(
    listen: Listen, deadline: float, contexts: tuple[ssl.SSLContext, ssl.SSLContext]
) -> None:
    server, client = contexts
    address = ("127.0.0.1", await listen(proxying([], tls=server)))
    with pytest.raises(ssl.SSLCertVerificationError, match=r"other\.test"):
        await open_connection(Connection(Recording(), deadline), "other.test", 443, tls=client, proxy=address)


@pytest.mark.parametrize("narrow", [False, True], ids=["ordinary", "narrow"])
async def test_certificate_of_the_target_has_to_carry_its_name(
    listen: Listen,
    deadline: float,
    contexts: tuple[ssl.SSLContext, ssl.SSLContext],
    resolve: Callable[..., None],
    narrow: bool,
) -> None:
    server, client = contexts

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await writer.start_tls(server)
        writer.write(b"hello")
        await reader.read()

    port = await listen(greet)
    resolve("target.test", "127.0.0.1")
    raw = await open_connection(
        Connection(Recording(), deadline), "target.test", port, tls=client, small_buffers=narrow
    )
    await raw._until(lambda: raw.body == b"hello", "a greeting")
    raw.abort()
    resolve("other.test", "127.0.0.1")
    with pytest.raises(ssl.SSLCertVerificationError, match=r"other\.test"):
        await open_connection(
            Connection(Recording(), deadline), "other.test", port, tls=client, small_buffers=narrow
        )


async def test_proxy_that_refuses_the_tunnel_is_named(listen: Listen, deadline: float) -> None:
    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
        await reader.read()

    address = ("127.0.0.1", await listen(proxy))
    with pytest.raises(ConnectionError, match=r"refused the tunnel to target\.test:80: HTTP/1\.1 407"):
        await open_connection(Connection(Recording(), deadline), "target.test", 80, proxy=address)


async def test_tls_inside_a_tunnel_asks_for_the_name_that_is_given(
    listen: Listen, deadline: float, contexts: tuple[ssl.SSLContext, ssl.SSLContext]
) -> None:
    server, client = contexts
    address = ("127.0.0.1", await listen(proxying([], tls=server)))
    raw = await open_connection(
        Connection(Recording(), deadline), "127.0.0.1", 443, tls=client, tls_name="target.test", proxy=address
    )
    raw.abort()
    assert raw.tcp == "closed"


async def test_proxy_that_breaks_off_leaves_no_connection_open(listen: Listen, deadline: float) -> None:
    ended = asyncio.get_running_loop().create_future()

    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write_eof()
        await reader.read()
        ended.set_result(True)

    connection = Connection(Recording("kept"), deadline)
    address = ("127.0.0.1", await listen(proxy))
    with pytest.raises(NotReceived, match="expected an HTTP response, but the server ended the connection"):
        await open_connection(connection, "target.test", 80, proxy=address)
    assert await asyncio.wait_for(ended, deadline)
    assert connection.recording.name == "kept"


async def test_server_that_never_speaks_tls_costs_the_deadline_and_is_named(listen: Listen) -> None:
    ended = asyncio.get_running_loop().create_future()

    async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        ended.set_result(True)

    port = await listen(mute)
    with pytest.raises(NotReceived, match=rf"^no connection to 127\.0\.0\.1:{port} within 0\.1 s$"):
        await open_connection(
            Connection(Recording(), 0.1), "127.0.0.1", port, tls=ssl.create_default_context()
        )
    assert await ended


async def fills_up(listen: Listen, deadline: float, *, small_buffers: bool) -> int:
    """Returns the bytes that a server can write to a client that does not read, in steps of 100 kB."""
    written: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def write(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        count = 0
        while not writer.transport.get_write_buffer_size() and count < 100:
            writer.write(bytes(100_000))
            count += 1
        written.set_result(count)

    raw = await open_connection(
        Connection(Recording(), deadline), "127.0.0.1", await listen(write), small_buffers=small_buffers
    )
    try:
        raw.pause_reading()
        return await written
    finally:
        raw.abort()


async def test_buffers_are_ordinary_by_default(
    listen: Listen, deadline: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr("pytest_websocket.raw.dialing._small_buffer_socket")
    raw = await open_connection(Connection(Recording(), deadline), "127.0.0.1", await listen(hold))
    assert raw.tcp == "open"
    raw.abort()


async def test_small_buffers_hold_less_than_ordinary_ones(listen: Listen, deadline: float) -> None:
    narrow = await fills_up(listen, deadline, small_buffers=True)
    ordinary = await fills_up(listen, deadline, small_buffers=False)
    assert narrow * 5 < ordinary


async def test_small_buffers_come_with_short_segments(listen: Listen, deadline: float) -> None:
    port = await listen(hold)
    raw = await open_connection(Connection(Recording(), deadline), "127.0.0.1", port, small_buffers=True)
    assert raw._socket is not None
    room = raw._socket.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
    segment = raw._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG)
    raw.abort()
    # The kernel takes twice what it is asked for. The buffer to write is its own affair, and grows.
    assert room <= 2 * SMALL_BUFFER
    assert segment <= SMALL_SEGMENT


async def test_connection_with_small_buffers_is_refused_where_nothing_listens(deadline: float) -> None:
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        with pytest.raises(ConnectionRefusedError):
            await open_connection(
                Connection(Recording(), deadline), *unheard.getsockname(), small_buffers=True
            )


async def test_connection_with_small_buffers_tries_every_address_of_the_host(
    listen: Listen, deadline: float, resolve: Callable[..., None]
) -> None:
    port = await listen(hold)
    # Nothing listens at the first: the server has only the second address.
    resolve("several.test", "127.0.0.2", "127.0.0.1")
    raw = await open_connection(Connection(Recording(), deadline), "several.test", port, small_buffers=True)
    assert raw._socket is not None
    assert raw._socket.getpeername() == ("127.0.0.1", port)
    raw.abort()


async def test_host_without_an_address_is_named(deadline: float, resolve: Callable[..., None]) -> None:
    resolve("nowhere.test")
    with pytest.raises(ConnectionError, match=r"^nowhere\.test has no address$"):
        await open_connection(Connection(Recording(), deadline), "nowhere.test", 80, small_buffers=True)


async def test_connection_with_small_buffers_that_is_given_up_leaves_no_socket_open(
    resolve: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = []

    async def never(one: socket.socket, _: object) -> None:
        tried.append(one)
        assert not one.getblocking()
        await asyncio.Event().wait()

    resolve("silent.test", "127.0.0.1")
    monkeypatch.setattr(asyncio.get_running_loop(), "sock_connect", never)
    with pytest.raises(NotReceived, match=r"^no connection to silent\.test:80 within 0\.05 s$"):
        await open_connection(Connection(Recording(), 0.05), "silent.test", 80, small_buffers=True)
    assert [one.fileno() for one in tried] == [-1]


@pytest.mark.parametrize("segment", [None, -1], ids=["no such option", "an option that the kernel refuses"])
async def test_system_that_cannot_shorten_segments_connects_all_the_same(
    listen: Listen, deadline: float, monkeypatch: pytest.MonkeyPatch, segment: int
) -> None:
    if segment is None:
        monkeypatch.delattr(socket, "TCP_MAXSEG")
    else:
        monkeypatch.setattr(socket, "TCP_MAXSEG", segment)
    port = await listen(hold)
    raw = await open_connection(Connection(Recording(), deadline), "127.0.0.1", port, small_buffers=True)
    assert raw.tcp == "open"
    raw.abort()
