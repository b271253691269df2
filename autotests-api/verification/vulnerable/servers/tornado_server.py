"""An echo server on Tornado that reads a cookie of the handshake."""

from __future__ import annotations

import asyncio

from tornado import httpserver, netutil, web, websocket


class Echo(websocket.WebSocketHandler):
    def prepare(self):
        self.get_cookie("session")

    def check_origin(self, origin):
        return True

    def on_message(self, message):
        self.write_message(message, binary=isinstance(message, bytes))


async def main():
    sockets = netutil.bind_sockets(0, "127.0.0.1")
    httpserver.HTTPServer(web.Application([("/", Echo)])).add_sockets(sockets)
    print(f"ws://127.0.0.1:{sockets[0].getsockname()[1]}", flush=True)
    await asyncio.Event().wait()


asyncio.run(main())
