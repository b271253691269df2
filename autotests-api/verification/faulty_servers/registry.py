"""Enters faults into the catalogue, with the rule that they break and the test that catches them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from verification.faulty_servers.correct import Connection, EchoServer

Breaker = TypeVar("Breaker", bound=type[Connection] | type[EchoServer])


@dataclass(frozen=True)
class Fault:
    """One way to be wrong.

    ``rule`` is the section of an RFC, or ``contract`` for what the echo promises. ``caught_by`` is the name
    of the test that has to fail, with its parameters: one case of it, alone on a new server, so that it does
    not depend on the order of tests. ``origin`` is where the fault comes from, if it was not written beside
    the suite.
    """

    name: str
    rule: str
    summary: str
    breaker: type[Connection] | type[EchoServer]
    caught_by: str
    origin: str = ""

    def server(self) -> EchoServer:
        """Returns a new server that has this fault and no other."""
        if issubclass(self.breaker, EchoServer):
            return self.breaker()
        server_class = type("FaultyServer", (EchoServer,), {"connection_class": self.breaker})
        server: EchoServer = server_class()
        return server


CATALOGUE: dict[str, Fault] = {}


def fault(rule: str, *, caught_by: str, origin: str = "") -> Callable[[Breaker], Breaker]:
    """Enters a class into the catalogue. Its name becomes the fault's, its docstring the summary."""

    def enter(breaker: Breaker) -> Breaker:
        name = re.sub(r"(?<!^)(?=[A-Z])|(?<=[a-z])(?<!Rsv|Utf)(?=[0-9])", "-", breaker.__name__).lower()
        if name in CATALOGUE:
            raise ValueError(f"two faults are called {name}")
        summary = (breaker.__doc__ or "").strip()
        CATALOGUE[name] = Fault(name, rule, summary, breaker, caught_by, origin)
        return breaker

    return enter
