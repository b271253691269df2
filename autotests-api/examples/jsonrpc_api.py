"""A JSON-RPC 2.0 API: calls are worked on at the same time, replies come in any order, and there are batches.

``python -m examples.jsonrpc_api`` starts it and prints its URL.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed

METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602


async def answer(call: dict[str, Any]) -> dict[str, Any]:
    """Returns the reply to one call."""
    reply: dict[str, Any] = {"jsonrpc": "2.0", "id": call.get("id")}
    if call.get("method") != "divide":
        return {**reply, "error": {"code": METHOD_NOT_FOUND, "message": "Method not found"}}
    params = call["params"]
    # Long divisions take longer, so that replies overtake each other.
    await asyncio.sleep(params.get("digits", 0) / 100)
    if params["by"] == 0:
        return {**reply, "error": {"code": INVALID_PARAMS, "message": "Division by zero"}}
    return {**reply, "result": params["number"] / params["by"]}


async def handle(connection: ServerConnection) -> None:
    """Serves one client until its connection ends."""

    async def work_on(calls: Any) -> None:
        replies = await asyncio.gather(*map(answer, calls if isinstance(calls, list) else [calls]))
        # A call without an id is a notification: nothing answers it.
        replies = [reply for reply in replies if reply["id"] is not None]
        if replies:
            with contextlib.suppress(ConnectionClosed):
                await connection.send(json.dumps(replies if isinstance(calls, list) else replies[0]))

    async with asyncio.TaskGroup() as tasks:
        async for message in connection:
            tasks.create_task(work_on(json.loads(message)))


@contextlib.asynccontextmanager
async def serve_jsonrpc(host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[Server]:
    """Serves the API until the block ends."""
    async with serve(handle, host, port) as server:
        yield server


async def _main() -> None:
    async with serve_jsonrpc() as server:
        print(f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}", flush=True)
        await server.serve_forever()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_main())
