"""An API in MessagePack: prices of a symbol, between ticks that come by themselves.

``python -m examples.msgpack_api`` starts it and prints its URL.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import msgpack
from websockets.asyncio.server import Server, ServerConnection, serve

PRICES = {"ACME": 42, "INIT": 7}


async def handle(connection: ServerConnection) -> None:
    """Serves one client until its connection ends."""
    async for message in connection:
        symbol = msgpack.unpackb(message)["symbol"]
        for number in range(3):
            await connection.send(msgpack.packb({"type": "tick", "number": number}))
        known = symbol in PRICES
        reply = (
            {"type": "price", "price": PRICES[symbol]} if known else {"type": "error", "reason": "unknown"}
        )
        await connection.send(msgpack.packb({**reply, "symbol": symbol}))


@contextlib.asynccontextmanager
async def serve_msgpack(host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[Server]:
    """Serves the API until the block ends."""
    async with serve(handle, host, port) as server:
        yield server


async def _main() -> None:
    async with serve_msgpack() as server:
        print(f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}", flush=True)
        await server.serve_forever()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_main())
