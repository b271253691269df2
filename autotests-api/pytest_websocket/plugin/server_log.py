"""What our own server says that it received and sent, to hold against what a browser saw."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.server import Server, ServerConnection

from pytest_websocket.server.background import BackgroundServer
from pytest_websocket.text import Message


@dataclass
class Entry:
    """One connection as the server lived it; ``over`` once its handler has returned."""

    connection: ServerConnection
    received: list[Message] = field(default_factory=list)
    sent: list[Message] = field(default_factory=list)
    over: bool = False

    @property
    def key(self) -> str:
        """The Sec-WebSocket-Key of its handshake (RFC 6455 §4.1), which tells it from all others."""
        request = self.connection.request
        return "" if request is None else request.headers.get("Sec-WebSocket-Key", "")

    @property
    def close_code(self) -> int | None:
        """The code that the peer's Close brought; 1005 or 1006 where none came; None while it is open."""
        return self.connection.close_code

    @property
    def close_reason(self) -> str | None:
        """The reason that came with `close_code`."""
        return self.connection.close_reason


class ServerLog:
    """The connections of the servers that are watched; ``changed`` is called, in their threads, each time."""

    def __init__(self, changed: Callable[[], object] = lambda: None) -> None:
        self.changed = changed
        self._connections: list[Entry] = []

    @property
    def entries(self) -> list[Entry]:
        """The WebSocket connections, in the order in which they came; a browser's plain GET is none."""
        return [entry for entry in self._connections if entry.key]

    def of(self, key: str) -> Entry | None:
        """Returns the connection with this Sec-WebSocket-Key, if a watched server has seen it."""
        return next((entry for entry in self.entries if entry.key == key), None)

    @property
    def open(self) -> list[Entry]:
        """Connections that the server has not finished with."""
        return [entry for entry in self.entries if not entry.over]

    @contextlib.contextmanager
    def watch(self, running: BackgroundServer[Server]) -> Iterator[None]:
        """Logs every connection that begins within the block."""
        server = running.server
        handler = server.handler

        async def kept(connection: ServerConnection) -> None:
            entry = Entry(connection)
            send, receive = connection.send, connection.recv

            async def kept_send(message: Any, **options: Any) -> None:
                entry.sent.append(message)
                await send(message, **options)
                self.changed()

            async def kept_receive(*options: Any) -> Any:
                message = await receive(*options)
                entry.received.append(message)
                self.changed()
                return message

            # The library's loop over messages calls recv of the instance, so both ways are seen.
            vars(connection).update(send=kept_send, recv=kept_receive)
            self._connections.append(entry)
            self.changed()
            try:
                await handler(connection)
            finally:
                entry.over = True
                self.changed()

        server.handler = kept
        try:
            yield
        finally:
            server.handler = handler
