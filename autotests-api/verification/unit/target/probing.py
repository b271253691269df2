"""A plain echo server and a probe of it with short deadlines."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from websockets.asyncio.server import ServerConnection

from pytest_websocket.target.probe import probe
from pytest_websocket.target.target import Abilities, Target

Handler = Callable[[ServerConnection], Awaitable[None]]
Serve = Callable[..., str]


async def plain_echo(connection: ServerConnection) -> None:
    async for message in connection:
        await connection.send(message)


def found(url: str, **settings: Any) -> Abilities:
    return probe(Target(url, **{"reply": "{message}", "timeout": 1, **settings}))
