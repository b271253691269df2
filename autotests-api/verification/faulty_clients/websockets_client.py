"""A correct echo client on the websockets library: ``python websockets_client.py URL``."""

from __future__ import annotations

import asyncio
import json
import sys

import websockets


async def echo(url: str) -> None:
    """Sends back every message until the connection is closed, and prints how it was closed."""
    async with websockets.connect(url, max_size=None, ping_interval=None) as connection:
        print(json.dumps({"event": "open"}))
        try:
            async for message in connection:
                await connection.send(message)
        finally:
            told = {"event": "close", "code": connection.close_code, "reason": connection.close_reason}
            print(json.dumps(told))


asyncio.run(echo(sys.argv[1]))
