"""Both words of a case, from what was observed."""

from dataclasses import replace
from typing import Any

import pytest

from pytest_websocket.protocol.judge import NOT_MASKED
from pytest_websocket.protocol.reader import CloseStatus
from pytest_websocket.protocol.rules import Role
from pytest_websocket.wstest.case import message
from pytest_websocket.wstest.cases import reference_cases
from pytest_websocket.wstest.observed import Observed
from pytest_websocket.wstest.verdict import judge

CASES = {case.number: case for case in reference_cases()}
HELLO = message("Hello, world!")


def observed(**changed: Any) -> Observed:
    """Returns a good end that this side began."""
    good = Observed(opened=True, closed_by_us=True, clean=True, remote_close=CloseStatus(1000))
    return replace(good, **changed)


def failed_by_the_peer(code: int | None = 1002, **changed: Any) -> Observed:
    status = CloseStatus(code) if code else None
    return replace(Observed(opened=True, remote_close=status, clean=code is not None), **changed)


def words(number: str, what: Observed, role: Role = Role.CLIENT) -> tuple[str, str]:
    verdict = judge(CASES[number], what, role)
    return str(verdict.behavior), str(verdict.behavior_close)


@pytest.mark.parametrize(
    ("number", "what", "expected"),
    [
        ("1.1.1", observed(received=[message("")]), ("OK", "OK")),
        ("1.1.1", observed(received=[message(b"")]), ("FAILED", "OK")),
        ("1.1.1", observed(), ("FAILED", "OK")),
        ("1.1.1", observed(received=[message("")], clean=False), ("OK", "UNCLEAN")),
        ("1.1.1", observed(received=[message("")], closed_by_us=False), ("OK", "FAILED")),
        ("1.1.1", observed(received=[message("")], remote_close=CloseStatus(1001)), ("OK", "WRONG CODE")),
        ("1.1.1", observed(received=[message("")], remote_close=CloseStatus(None)), ("OK", "OK")),
        ("1.1.1", observed(received=[message("")], violations=[NOT_MASKED]), ("FAILED", "OK")),
        ("3.1", failed_by_the_peer(), ("OK", "OK")),
        ("3.1", failed_by_the_peer(None), ("OK", "OK")),
        ("3.1", failed_by_the_peer(1003), ("OK", "WRONG CODE")),
        ("3.1", failed_by_the_peer(dropped_by_us=True), ("OK", "FAILED BY CLIENT")),
        ("3.2", failed_by_the_peer(received=[HELLO]), ("OK", "OK")),
        ("3.2", failed_by_the_peer(), ("NON-STRICT", "OK")),
        ("3.2", failed_by_the_peer(received=[HELLO, HELLO]), ("FAILED", "OK")),
        ("6.3.1", observed(received=[]), ("FAILED", "FAILED")),
        ("7.1.5", observed(remote_close=CloseStatus(1002)), ("FAILED", "WRONG CODE")),
        ("7.7.2", observed(remote_close=CloseStatus(1001)), ("OK", "OK")),
        ("7.9.1", observed(remote_close=CloseStatus(0)), ("FAILED", "WRONG CODE")),
        ("7.13.1", observed(remote_close=CloseStatus(5000)), ("INFORMATIONAL", "INFORMATIONAL")),
        ("9.7.1", observed(round_trips=""), ("OK", "OK")),
        ("9.7.1", observed(round_trips="something else came"), ("FAILED", "OK")),
        ("12.1.1", observed(compressed=False), ("UNIMPLEMENTED", "OK")),
        ("1.1.1", Observed(problem="refused"), ("FAILED", "FAILED")),
    ],
)
def test_what_was_observed_has_its_words(number: str, what: Observed, expected: tuple[str, str]) -> None:
    assert words(number, what) == expected


def test_end_of_tcp_is_the_servers_and_not_asked_of_a_client() -> None:
    what = failed_by_the_peer(dropped_by_us=True)
    assert words("3.1", what, Role.SERVER) == ("OK", "OK")


@pytest.mark.parametrize(
    ("number", "what", "fails", "fails_strictly"),
    [
        ("3.1", failed_by_the_peer(), False, False),
        ("3.1", failed_by_the_peer(1003), False, True),
        ("3.2", failed_by_the_peer(), False, True),
        ("1.1.1", observed(), True, True),
        ("1.1.1", observed(received=[message("")], clean=False), True, True),
        ("12.1.1", observed(compressed=False), False, False),
    ],
)
def test_what_counts_as_a_failure(number: str, what: Observed, fails: bool, fails_strictly: bool) -> None:
    verdict = judge(CASES[number], what, Role.CLIENT)
    assert (verdict.is_failure(), verdict.is_failure(strict=True)) == (fails, fails_strictly)
