"""Connect a raw connection to its server: by TCP, through an HTTP proxy, with TLS."""

from __future__ import annotations

import asyncio
import ssl

from websocket_client import Journal
from wire.connection import Connection
from wire.ending import NotReceived
from wire.handshake import Request


async def open_connection(
    host: str,
    port: int,
    *,
    journal: Journal,
    deadline: float,
    tls: ssl.SSLContext | None = None,
    proxy: tuple[str, int] | None = None,
) -> Connection:
    """Connect by TCP (and TLS), through an HTTP proxy where one is given. Says nothing yet.

    Raises NotReceived when nobody answers within ``deadline`` seconds, OSError when the connection
    is refused or TLS fails.
    """
    loop = asyncio.get_running_loop()
    via = proxy or (host, port)
    name = host if tls else None
    connection = Connection(journal, deadline)
    try:
        async with asyncio.timeout(deadline):
            await loop.create_connection(
                lambda: connection, *via, ssl=None if proxy else tls, server_hostname=None if proxy else name
            )
            if proxy:
                await _tunnel(connection, host, port, tls)
    except TimeoutError:
        connection.abort()
        raise NotReceived(f"no connection to {host}:{port} within {deadline:g} s") from None
    return connection


async def _tunnel(connection: Connection, host: str, port: int, tls: ssl.SSLContext | None) -> None:
    """Ask an HTTP proxy for a tunnel (RFC 9110 §9.3.6) and speak TLS inside it where the target does."""
    authority = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    response = await connection.handshake(Request(authority, (("Host", authority),), method="CONNECT"))
    if response.status != 200:
        connection.abort()
        raise ConnectionError(f"the proxy refused the tunnel to {authority}: {response}")
    if tls is not None:
        await connection.start_tls(tls, host)
