"""Links to the target: `link` opens them, with impairments or clean."""

from __future__ import annotations

from typing import Protocol

from pytest_websocket.network import Impairment, Link


class OpenLink(Protocol):
    """The type of the fixture `link`."""

    async def __call__(self, *impairments: Impairment) -> Link:
        """Returns a link to the target with ``impairments``; its ``url`` is that of an HTTP proxy."""
