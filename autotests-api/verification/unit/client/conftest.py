"""Servers for the tests of the client."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, ExitStack, suppress
from functools import partial
from typing import Any, cast

import pytest
from websockets.asyncio.server import serve

from pytest_websocket.client import (
    Client,
    connect,
)
from pytest_websocket.server.background import run_in_background
from verification.unit.client.handlers import (
    BRIEF,
    Handler,
    acceptance_of,
    quietly,
)


@pytest.fixture
async def peer(deadline: float) -> AsyncIterator[Callable[..., Awaitable[Client]]]:
    """Opens a client of a server that does what the given handler does, in a thread of its own."""
    with ExitStack() as servers:
        async with AsyncExitStack() as clients:

            async def open_client(handler: Handler, *, server: Any = (), **settings: Any) -> Client:
                start = partial(serve, quietly(handler), "127.0.0.1", 0, close_timeout=BRIEF, **dict(server))
                url = servers.enter_context(run_in_background(start)).url
                opening = connect(url, **{"deadline": deadline, "listen_on": 0, **settings})
                return await clients.enter_async_context(opening)

            yield open_client


@pytest.fixture
async def speaks_tcp(deadline: float) -> AsyncIterator[Callable[..., Awaitable[str]]]:
    """Starts a server of raw TCP and returns the URL that a WebSocket client would use for it."""
    talks: set[asyncio.Task[Any]] = set()
    async with AsyncExitStack() as stack:

        async def start(answer: bytes = b"", *, accepts: bool = False, hangs: bool = False) -> str:
            async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                talks.add(cast("asyncio.Task[Any]", asyncio.current_task()))
                request = await reader.read(2**16)
                writer.write(acceptance_of(request) if accepts else answer)
                if hangs or accepts:
                    with suppress(ConnectionError):
                        await reader.read()
                writer.close()

            server = await asyncio.start_server(talk, "127.0.0.1", 0)
            stack.callback(server.close)
            return f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/"

        yield start
    if talks:
        await asyncio.wait(talks, timeout=deadline)
