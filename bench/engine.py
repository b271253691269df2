"""One client of the comparison in a process of its own: a closed loop of echoes, counted after a warm-up.

    python bench/engine.py {ours,websockets,websockets-uvloop,picows,tcp} PORT CONNECTIONS SECONDS SIZE

Prints one JSON line: messages, seconds of this process's CPU, seconds.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import importlib.util
import json
import sys
from collections.abc import Callable
from time import perf_counter, process_time

from serving import ROOT

sys.path.insert(0, str(ROOT))

WARM_UP = 0.5


class Window:
    """Counts messages between the end of the warm-up and the end."""

    def __init__(self, seconds: float) -> None:
        self.messages = 0
        self.seconds = seconds

    async def measure(self) -> dict[str, float]:
        """Waits for the warm-up and then for the window, and returns what was done in the window."""
        await asyncio.sleep(WARM_UP)
        messages, cpu, began = self.messages, process_time(), perf_counter()
        await asyncio.sleep(self.seconds)
        return {
            "messages": self.messages - messages,
            "cpu": process_time() - cpu,
            "seconds": perf_counter() - began,
        }


async def ours(port: int, connections: int, seconds: float, size: int) -> dict[str, float]:
    """The load engine of this suite, with all its checks and histograms."""
    from pytest_websocket.load.connection import Endpoint
    from pytest_websocket.load.connections import Connections
    from pytest_websocket.load.workload import Workload
    from pytest_websocket.protocol.handshake import Request
    from pytest_websocket.server.echo import reply_to

    before = len(reply_to(b""))
    prefix = bytes(reply_to(b"")[:before])
    endpoint = Endpoint(
        "127.0.0.1",
        port,
        opening=lambda: Request.opening("/", "127.0.0.1"),
        answer=lambda opcode, payload: (opcode, prefix + payload),
        deadline=30.0,
    )
    window = Window(seconds)
    async with Connections(endpoint, connections) as opened:
        gc.freeze()
        running = asyncio.create_task(
            opened.run(duration=seconds + 2 * WARM_UP, rate=None, workload=Workload.parse(f"text:{size}"))
        )
        for connection in opened.opened:
            await asyncio.sleep(0)
            connection.on_message = counted(connection.on_message, window)
        measured = await window.measure()
        result = await running
    assert result.is_clean, str(result)
    return measured


def counted(on_message: Callable[[int, bytes], None], window: Window) -> Callable[[int, bytes], None]:
    """``on_message`` that counts as well."""

    def count(opcode: int, payload: bytes) -> None:
        window.messages += 1
        on_message(opcode, payload)

    return count


async def websockets(port: int, connections: int, seconds: float, size: int) -> dict[str, float]:
    """A load generator as it is usually written with asyncio and websockets: a task per connection."""
    from websockets.asyncio.client import connect

    window = Window(seconds)
    message = "x" * size
    gate = asyncio.Semaphore(100)

    async def user() -> None:
        async with gate:
            connection = await connect(
                f"ws://127.0.0.1:{port}", compression=None, proxy=None, open_timeout=30
            )
        opened.append(connection)
        if len(opened) == connections:
            complete.set()
        await started.wait()
        with contextlib.suppress(Exception):
            while True:
                await connection.send(message)
                await connection.recv()
                window.messages += 1

    opened: list[object] = []
    complete, started = asyncio.Event(), asyncio.Event()
    users = [asyncio.create_task(user()) for _ in range(connections)]
    await complete.wait()
    gc.freeze()
    started.set()
    measured = await window.measure()
    for task in users:
        task.cancel()
    await asyncio.wait(users)
    return measured


async def picows(port: int, connections: int, seconds: float, size: int) -> dict[str, float]:
    """A generator on picows, which reads and writes frames in C; replies are counted and not checked."""
    from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

    window = Window(seconds)
    message = b"x" * size

    class User(WSListener):  # type: ignore[misc]
        def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
            if frame.msg_type == WSMsgType.TEXT:
                frame.get_payload_as_bytes()
                window.messages += 1
                transport.send(WSMsgType.TEXT, message)

    opened = [await ws_connect(User, f"ws://127.0.0.1:{port}") for _ in range(connections)]
    gc.freeze()
    for transport, _ in opened:
        transport.send(WSMsgType.TEXT, message)
    measured = await window.measure()
    for transport, _ in opened:
        transport.disconnect()
    return measured


async def tcp(port: int, connections: int, seconds: float, size: int) -> dict[str, float]:
    """The upper limit: raw TCP, no frames, no checks, on the same loop."""
    window = Window(seconds)
    message = bytes(size)

    class User(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport = transport
            transport.write(message)

        def data_received(self, data: bytes) -> None:
            window.messages += 1
            self.transport.write(data)

    loop = asyncio.get_running_loop()
    opened = [await loop.create_connection(User, "127.0.0.1", port) for _ in range(connections)]
    gc.freeze()
    measured = await window.measure()
    for transport, _ in opened:
        transport.abort()
    return measured


def main() -> None:
    """Runs the client that the arguments name."""
    name, port, connections, seconds, size = sys.argv[1:]
    clients = {"ours": ours, "websockets": websockets, "picows": picows, "tcp": tcp}
    client = clients[name.removesuffix("-uvloop")]
    factory = None
    if name != "websockets" and importlib.util.find_spec("uvloop"):
        factory = importlib.import_module("uvloop").new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        print(json.dumps(runner.run(client(int(port), int(connections), float(seconds), int(size)))))


if __name__ == "__main__":
    main()
