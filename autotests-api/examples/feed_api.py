"""A feed with tokens that expire: one refreshes the token in time, and resumes after a lost connection.

The handshake wants ``?token=…``. The server says ``{"type": "expiring"}`` when half of a token's life is
over. Messages: ``{"type": "refresh", "refresh_token": …}``, ``{"type": "publish", "text": …}`` and
``{"type": "resume", "after": N}``. ``python -m examples.feed_api`` starts it.
"""

from __future__ import annotations

import asyncio
import contextlib
import http
import json
import secrets
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

from websockets.asyncio.server import Server, ServerConnection, broadcast, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

TOKEN_EXPIRED = 4401
FIRST_TOKEN, REFRESH_TOKEN = "first-access-token", "refresh-token-of-anna"


class Feed:
    """The entries, who is connected, and which tokens are valid; ``lifetime`` of a token is in seconds."""

    def __init__(self, lifetime: float) -> None:
        self._lifetime = lifetime
        self._entries: list[str] = []
        self._connections: set[ServerConnection] = set()
        self._tokens = {FIRST_TOKEN}

    def check_token(self, connection: ServerConnection, request: Request) -> Response | None:
        """Refuses a handshake without a valid token."""
        token = parse_qs(urlsplit(request.path).query).get("token", [""])[0]
        if token in self._tokens:
            return None
        return connection.respond(http.HTTPStatus.UNAUTHORIZED, "The token is not valid.\n")

    async def handle(self, connection: ServerConnection) -> None:
        """Serves one client until its connection ends, or its token does."""
        self._connections.add(connection)
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._lifetime) as life:
                warning = asyncio.ensure_future(self._warn(connection, life))
                async for text in connection:
                    message = json.loads(text)
                    if message["type"] == "refresh":
                        life.reschedule(loop.time() + self._lifetime)
                    await self._take(connection, message)
        except TimeoutError:
            await connection.close(TOKEN_EXPIRED, "token expired")
        except ConnectionClosed:
            pass
        finally:
            warning.cancel()
            self._connections.discard(connection)

    async def _warn(self, connection: ServerConnection, life: asyncio.Timeout) -> None:
        loop = asyncio.get_running_loop()
        with contextlib.suppress(ConnectionClosed):
            while True:
                left = (life.when() or 0) - loop.time()
                await asyncio.sleep(left - self._lifetime / 2)
                await connection.send(json.dumps({"type": "expiring"}))
                await asyncio.sleep(self._lifetime / 2)

    async def _take(self, connection: ServerConnection, message: dict[str, Any]) -> None:
        if message["type"] == "refresh" and message["refresh_token"] == REFRESH_TOKEN:
            self._tokens.add(token := secrets.token_urlsafe())
            await connection.send(json.dumps({"type": "refreshed", "access_token": token}))
        elif message["type"] == "publish":
            self._entries.append(message["text"])
            broadcast(self._connections, self._entry(len(self._entries)))
        elif message["type"] == "resume":
            for number in range(message["after"] + 1, len(self._entries) + 1):
                await connection.send(self._entry(number))
            await connection.send(json.dumps({"type": "resumed", "last": len(self._entries)}))

    def _entry(self, number: int) -> str:
        return json.dumps({"type": "entry", "number": number, "text": self._entries[number - 1]})


@contextlib.asynccontextmanager
async def serve_feed(
    host: str = "127.0.0.1", port: int = 0, *, lifetime: float = 60
) -> AsyncIterator[Server]:
    """Serves the API until the block ends."""
    feed = Feed(lifetime)
    async with serve(feed.handle, host, port, process_request=feed.check_token) as server:
        yield server


async def _main() -> None:
    async with serve_feed() as server:
        print(
            f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}/?token={FIRST_TOKEN}", flush=True
        )
        await server.serve_forever()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_main())
