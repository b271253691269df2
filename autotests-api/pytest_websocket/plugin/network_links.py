"""Fixtures of links to the target: `link` opens them, `raw_over_link` opens raw connections over one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from pytest_websocket.network import Impairment, Link, open_link
from pytest_websocket.plugin.raw_connections import CONNECTIONS, TARGET_OF
from pytest_websocket.plugin.recordings import Recordings
from pytest_websocket.protocol.handshake import Request
from pytest_websocket.raw.connection import Connection
from pytest_websocket.target import dial as approach
from pytest_websocket.target.target import Target


@pytest.fixture
async def link(target: Target) -> AsyncIterator[Callable[..., Awaitable[Link]]]:
    """Factory of links to the target: ``await connect(proxy=(await link(Slicer(1))).url)``."""
    proxy = urlsplit(target.proxy) if target.proxy else None
    host, port = (proxy.hostname or "", proxy.port or 80) if proxy else (target.host, target.port)
    async with AsyncExitStack() as stack:

        async def factory(*impairments: Impairment) -> Link:
            return await stack.enter_async_context(
                open_link(host, port, *impairments, relay=proxy is not None)
            )

        yield factory


@pytest.fixture
async def raw_over_link(
    request: pytest.FixtureRequest, target: Target, recordings: Recordings, opening: Request
) -> AsyncIterator[Callable[..., Awaitable[Connection]]]:
    """Factory of raw connections over a link, after the opening handshake, without extensions."""
    connections = request.node.stash.setdefault(CONNECTIONS, [])
    request.node.stash[TARGET_OF] = target
    async with AsyncExitStack() as stack:

        async def factory(cable: Link, name: str = "raw") -> Connection:
            connection = await approach.dial(
                replace(target, proxy=cable.url), recordings.new(name, target.url)
            )
            connections.append(connection)
            stack.callback(connection.abort)
            response = await connection.handshake(opening)
            assert response.accepted, f"the opening handshake was refused: {response}"
            for _ in range(target.greetings):
                await connection.message()
            return connection

        yield factory
