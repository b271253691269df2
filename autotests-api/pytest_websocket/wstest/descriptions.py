"""What a report says of a case."""

from __future__ import annotations

from pytest_websocket.wstest.case import Case
from pytest_websocket.wstest.results import Described


def described(case: Case, index: int) -> Described:
    """Returns a case in words; ``index`` is its place in the run, counted from 1."""
    rfc = 7692 if case.compression else 6455
    return Described(
        case.number,
        case.sends,
        case.expects,
        f"RFC {rfc} §{case.section}",
        index,
        case.timed,
        tuple(case.outcomes.items()),
    )
