"""A correct echo client on the websockets library: ``python websockets_client.py URL``."""

from __future__ import annotations

import asyncio
import sys

import websockets


async def echo(url: str) -> None:
    """Sends back every message until the connection is closed."""
    async with websockets.connect(url, max_size=None, ping_interval=None) as connection:
        async for message in connection:
            await connection.send(message)


asyncio.run(echo(sys.argv[1]))
