"""A small publish/subscribe API with JSON messages: login, subscriptions, events.

``python -m examples.pubsub_api`` starts it and prints its URL.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed

PASSWORDS = {"anna": "correct horse", "boris": "battery staple"}

UNAUTHORISED = 4401
"""Close code after a wrong password (RFC 6455 §7.4.2 leaves 4000 to 4999 to applications)."""


class PubSub:
    """The topics, their subscribers, and the number of messages published."""

    def __init__(self) -> None:
        self._subscribers: dict[str, set[ServerConnection]] = {}
        self._published = 0

    async def handle(self, connection: ServerConnection) -> None:
        """Serves one client until its connection ends."""
        user = ""
        try:
            async for message in connection:
                request = json.loads(message)
                if request["type"] == "login":
                    user = await self._log_in(connection, request)
                elif not user:
                    await _send(connection, type="error", reason="log in first")
                elif request["type"] == "subscribe":
                    self._subscribers.setdefault(request["topic"], set()).add(connection)
                    await _send(connection, type="subscribed", topic=request["topic"])
                elif request["type"] == "publish":
                    await self._publish(connection, request)
        except ConnectionClosed:
            pass
        finally:
            for subscribers in self._subscribers.values():
                subscribers.discard(connection)

    async def _log_in(self, connection: ServerConnection, request: dict[str, Any]) -> str:
        user = str(request["user"])
        if PASSWORDS.get(user) != request["password"]:
            await _send(connection, type="error", reason="wrong password")
            await connection.close(UNAUTHORISED, "wrong password")
            return ""
        await _send(connection, type="welcome", user=user)
        return user

    async def _publish(self, connection: ServerConnection, request: dict[str, Any]) -> None:
        self._published += 1
        number = self._published
        event = {"type": "event", "topic": request["topic"], "number": number, "text": request["text"]}
        # Many servers promise no order of acknowledgement and event; here it alternates.
        if number % 2:
            await _send(connection, type="published", number=number)
        for subscriber in list(self._subscribers.get(request["topic"], ())):
            with contextlib.suppress(ConnectionClosed):
                await _send(subscriber, **event)
        if not number % 2:
            await _send(connection, type="published", number=number)


@contextlib.asynccontextmanager
async def serve_pubsub(host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[Server]:
    """Serves the API, without subscribers, until the block ends."""
    async with serve(PubSub().handle, host, port) as server:
        yield server


async def _send(connection: ServerConnection, **message: Any) -> None:
    await connection.send(json.dumps(message, ensure_ascii=False))


async def _main() -> None:
    async with serve_pubsub() as server:
        port = next(iter(server.sockets)).getsockname()[1]
        print(f"ws://127.0.0.1:{port}", flush=True)
        await server.serve_forever()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_main())
