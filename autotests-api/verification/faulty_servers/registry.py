"""The catalogue: every fault by its name, with the rule that it breaks."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from verification.faulty_servers.correct import Connection, EchoServer

Breaker = TypeVar("Breaker", bound=type[Connection] | type[EchoServer])


@dataclass(frozen=True)
class Fault:
    """One way to be wrong: its name, the rule (an RFC's section or ``contract``), and how to build it."""

    name: str
    rule: str
    summary: str
    breaker: type[Connection] | type[EchoServer]

    def server(self) -> EchoServer:
        """A server that has this fault and no other."""
        if issubclass(self.breaker, EchoServer):
            return self.breaker()
        server_class = type("FaultyServer", (EchoServer,), {"connection_class": self.breaker})
        server: EchoServer = server_class()
        return server


CATALOGUE: dict[str, Fault] = {}


def fault(rule: str) -> Callable[[Breaker], Breaker]:
    """Enter a class into the catalogue. Its name becomes the fault's, its docstring the summary."""

    def enter(breaker: Breaker) -> Breaker:
        name = re.sub(r"(?<!^)(?=[A-Z])|(?<=[a-z])(?<!Rsv|Utf)(?=[0-9])", "-", breaker.__name__).lower()
        if name in CATALOGUE:
            raise ValueError(f"two faults are called {name}")
        CATALOGUE[name] = Fault(name, rule, (breaker.__doc__ or "").strip(), breaker)
        return breaker

    return enter
