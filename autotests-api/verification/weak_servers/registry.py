"""Enters weak servers into a catalogue; the strong server that they differ from."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar
from urllib.parse import parse_qsl, urlsplit

from pytest_websocket.protocol.frames import CONTINUATION, Header
from verification.faulty_servers.correct import Connection, EchoServer
from verification.faulty_servers.correct.framing import Message, Violation
from verification.faulty_servers.correct.request import Refusal, Request

ORIGIN = "https://app.example"
COOKIE = "session=5ca1ab1e"

MOST_FRAGMENTS = 20_000
POLICY_VIOLATION = 1008

PROFILE = Path(__file__).parent / "profile.toml"

OPTIONS = (f"--ws-profile={PROFILE}", f"--ws-allowed-origin={ORIGIN}")
"""Options with which the servers are entered."""

USERS = {COOKIE: "the owner", "session=0ther0ne1": "another user", "session=t0be3nded": "a third one"}
ORDER = '{"order": 17}'
OWNER = "the owner"


class Strong(Connection):
    """Accepts pages of one origin, with sessions that end and tickets for one connection; tells nothing."""

    server: StrongServer
    fragments = 0
    cookie = ""

    def judge(self, request: Request) -> None:
        """Answers the requests for tickets and logouts, which are no handshakes. Raises Refusal."""
        if request.method == "POST" and request.target in ("/ticket", "/logout"):
            self.check_origin(replace(request, target="/"))
            answer = self.new_ticket() if request.target == "/ticket" else self.log_out()
            raise Refusal(200, answer)
        super().judge(request)

    def check_origin(self, request: Request) -> None:
        """Refuses what `allows_origin`, `takes_ticket` and `allows_cookie` do not accept."""
        if not self.allows_origin(request.values("Origin")):
            raise Refusal(403, "this origin is not allowed")
        ticket = dict(parse_qsl(urlsplit(request.target).query)).get("ticket")
        if ticket is not None:
            if not self.takes_ticket(ticket):
                raise Refusal(401, "this ticket is not valid")
        elif not self.allows_cookie(request.values("Cookie")):
            raise Refusal(401, "a session is needed")
        self.cookie = "".join(request.values("Cookie"))

    def new_ticket(self) -> str:
        """Returns a ticket for one connection, as JSON."""
        ticket = secrets.token_hex(8)
        self.server.tickets.add(ticket)
        return json.dumps({"ticket": ticket})

    def takes_ticket(self, ticket: str) -> bool:
        """Returns whether a ticket is valid; it is not from then on."""
        is_valid = ticket in self.server.tickets
        self.server.tickets.discard(ticket)
        return is_valid

    def log_out(self) -> str:
        """Ends the session and its connections; returns what is answered."""
        self.server.ended.add(self.cookie)
        self.end_connections()
        return "logged out"

    def end_connections(self) -> None:
        """Closes the connections of the session that has ended."""
        for connection in self.server.connections:
            if connection is not self and getattr(connection, "cookie", "") == self.cookie:
                connection.fail(Violation(POLICY_VIOLATION, "the session has ended"))
                connection.writer.close()

    def allows_origin(self, origins: list[str]) -> bool:
        """Returns whether the one Origin is the allowed one."""
        return origins == [ORIGIN]

    def allows_cookie(self, cookies: list[str]) -> bool:
        """Returns whether it is one session that is known and has not ended."""
        return len(cookies) == 1 and cookies[0] in USERS and cookies[0] not in self.server.ended

    def reply_to(self, message: Message) -> Message:
        """Answers the request for the order, which belongs to one user."""
        if message == ORDER:
            is_owner = USERS.get(self.cookie) == OWNER
            return '{"order": 17, "of": "tea"}' if is_owner else '{"error": "there is no such order"}'
        return super().reply_to(message)

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


class StrongServer(EchoServer):
    """Keeps which sessions have ended and which tickets are valid."""

    def __init__(self) -> None:
        super().__init__()
        self.ended: set[str] = set()
        self.tickets: set[str] = set()


Breaker = TypeVar("Breaker", bound=type[Strong])


@dataclass(frozen=True)
class WeakServer:
    """A server with one weakness; ``caught_by`` is the case that finds it, parameters included."""

    name: str
    breaker: type[Strong]
    caught_by: str

    def server(self) -> StrongServer:
        """Returns a new server."""
        server: StrongServer = type("WeakEcho", (StrongServer,), {"connection_class": self.breaker})()
        return server


CATALOGUE: dict[str, WeakServer] = {}


def weakness(caught_by: str) -> Callable[[Breaker], Breaker]:
    """Enters a class into the catalogue, by its name."""

    def enter(breaker: Breaker) -> Breaker:
        name = re.sub(r"(?<!^)(?=[A-Z])", "-", breaker.__name__).lower()
        CATALOGUE[name] = WeakServer(name, breaker, caught_by)
        return breaker

    return enter
