"""Times and switches of a run, by default those of the reference suite."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

Time = Literal["opening", "answer", "server_drop"]


@dataclass(frozen=True, slots=True)
class Settings:
    """How long this side waits, in seconds; ``scale`` multiplies every limit of a case.

    ``opening`` is for the opening handshake, ``answer`` for the answer to a Close frame, ``server_drop`` for
    the end of TCP, which is the server's to begin (RFC 6455 §7.1.1). ``fail_by_drop`` ends TCP where a
    Close frame would be sent to a peer that broke a rule.
    """

    opening: float = 5
    answer: float = 1
    server_drop: float = 1
    fail_by_drop: bool = False
    scale: float = 1

    def with_time(self, name: Time, seconds: float) -> Settings:
        """Returns settings in which one of the three times is another."""
        match name:
            case "opening":
                return replace(self, opening=seconds)
            case "answer":
                return replace(self, answer=seconds)
            case "server_drop":
                return replace(self, server_drop=seconds)
