"""Connects a raw connection to its server: by TCP, through an HTTP proxy, with TLS."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from typing import TypeVar

from pytest_websocket.protocol.handshake import Request
from pytest_websocket.raw.connection import Connection
from pytest_websocket.raw.ending import NotReceived
from pytest_websocket.recording import Recording

ConnectionT = TypeVar("ConnectionT", bound=Connection)

SMALL_BUFFER = 4 << 10
"""Bytes of each of the kernel's buffers on a connection with small buffers."""

SMALL_SEGMENT = 1400
"""Payload bytes of a TCP segment on a connection with small buffers; on loopback it would be 64 kB."""


async def open_connection(
    connection: ConnectionT,
    host: str,
    port: int,
    *,
    tls: ssl.SSLContext | None = None,
    tls_name: str | None = None,
    proxy: tuple[str, int] | None = None,
    small_buffers: bool = False,
) -> ConnectionT:
    """Connects ``connection`` by TCP (and TLS), through an HTTP proxy where one is given, and returns it.

    ``tls_name`` is the name that TLS asks for, where that is not ``host``.
    With ``small_buffers`` some 100 kB that the client does not read fill all buffers between the server
    and it; otherwise that takes megabytes. Raises NotReceived when the connection is not established
    within the connection's deadline, OSError when it is refused or TLS fails.
    """
    loop = asyncio.get_running_loop()
    via = proxy or (host, port)
    name = tls_name or host
    try:
        async with asyncio.timeout(connection.deadline):
            where = (
                {"sock": await _small_buffer_socket(*via)}
                if small_buffers
                else {"host": via[0], "port": via[1]}
            )
            through_tls = tls is not None and proxy is None
            await loop.create_connection(
                lambda: connection,
                **where,
                ssl=tls if through_tls else None,
                server_hostname=name if through_tls else None,
            )
            if proxy:
                await _open_tunnel(connection, host, port)
                if tls is not None:
                    await connection.start_tls(tls, name)
    except TimeoutError:
        connection.abort()
        raise NotReceived(f"no connection to {host}:{port} within {connection.deadline:g} s") from None
    except BaseException:
        connection.abort()
        raise
    return connection


async def _small_buffer_socket(host: str, port: int) -> socket.socket:
    """Returns a connected socket with small buffers. Raises OSError when no address accepts."""
    loop = asyncio.get_running_loop()
    refusal: OSError = ConnectionError(f"{host} has no address")
    for family, kind, protocol, _, address in await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        candidate = socket.socket(family, kind, protocol)
        try:
            candidate.setblocking(False)
            # They count only when they are set before the connection is made.
            candidate.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER)
            candidate.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SMALL_BUFFER)
            with contextlib.suppress(AttributeError, OSError):
                candidate.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, SMALL_SEGMENT)
            await loop.sock_connect(candidate, address)
        except OSError as error:
            refusal = error
            candidate.close()
        except BaseException:
            candidate.close()
            raise
        else:
            return candidate
    raise refusal


async def _open_tunnel(connection: Connection, host: str, port: int) -> None:
    """Asks an HTTP proxy for a tunnel (RFC 9110 §9.3.6). Raises ConnectionError when it refuses."""
    authority = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    # The recording is of what the server sends and receives, and begins inside the tunnel.
    kept, connection.recording = connection.recording, Recording("tunnel")
    try:
        response = await connection.handshake(Request(authority, (("Host", authority),), method="CONNECT"))
    finally:
        connection.recording = kept
    if response.status != 200:
        raise ConnectionError(f"the proxy refused the tunnel to {authority}: {response}")
