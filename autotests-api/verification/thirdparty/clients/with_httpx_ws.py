"""An echo client on httpx-ws."""

from __future__ import annotations

import asyncio
import json
import sys

from httpx_ws import WebSocketDisconnect, aconnect_ws
from wsproto.events import BytesMessage, TextMessage


async def echo(url: str) -> int:
    async with aconnect_ws(
        url, max_message_size_bytes=1 << 26, keepalive_ping_interval_seconds=None
    ) as connection:
        try:
            while True:
                message = await connection.receive()
                if isinstance(message, TextMessage):
                    await connection.send_text(message.data)
                elif isinstance(message, BytesMessage):
                    await connection.send_bytes(bytes(message.data))
        except WebSocketDisconnect as end:
            print(json.dumps({"event": "close", "code": end.code, "reason": end.reason or ""}))
            return end.code


sys.exit(asyncio.run(echo(sys.argv[1])) not in (1000, 1005))
