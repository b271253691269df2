"""An ASGI app without a framework: orders are made over REST, and a WebSocket brings what becomes of them.

``POST /orders`` with ``{"item": …}`` makes an order; ``GET /orders/ID`` returns it; ``/events`` is the
WebSocket. All want the header ``Authorization: Bearer TOKEN``. ``uvicorn examples.orders_app:app`` serves it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

TOKEN = "orders-token-1"
UNAUTHORISED = 4401


class Orders:
    """The orders, and a queue of events for each WebSocket."""

    def __init__(self) -> None:
        self._orders: list[dict[str, Any]] = []
        self._queues: set[asyncio.Queue[dict[str, Any]]] = set()

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Serves a request or a connection, as ASGI defines it."""
        headers = dict(scope.get("headers", ()))
        is_known = headers.get(b"authorization") == f"Bearer {TOKEN}".encode()
        if scope["type"] == "http":
            await self._answer(*await self._http(scope, receive, is_known=is_known), send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.accept"})
            if not is_known:
                await send({"type": "websocket.close", "code": UNAUTHORISED, "reason": "unauthorised"})
            else:
                await self._push_events(receive, send)

    async def _http(
        self, scope: dict[str, Any], receive: Receive, *, is_known: bool
    ) -> tuple[int, dict[str, Any]]:
        method, path = scope["method"], scope["path"]
        body = b""
        while (part := await receive())["type"] == "http.request":
            body += part.get("body", b"")
            if not part.get("more_body"):
                break
        if not is_known:
            return 401, {"error": "unauthorised"}
        if (method, path) == ("POST", "/orders"):
            order = {"id": len(self._orders) + 1, "item": json.loads(body)["item"], "status": "new"}
            self._orders.append(order)
            for queue in self._queues:
                queue.put_nowait({"type": "order", **order})
            return 201, order
        number = path.removeprefix("/orders/")
        if method == "GET" and number.isdecimal() and 1 <= int(number) <= len(self._orders):
            return 200, self._orders[int(number) - 1]
        return 404, {"error": "not found"}

    async def _answer(self, status: int, value: dict[str, Any], send: Send) -> None:
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps(value).encode()})

    async def _push_events(self, receive: Receive, send: Send) -> None:
        queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._queues.add(queue)

        async def push() -> None:
            while True:
                await send({"type": "websocket.send", "text": json.dumps(await queue.get())})

        pushing = asyncio.ensure_future(push())
        try:
            # A client confirms an order: {"type": "confirm", "id": 1}
            while (event := await receive())["type"] == "websocket.receive":
                order = self._orders[json.loads(event["text"])["id"] - 1]
                order["status"] = "confirmed"
                queue.put_nowait({"type": "order", **order})
        finally:
            pushing.cancel()
            self._queues.discard(queue)


app = Orders()
