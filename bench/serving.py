"""Servers in processes of their own, for measurements: silent, each on a free port."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent / "autotests-api"

# The same settings of the garbage collector everywhere, so that the libraries are compared.
_RUN = """
import asyncio, gc, importlib.util

def run(main):
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)
    factory = importlib.import_module("uvloop").new_event_loop if importlib.util.find_spec("uvloop") else None
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(main())
"""

ECHO = (
    _RUN
    + """
from pytest_websocket.server.echo import serve

async def main():
    async with serve() as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await asyncio.get_running_loop().create_future()

run(main)
"""
)

AIOHTTP = (
    _RUN
    + """
from aiohttp import WSMsgType, web
from pytest_websocket.server.echo import reply_to

async def echo(request):
    connection = web.WebSocketResponse(max_msg_size=2**20)
    await connection.prepare(request)
    async for message in connection:
        if message.type is WSMsgType.TEXT:
            await connection.send_str(reply_to(message.data))
        elif message.type is WSMsgType.BINARY:
            await connection.send_bytes(reply_to(message.data))
    return connection

async def main():
    application = web.Application()
    application.router.add_get("/", echo)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, backlog=1024)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.get_running_loop().create_future()

run(main)
"""
)

UVICORN = (
    _RUN
    + """
import socket, uvicorn
from pytest_websocket.server.echo import reply_to

async def echo(scope, receive, send):
    if scope["type"] != "websocket":
        return
    await receive()
    await send({"type": "websocket.accept"})
    while (event := await receive())["type"] == "websocket.receive":
        if event.get("text") is not None:
            await send({"type": "websocket.send", "text": reply_to(event["text"])})
        else:
            await send({"type": "websocket.send", "bytes": reply_to(event["bytes"])})

async def main():
    listening = socket.create_server(("127.0.0.1", 0), backlog=1024)
    print(listening.getsockname()[1], flush=True)
    settings = dict(log_level="error", lifespan="off", ws="websockets-sansio", ws_max_size=2**20)
    config = uvicorn.Config(echo, **settings)
    await uvicorn.Server(config).serve(sockets=[listening])

run(main)
"""
)

# Faster than any client: a client that has to wait for its server is woken for every single message.
FAST = (
    _RUN
    + """
import picows
from pytest_websocket.server.echo import reply_to

class Echo(picows.WSListener):
    def on_ws_frame(self, transport, frame):
        if frame.msg_type in (picows.WSMsgType.TEXT, picows.WSMsgType.BINARY):
            payload = frame.get_payload_as_bytes()
            transport.send(frame.msg_type, reply_to(payload))
        elif frame.msg_type == picows.WSMsgType.CLOSE:
            transport.send_close(frame.get_close_code(), frame.get_close_message())
            transport.disconnect()

async def main():
    server = await picows.ws_create_server(lambda request: Echo(), "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().create_future()

run(main)
"""
)

TCP = (
    _RUN
    + """
class Echo(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(data)

async def main():
    server = await asyncio.get_running_loop().create_server(Echo, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().create_future()

run(main)
"""
)


@dataclass(frozen=True)
class Serving:
    """A running server."""

    pid: int
    port: int

    def cpu(self) -> float:
        """Returns the CPU time that it has used, in seconds (Linux)."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def serving(script: str = ECHO) -> Iterator[Serving]:
    """Runs ``script``, whose first line of output is the port it listens on."""
    with subprocess.Popen(
        [sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield Serving(process.pid, int(process.stdout.readline()))
        finally:
            process.terminate()
