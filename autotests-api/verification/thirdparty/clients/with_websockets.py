"""An echo client on websockets (asyncio)."""

from __future__ import annotations

import asyncio
import json
import sys

from websockets.asyncio.client import connect


async def echo(url: str) -> None:
    async with connect(url, max_size=None, ping_interval=None) as connection:
        try:
            async for message in connection:
                await connection.send(message)
        finally:
            told = {"event": "close", "code": connection.close_code, "reason": connection.close_reason}
            print(json.dumps(told))


asyncio.run(echo(sys.argv[1]))
