"""What happened on the connection of one case."""

from __future__ import annotations

from dataclasses import dataclass, field

from pytest_websocket.protocol.judge import AFTER_CLOSE
from pytest_websocket.protocol.reader import CloseStatus
from pytest_websocket.protocol.rules import Violation
from pytest_websocket.wstest.case import Event

_CLOSE_SECTIONS = ("5.5.1", "7.4.1", "7.4.2")


@dataclass
class Observed:
    """What came, and how the connection ended.

    ``closed_by_us``: this side's Close frame was the first. ``failed_by_us``: it was sent because the peer
    broke a rule or did nothing within the limit. ``dropped_by_us``: this side ended TCP first.
    ``clean``: both Close frames came, and TCP ended in time; ``unclean_because`` says why not.
    ``round_trips`` says how the exchange of messages went: None where there was none, empty where it went
    well. ``compressed`` is None where compression was not asked for.
    """

    opened: bool = False
    received: list[Event] = field(default_factory=list)
    round_trips: str | None = None
    compressed: bool | None = None
    closed_by_us: bool = False
    failed_by_us: bool = False
    dropped_by_us: bool = False
    clean: bool = False
    unclean_because: str | None = None
    opening_timed_out: bool = False
    answer_timed_out: bool = False
    drop_timed_out: bool = False
    local_close: CloseStatus | None = None
    remote_close: CloseStatus | None = None
    violations: list[Violation] = field(default_factory=list)
    problem: str = ""
    started: float = 0
    duration: float = 0

    @property
    def broken(self) -> list[Violation]:
        """The rules that the peer's frames broke; what is wrong with the body of a Close frame not counted.

        That the code decides: it is no code that the case expects.
        """
        return [one for one in self.violations if one is AFTER_CLOSE or not _is_of_close_body(one)]


def _is_of_close_body(violation: Violation) -> bool:
    return violation.rule is not None and violation.rule.section in _CLOSE_SECTIONS
