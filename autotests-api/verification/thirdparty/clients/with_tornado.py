"""An echo client on Tornado, which offers permessage-deflate."""

from __future__ import annotations

import asyncio
import json
import sys

from tornado.websocket import websocket_connect


async def echo(url: str) -> int | None:
    connection = await websocket_connect(url, compression_options={}, max_message_size=1 << 26)
    while (message := await connection.read_message()) is not None:
        await connection.write_message(message, binary=isinstance(message, bytes))
    code = connection.close_code
    print(json.dumps({"event": "close", "code": code, "reason": connection.close_reason or ""}))
    return code


sys.exit(asyncio.run(echo(sys.argv[1])) not in (1000, None))
