"""An echo client on aiohttp, which offers permessage-deflate."""

from __future__ import annotations

import asyncio
import json
import sys

from aiohttp import ClientSession, WSMsgType


async def echo(url: str) -> int | None:
    async with ClientSession() as session, session.ws_connect(url, compress=15, max_msg_size=0) as connection:
        while True:
            message = await connection.receive()
            if message.type == WSMsgType.TEXT:
                await connection.send_str(message.data)
            elif message.type == WSMsgType.BINARY:
                await connection.send_bytes(message.data)
            else:
                break
        reason = message.extra if message.type == WSMsgType.CLOSE else ""
        print(json.dumps({"event": "close", "code": connection.close_code, "reason": reason or ""}))
        return connection.close_code


sys.exit(asyncio.run(echo(sys.argv[1])) not in (1000, 1005))
