"""Echo servers that send something unasked."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import time
from collections.abc import AsyncIterator, Callable

from websockets.asyncio.server import ServerConnection

from verification.correct_apis.registry import api

ECHO = 'reply = "{message}"\n'


async def echo(connection: ServerConnection) -> None:
    """Sends every message back."""
    async for message in connection:
        await connection.send(message)


@contextlib.asynccontextmanager
async def pushing(
    connection: ServerConnection, message: Callable[[int], str | bytes], seconds: float, first: float = 0.0
) -> AsyncIterator[None]:
    """Sends ``message(number)`` every so many seconds, beside what the block does."""

    async def push() -> None:
        await asyncio.sleep(first)
        for number in itertools.count():
            await connection.send(message(number))
            await asyncio.sleep(seconds)

    task = asyncio.create_task(push())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@api(ECHO)
async def greets(connection: ServerConnection) -> None:
    """One greeting, always the same."""
    await connection.send("welcome")
    await echo(connection)


@api(ECHO)
async def greets_slowly(connection: ServerConnection) -> None:
    """The greeting comes half a second later; the echo does not wait for it."""

    async def later() -> None:
        await asyncio.sleep(0.5)
        await connection.send(json.dumps({"type": "hello", "session": f"{time.monotonic_ns():x}"}))

    greeting = asyncio.create_task(later())
    try:
        await echo(connection)
    finally:
        greeting.cancel()
        await asyncio.gather(greeting, return_exceptions=True)


@api(ECHO)
async def greets_three_times(connection: ServerConnection) -> None:
    """Three greetings: a text with an id, a JSON object without a type, bytes."""
    await connection.send(f"You are connected as client-{time.monotonic_ns():x}, be welcome")
    await connection.send(json.dumps({"server": "three", "time": time.time()}))
    await connection.send(bytes([1, 2, 3]))
    await echo(connection)


@api(ECHO)
async def pushes_ten_times_a_second(connection: ServerConnection) -> None:
    """A heartbeat every tenth of a second, from the first moment."""
    async with pushing(connection, lambda number: json.dumps({"type": "heartbeat", "n": number}), 0.1):
        await echo(connection)


@api(ECHO)
async def greets_and_pushes(connection: ServerConnection) -> None:
    """A greeting that is another on every connection, then pushes of two kinds, ten a second."""
    await connection.send(json.dumps({"type": "hello", "session": f"{time.monotonic_ns():x}"}))

    def push(number: int) -> str:
        kind = "heartbeat" if number % 2 else "presence"
        return json.dumps({"type": kind, "at": time.time()})

    async with pushing(connection, push, 0.1, 0.05):
        await echo(connection)


@api(ECHO)
async def ticks_after_a_second(connection: ServerConnection) -> None:
    """A tick each second, the first after one."""
    async with pushing(connection, lambda number: f"tick {number} at {time.time():.3f}", 1.0, 1.0):
        await echo(connection)


@api(ECHO, compression="deflate")
async def pushes_compressed(connection: ServerConnection) -> None:
    """Long pushes, which are compressed where that was agreed on."""
    words = "the same words again and again, " * 40
    async with pushing(
        connection, lambda number: json.dumps({"event": "news", "words": words, "n": number}), 0.2
    ):
        await echo(connection)


@api('exchange = ["ping", "pong"]\n')
async def binary_ticker(connection: ServerConnection) -> None:
    """Prices as bytes, twenty a second; nothing but "ping" is answered."""

    def price(number: int) -> bytes:
        return b"\x01" + number.to_bytes(4, "big") + (1_000_000 + number * 37 % 1_000).to_bytes(4, "big")

    async with pushing(connection, price, 0.05):
        async for message in connection:
            if message == "ping":
                await connection.send("pong")
