"""An ASGI echo on Daphne."""

from __future__ import annotations

import socket

from daphne.server import Server


async def echo(scope, receive, send):
    while True:
        event = await receive()
        if event["type"] == "websocket.connect":
            await send({"type": "websocket.accept"})
        elif event["type"] == "websocket.receive":
            answer = {name: event[name] for name in ("text", "bytes") if event.get(name) is not None}
            await send({"type": "websocket.send", **answer})
        else:
            return


with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
server = Server(echo, endpoints=[f"tcp:port={port}:interface=127.0.0.1"], signal_handlers=False)
server.ready_callable = lambda: print(f"ws://127.0.0.1:{port}", flush=True)
server.run()
