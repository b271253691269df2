"""An echo server on Autobahn with its status page."""

from __future__ import annotations

import asyncio

from autobahn.asyncio.websocket import WebSocketServerFactory, WebSocketServerProtocol


class Echo(WebSocketServerProtocol):
    def onMessage(self, payload, isBinary):  # noqa: N802, N803
        self.sendMessage(payload, isBinary)


async def main():
    loop = asyncio.get_running_loop()
    factory = WebSocketServerFactory(loop=loop)
    factory.protocol = Echo
    server = await loop.create_server(factory, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    factory.setSessionParameters(f"ws://127.0.0.1:{port}")
    print(f"ws://127.0.0.1:{port}", flush=True)
    await asyncio.Event().wait()


asyncio.run(main())
