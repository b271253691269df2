"""A server on python-engineio with its defaults, on aiohttp."""

from __future__ import annotations

import asyncio

import engineio
from aiohttp import web


async def main():
    engine = engineio.AsyncServer(async_mode="aiohttp")

    @engine.on("message")
    async def echo(sid, data):
        await engine.send(sid, data)

    app = web.Application()
    engine.attach(app)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = site._server.sockets[0].getsockname()[1]
    origin = f"http://127.0.0.1:{port}"
    print(
        f"ws://127.0.0.1:{port}/engine.io/?EIO=3&transport=websocket",
        f"--ws-origin={origin} --ws-allowed-origin={origin}",
        flush=True,
    )
    await asyncio.Event().wait()


asyncio.run(main())
