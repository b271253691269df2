"""Enters weak servers into a catalogue; the strong server that they differ from."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from pytest_websocket.protocol.frames import CONTINUATION, Header
from verification.faulty_servers.correct import Connection, EchoServer
from verification.faulty_servers.correct.request import Refusal, Request

ORIGIN = "https://app.example"
COOKIE = "session=5ca1ab1e"

MOST_FRAGMENTS = 20_000

OPTIONS = (f"--ws-origin={ORIGIN}", f"--ws-allowed-origin={ORIGIN}", f"--ws-header=Cookie: {COOKIE}")
"""Options with which the servers are entered."""


class Strong(Connection):
    """Lets in pages of one origin with one cookie, limits what it takes, and tells nothing."""

    fragments = 0

    def check_origin(self, request: Request) -> None:
        """Refuses whatever is not let in by `allows_origin` and `allows_cookie`."""
        if not self.allows_origin(request.values("Origin")):
            raise Refusal(403, "this origin is not allowed")
        if not self.allows_cookie(request.values("Cookie")):
            raise Refusal(401, "a session is needed")

    def allows_origin(self, origins: list[str]) -> bool:
        """Returns whether the one Origin is the allowed one."""
        return origins == [ORIGIN]

    def allows_cookie(self, cookies: list[str]) -> bool:
        """Returns whether the session is the right one."""
        return cookies == [COOKIE]

    def frame_begins(self, header: Header) -> None:
        """Limits the fragments of a message: each costs more than its bytes."""
        self.fragments = self.fragments + 1 if header.opcode == CONTINUATION else 0
        if self.fragments > MOST_FRAGMENTS:
            raise self.too_big()
        super().frame_begins(header)

    def stop_server(self) -> None:
        """Ends the listener and all connections, as an uncaught exception does."""
        if self.server.listener is not None:
            self.server.listener.close()
        for connection in list(self.server.connections):
            connection.writer.transport.abort()


Breaker = TypeVar("Breaker", bound=type[Strong])


@dataclass(frozen=True)
class WeakServer:
    """A server with one weakness; ``caught_by`` is the node id of the case that finds it, from tests/ on."""

    name: str
    breaker: type[Strong]
    caught_by: str

    def server(self) -> EchoServer:
        """Returns a new server."""
        server: EchoServer = type("WeakEcho", (EchoServer,), {"connection_class": self.breaker})()
        return server


CATALOGUE: dict[str, WeakServer] = {}


def weakness(caught_by: str) -> Callable[[Breaker], Breaker]:
    """Enters a class into the catalogue, by its name."""

    def enter(breaker: Breaker) -> Breaker:
        name = re.sub(r"(?<!^)(?=[A-Z])", "-", breaker.__name__).lower()
        CATALOGUE[name] = WeakServer(name, breaker, caught_by)
        return breaker

    return enter
