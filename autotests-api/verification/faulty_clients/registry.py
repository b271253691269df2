"""The catalogue: every fault by its name, with the rule that it breaks and the test that catches it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from verification.faulty_clients.correct import EchoClient

Breaker = TypeVar("Breaker", bound=type[EchoClient])


@dataclass(frozen=True)
class Fault:
    """One way to be wrong: its name, the rule, the test that catches it, and the client that has it."""

    name: str
    rule: str
    caught_by: str
    summary: str
    client: type[EchoClient]


CATALOGUE: dict[str, Fault] = {}


def fault(rule: str, *, caught_by: str) -> Callable[[Breaker], Breaker]:
    """Enters a class into the catalogue under its own name, with its docstring as the summary.

    ``rule`` is an RFC and a section, ``caught_by`` a test below ``tests/clients``.
    """

    def enter(breaker: Breaker) -> Breaker:
        name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[a-z])(?<!Rsv)(?=[0-9])", "-", breaker.__name__).lower()
        if name in CATALOGUE:
            raise ValueError(f"two faults are called {name}")
        CATALOGUE[name] = Fault(name, rule, caught_by, (breaker.__doc__ or "").strip(), breaker)
        return breaker

    return enter
