"""The register of the correct APIs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed

Handler = Callable[[ServerConnection], Awaitable[None]]


@dataclass(frozen=True)
class Api:
    """One server: its handler, the settings of websockets, and its profile as TOML.

    ``resource`` is its path and query. ``impossible`` says in words which cases its profile rules out.
    """

    handler: Handler
    profile: str
    resource: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The name of the handler."""
        return self.handler.__name__

    def serve(self, port: int = 0) -> Any:
        """Starts it on ``port``."""

        async def calm(connection: ServerConnection) -> None:
            try:
                await self.handler(connection)
            except ConnectionClosed:
                return

        return serve(calm, "127.0.0.1", port, **self.settings)


APIS: dict[str, Api] = {}


def api(profile: str = "", *, resource: str = "", **settings: Any) -> Callable[[Handler], Handler]:
    """Registers a handler as a correct API."""

    def register(handler: Handler) -> Handler:
        APIS[handler.__name__] = Api(handler, profile, resource, settings)
        return handler

    return register


def address_of(server: Server, resource: str) -> str:
    """Returns the URL of a running server."""
    return f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}{resource}"
