"""Connect a raw connection to its server: by TCP, through an HTTP proxy, with TLS."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl

from pytest_websocket.protocol.handshake import Request
from pytest_websocket.raw.connection import Connection
from pytest_websocket.raw.ending import NotReceived
from pytest_websocket.recording import Recording

NARROW_ROOM = 4 << 10
"""Bytes that the kernel is asked to keep for us at most on a narrow connection."""

NARROW_SEGMENT = 1400
"""Payload bytes of a TCP segment on a narrow connection, as on a real network and not as on loopback."""


async def open_connection(
    host: str,
    port: int,
    *,
    recording: Recording,
    deadline: float,
    tls: ssl.SSLContext | None = None,
    proxy: tuple[str, int] | None = None,
    narrow: bool = False,
) -> Connection:
    """Connect by TCP (and TLS), through an HTTP proxy where one is given. Says nothing yet.

    On a ``narrow`` connection some 100 kB that we do not read fill all buffers between the server and us;
    on an ordinary one it takes megabytes. Raises NotReceived when nobody answers within ``deadline``
    seconds, OSError when the connection is refused or TLS fails.
    """
    loop = asyncio.get_running_loop()
    via = proxy or (host, port)
    name = host if tls else None
    connection = Connection(recording, deadline)
    try:
        async with asyncio.timeout(deadline):
            where = {"sock": await _narrow_socket(*via)} if narrow else {"host": via[0], "port": via[1]}
            await loop.create_connection(
                lambda: connection,
                **where,
                ssl=None if proxy else tls,
                server_hostname=None if proxy else name,
            )
            if proxy:
                await _tunnel(connection, host, port, tls)
    except TimeoutError:
        connection.abort()
        raise NotReceived(f"no connection to {host}:{port} within {deadline:g} s") from None
    return connection


async def _narrow_socket(host: str, port: int) -> socket.socket:
    """A connected socket with little room. Raises OSError when nobody takes the connection."""
    loop = asyncio.get_running_loop()
    refusal: OSError = ConnectionError(f"{host} has no address")
    for family, kind, protocol, _, address in await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        narrow = socket.socket(family, kind, protocol)
        try:
            narrow.setblocking(False)
            # Both count only when they are set before the connection is made.
            narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, NARROW_ROOM)
            with contextlib.suppress(AttributeError, OSError):
                narrow.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, NARROW_SEGMENT)
            await loop.sock_connect(narrow, address)
        except OSError as error:
            refusal = error
            narrow.close()
        except BaseException:
            narrow.close()
            raise
        else:
            return narrow
    raise refusal


async def _tunnel(connection: Connection, host: str, port: int, tls: ssl.SSLContext | None) -> None:
    """Ask an HTTP proxy for a tunnel (RFC 9110 §9.3.6) and speak TLS inside it where the target does."""
    authority = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    # The recording is of the conversation with the server, and begins inside the tunnel.
    kept, connection.recording = connection.recording, Recording("tunnel")
    response = await connection.handshake(Request(authority, (("Host", authority),), method="CONNECT"))
    connection.recording = kept
    if response.status != 200:
        connection.abort()
        raise ConnectionError(f"the proxy refused the tunnel to {authority}: {response}")
    if tls is not None:
        await connection.start_tls(tls, host)
