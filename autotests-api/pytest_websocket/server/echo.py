"""The echo server as a context manager: what the suite tests when no other target is given.

::

    async with serve() as server:
        port = server.sockets[0].getsockname()[1]
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from http import HTTPStatus
from ssl import SSLContext
from typing import Any

import websockets.asyncio.server
from websockets.asyncio.server import Server, ServerConnection
from websockets.exceptions import ConnectionClosed, ConnectionClosedError
from websockets.http11 import Request, Response
from websockets.typing import Origin, Subprotocol

from pytest_websocket.server.console_page import Pages, read_pages, response_with
from pytest_websocket.server.promises import MAX_SIZE, PREFIX
from pytest_websocket.text import printable

DEFAULT_SUBPROTOCOLS = ("echo",)
LOOPBACK = ("localhost", "127.0.0.1", "::1")

Handler = Callable[[ServerConnection], Awaitable[None]]
"""Serves one connection. May let ConnectionClosed pass: `serve` logs an abnormal end and goes on."""

log = logging.getLogger("websocket_server")

# websockets logs an error of a handler at ERROR and everything that a peer can provoke at INFO or below.
# A level of its own keeps the promise of one line per abnormal end, whatever `log` lets pass.
_protocol_log = logging.getLogger("websocket_server.protocol")
_protocol_log.setLevel(logging.WARNING)


def reply_to(message: str | bytes) -> str | bytes:
    """Returns the prefix and ``message``: text for text, bytes for bytes."""
    if isinstance(message, str):
        return PREFIX + message
    return PREFIX.encode() + message


async def echo(connection: ServerConnection) -> None:
    """Answers every message of one connection with `reply_to`."""
    async for message in connection:
        await connection.send(reply_to(message))


@contextlib.asynccontextmanager
async def serve(
    host: str | None = "127.0.0.1",
    port: int = 0,
    *,
    handler: Handler = echo,
    max_size: int | None = MAX_SIZE,
    ssl: SSLContext | None = None,
    origins: Iterable[str] | None = None,
    subprotocols: Sequence[str] = DEFAULT_SUBPROTOCOLS,
    console: bool = False,
    stop_grace: float = 0.5,
    **options: Any,
) -> AsyncIterator[Server]:
    """Serves until the block ends, then closes every connection with 1001 (RFC 6455 §7.4.1).

    ``port`` 0 means any free one, to be read from ``server.sockets``. ``max_size`` is in bytes; a longer
    message ends its connection with 1009. ``origins`` are the pages that may connect: any other page
    gets 403; a client without an Origin header is accepted, because only browsers send one; None accepts
    all. Of the subprotocols that the client offers, its first that is among ``subprotocols`` is chosen; a
    client that offers none of them is served without one (RFC 6455 §4.2.2). ``console`` serves the console
    page for a plain GET of "/", and accepts connections from that page whatever ``origins`` says.
    ``stop_grace`` seconds after the end of the block, connections whose peer has not answered the Close are
    aborted. Other ``options`` go to `websockets.asyncio.server.serve`.

    Raises OSError when the address cannot be listened on or a file of the console page is missing.
    """
    allowed = None if origins is None else [*map(Origin, origins), None]
    connections: set[ServerConnection] = set()

    class TrackedConnection(ServerConnection):
        # The library's own set begins after the handshake; those before it must be aborted as well.
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            super().connection_made(transport)
            connections.add(self)

        def connection_lost(self, exc: Exception | None) -> None:
            connections.discard(self)
            super().connection_lost(exc)

    def select_subprotocol(_: ServerConnection, offered: Sequence[Subprotocol]) -> Subprotocol | None:
        return next((name for name in offered if name in subprotocols), None)

    server = await websockets.asyncio.server.serve(
        _logging_abnormal_ends(handler),
        _addresses_of(host, port),  # type: ignore[arg-type]  # asyncio takes a list, websockets passes it on
        port,
        max_size=max_size,
        ssl=ssl,
        origins=allowed,
        select_subprotocol=select_subprotocol,
        logger=_protocol_log,
        create_connection=TrackedConnection,
        process_request=_responder(read_pages() if console else {}),
        # The default of 100 would refuse connections when a thousand clients connect at once.
        backlog=4096,
        **options,
    )
    if console and allowed is not None:
        scheme, real_port = "https" if ssl else "http", next(iter(server.sockets)).getsockname()[1]
        allowed += [Origin(f"{scheme}://{in_url(name)}:{real_port}") for name in {host or "", *LOOPBACK}]
    try:
        yield server
    finally:
        server.close()
        closed = asyncio.ensure_future(server.wait_closed())
        await asyncio.wait([closed], timeout=stop_grace)
        for connection in tuple(connections):
            connection.transport.abort()
        await closed


def in_url(host: str) -> str:
    """Returns ``host`` as it stands in a URL: an IPv6 address in brackets."""
    return f"[{host}]" if ":" in host else host


def _logging_abnormal_ends(handler: Handler) -> Handler:
    async def until_closed(connection: ServerConnection) -> None:
        try:
            await handler(connection)
        except ConnectionClosed as end:
            if _is_abnormal(end) and connection.server.is_serving():
                peer = ":".join(str(part) for part in (connection.remote_address or ("?",))[:2])
                log.warning("Connection from %s ended abnormally: %s", peer, printable(str(end)))

    return until_closed


def _is_abnormal(end: ConnectionClosed) -> bool:
    # websockets calls every code but 1000 and 1001 an error; a peer that sends a Close with a code of
    # its own (RFC 6455 §7.4.2) has still closed in good order.
    peer_closed_first = end.rcvd is not None and end.rcvd_then_sent is True
    return isinstance(end, ConnectionClosedError) and not peer_closed_first


def _responder(pages: Pages) -> Callable[[ServerConnection, Request], Response | None]:
    def respond(connection: ServerConnection, request: Request) -> Response | None:
        if "Upgrade" in request.headers or request.path not in pages:
            return _check_handshake(connection, request)
        return response_with(*pages[request.path])

    return respond


def _check_handshake(connection: ServerConnection, request: Request) -> Response | None:
    # Two requests that websockets accepts, or refuses without the header that RFC 6455 demands.
    if len(request.headers.get_all("Host")) != 1:  # RFC 6455 §4.2.1
        return connection.respond(HTTPStatus.BAD_REQUEST, "Exactly one Host header is required.\n")
    versions = request.headers.get_all("Sec-WebSocket-Version")
    if versions and versions != ["13"]:  # RFC 6455 §4.2.2
        response = connection.respond(HTTPStatus.UPGRADE_REQUIRED, "WebSocket version 13 is spoken here.\n")
        response.headers["Upgrade"] = "websocket"
        response.headers["Sec-WebSocket-Version"] = "13"
        return response
    return None


def _addresses_of(host: str | None, port: int) -> list[str] | None:
    """Returns the addresses of ``host`` that this machine has, IPv4 first; for port 0 only one of them."""
    if not host:
        return None
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    addresses = []
    for family, kind, protocol, _, address in sorted(found, key=lambda entry: entry[0] != socket.AF_INET):
        # Containers often name ::1 in /etc/hosts and have no IPv6.
        try:
            with socket.socket(family, kind, protocol) as probe:
                probe.bind((address[0], 0))
        except OSError as error:
            if error.errno not in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
                raise
            refusal = error
        else:
            addresses.append(str(address[0]))
    if not addresses:
        raise refusal
    # Two addresses would get two different free ports, and there is one to print.
    return addresses if port else addresses[:1]
