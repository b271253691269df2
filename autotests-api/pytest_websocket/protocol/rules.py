"""Rules of the RFCs, and what breaks them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How binding a rule is, in the words of RFC 2119.

    A broken MUST fails the case. A broken SHOULD is reported as xfailed and fails with ``--ws-strict``.
    A MAY case passes whichever permitted way the server takes, and fails only when it takes none of them.
    """

    MUST = "MUST"
    SHOULD = "SHOULD"
    MAY = "MAY"

    def __str__(self) -> str:
        return self.value


MUST, SHOULD, MAY = Level.MUST, Level.SHOULD, Level.MAY


class Role(StrEnum):
    """Which side of a connection sends; only a client masks (RFC 6455 §5.1)."""

    CLIENT = "client"
    SERVER = "server"


@dataclass(frozen=True)
class Rule:
    """One rule of one RFC, as a case checks it."""

    rfc: int
    section: str
    level: Level
    text: str
    autobahn: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """``RFC 6455 §5.1``."""
        return f"RFC {self.rfc} §{self.section}"

    @property
    def url(self) -> str:
        """The section in the RFC Editor's HTML edition."""
        return f"https://www.rfc-editor.org/rfc/rfc{self.rfc}.html#section-{self.section}"

    def __str__(self) -> str:
        return f"{self.title} {self.level}: {self.text}"


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule that a peer broke, and how.

    ``rule`` is None where no rule is broken and the rest still cannot be read, such as a message beyond the
    reader's limits.
    """

    rule: Rule | None
    words: str

    def __str__(self) -> str:
        return self.words if self.rule is None else f"{self.words} ({self.rule.title})"
