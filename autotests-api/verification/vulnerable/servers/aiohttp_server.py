"""An echo server on aiohttp that serves files, too, and follows symbolic links."""

from __future__ import annotations

import asyncio
import tempfile

from aiohttp import WSMsgType, web


async def echo(request):
    client = web.WebSocketResponse()
    await client.prepare(request)
    async for message in client:
        if message.type is WSMsgType.TEXT:
            await client.send_str(message.data)
        elif message.type is WSMsgType.BINARY:
            await client.send_bytes(message.data)
    return client


async def main():
    app = web.Application()
    app.router.add_get("/ws", echo)
    app.router.add_static("/static", tempfile.gettempdir(), follow_symlinks=True)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(f"ws://127.0.0.1:{site._server.sockets[0].getsockname()[1]}/ws", flush=True)
    await asyncio.Event().wait()


asyncio.run(main())
