"""What the servers of these tests do with a connection."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed
from websockets.utils import accept_key

from pytest_websocket.client import (
    ExpectationFailed,
)

BRIEF = 0.15
"""Seconds to wait for what will not come."""

Handler = Callable[[ServerConnection], Awaitable[None]]


def quietly(handler: Handler) -> Handler:
    """Returns a handler for which the end of its connection is no error."""

    async def handle(connection: ServerConnection) -> None:
        with suppress(ConnectionClosed):
            await handler(connection)

    return handle


def acceptance_of(request: bytes) -> bytes:
    (key,) = re.findall(rb"Sec-WebSocket-Key: (\S+)", request)
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accept_key(key.decode()).encode() + b"\r\n\r\n"
    )


def says(*messages: str | bytes, then: str = "wait") -> Handler:
    """Returns a server that sends these messages and then waits for the client to leave, or ends itself."""

    async def handler(connection: ServerConnection) -> None:
        for message in messages:
            await connection.send(message)
        if then == "close":
            await connection.close(4001, "said all")
        elif then == "reset":
            connection.transport.abort()
        else:
            await connection.wait_closed()

    return handler


async def echo(connection: ServerConnection) -> None:
    async for message in connection:
        await connection.send(message)


async def flood(connection: ServerConnection) -> None:
    while True:
        await connection.send(bytes(1000))


async def never_read(connection: ServerConnection) -> None:
    connection.transport.pause_reading()
    await connection.wait_closed()


def lines_of(failure: pytest.ExceptionInfo[ExpectationFailed]) -> list[str]:
    return [line.strip() for line in str(failure.value).splitlines()]
