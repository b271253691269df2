"""Links to the target: `link` opens them, with impairments or clean."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Protocol
from urllib.parse import urlsplit

import pytest_asyncio

from pytest_websocket.network import Impairment, Link, open_link
from pytest_websocket.target.target import Target


class OpenLink(Protocol):
    """The type of the fixture `link`."""

    async def __call__(self, *impairments: Impairment) -> Link:
        """Returns a link to the target with ``impairments``; its ``url`` is that of an HTTP proxy."""


@pytest_asyncio.fixture
async def link(target: Target) -> AsyncIterator[OpenLink]:
    """Factory of links to the target: ``await connect(proxy=(await link(Slicer(1))).url)``."""
    proxy = urlsplit(target.proxy) if target.proxy else None
    host, port = (proxy.hostname or "", proxy.port or 80) if proxy else (target.host, target.port)
    async with AsyncExitStack() as stack:

        async def factory(*impairments: Impairment) -> Link:
            return await stack.enter_async_context(
                open_link(host, port, *impairments, relay=proxy is not None)
            )

        yield factory
