"""A small JSON API, as a test project of one's own would meet: login, subscriptions, events in any order.

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
"""Close code after a wrong password (RFC 6455 §7.4.2: 4000-4999 are for applications)."""


class Newsroom:
    """Who listens to which topic."""

    def __init__(self) -> None:
        self._listeners: dict[str, set[ServerConnection]] = {}
        self._published = 0

    async def meet(self, connection: ServerConnection) -> None:
        """Serve one client until it leaves."""
        user = ""
        try:
            async for message in connection:
                request = json.loads(message)
                if request["type"] == "login":
                    user = await self._log_in(connection, request)
                elif not user:
                    await _send(connection, type="error", reason="log in first")
                elif request["type"] == "subscribe":
                    self._listeners.setdefault(request["topic"], set()).add(connection)
                    await _send(connection, type="subscribed", topic=request["topic"])
                elif request["type"] == "publish":
                    await self._publish(connection, request)
        except ConnectionClosed:
            pass
        finally:
            for listeners in self._listeners.values():
                listeners.discard(connection)

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
        # Many servers promise no order between an acknowledgement and the event; here it changes every time.
        if number % 2:
            await _send(connection, type="published", number=number)
        for listener in list(self._listeners.get(request["topic"], ())):
            with contextlib.suppress(ConnectionClosed):
                await _send(listener, **event)
        if not number % 2:
            await _send(connection, type="published", number=number)


@contextlib.asynccontextmanager
async def open_newsroom(host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[Server]:
    """Serve an empty newsroom until the block ends."""
    async with serve(Newsroom().meet, host, port) as server:
        yield server


async def _send(connection: ServerConnection, **message: Any) -> None:
    await connection.send(json.dumps(message, ensure_ascii=False))


async def _main() -> None:
    async with open_newsroom() as server:
        port = next(iter(server.sockets)).getsockname()[1]
        print(f"ws://127.0.0.1:{port}", flush=True)  # noqa: T201
        await server.serve_forever()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_main())
