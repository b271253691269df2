"""GraphQL subscriptions over WebSocket, the subprotocol graphql-transport-ws, for one query: ``countdown``.

``python -m examples.graphql_api`` starts it and prints its URL.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

SUBPROTOCOL = "graphql-transport-ws"
UNAUTHORIZED = 4401
SUBPROTOCOL_NOT_ACCEPTABLE = 4406
SUBSCRIBER_EXISTS = 4409
TOKEN = "let-me-in"


class Session:
    """One connection after its handshake."""

    def __init__(self, connection: ServerConnection) -> None:
        self._connection = connection
        self._running: dict[str, asyncio.Task[None]] = {}
        self._is_acknowledged = False

    async def serve(self) -> None:
        """Answers messages until the connection ends."""
        if self._connection.subprotocol != SUBPROTOCOL:
            await self._connection.close(SUBPROTOCOL_NOT_ACCEPTABLE, "Subprotocol not acceptable")
        try:
            async for text in self._connection:
                await self._take(json.loads(text))
        except ConnectionClosed:
            pass
        finally:
            for task in self._running.values():
                task.cancel()

    async def _take(self, message: dict[str, Any]) -> None:
        kind, key = message["type"], message.get("id", "")
        if kind == "ping":
            await self._send(type="pong")
        elif kind == "connection_init":
            await self._acknowledge(message.get("payload", {}))
        elif kind == "complete" and key in self._running:
            self._running.pop(key).cancel()
        elif kind == "subscribe" and not self._is_acknowledged:
            await self._connection.close(UNAUTHORIZED, "Unauthorized")
        elif kind == "subscribe" and key in self._running:
            await self._connection.close(SUBSCRIBER_EXISTS, f"Subscriber for {key} already exists")
        elif kind == "subscribe":
            self._running[key] = asyncio.ensure_future(self._count_down(key, message["payload"]["variables"]))

    async def _acknowledge(self, payload: dict[str, Any]) -> None:
        if payload.get("token") != TOKEN:
            await self._connection.close(4403, "Forbidden")
            return
        self._is_acknowledged = True
        await self._send(type="connection_ack")

    async def _count_down(self, key: str, variables: dict[str, Any]) -> None:
        with contextlib.suppress(ConnectionClosed):
            for number in range(variables["start"], 0, -1):
                await self._send(id=key, type="next", payload={"data": {"countdown": number}})
                await asyncio.sleep(0)
            self._running.pop(key, None)
            await self._send(id=key, type="complete")

    async def _send(self, **message: Any) -> None:
        await self._connection.send(json.dumps(message))


def choose(_: ServerConnection, offered: Sequence[Subprotocol]) -> Subprotocol | None:
    """Returns the subprotocol of GraphQL where it is offered; a client without it is closed with a code."""
    return Subprotocol(SUBPROTOCOL) if SUBPROTOCOL in offered else None


async def handle(connection: ServerConnection) -> None:
    """Serves one client until its connection ends."""
    await Session(connection).serve()


@contextlib.asynccontextmanager
async def serve_graphql(host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[Server]:
    """Serves the API until the block ends."""
    async with serve(handle, host, port, select_subprotocol=choose) as server:
        yield server


async def _main() -> None:
    async with serve_graphql() as server:
        print(f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}", flush=True)
        await server.serve_forever()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_main())
