"""A failure has a headline, rows that line up, and the end of the conversation."""

from __future__ import annotations

from pytest_websocket.client.failures import ExpectationFailed, failure
from pytest_websocket.client.opening_failures import describe_status
from pytest_websocket.recording import Recording


def test_status_is_told_by_its_phrase_where_it_has_one() -> None:
    assert describe_status(404) == "HTTP 404 Not Found"
    assert describe_status(799) == "HTTP 799"


def test_failure_lines_its_rows_up_and_carries_both_sides() -> None:
    failed = failure(
        ExpectationFailed,
        "it failed",
        [("expected", "one"), ("nearest", "two"), ("because", "of it")],
        Recording("mine"),
    )
    assert str(failed) == (
        "it failed\n  expected: one\n  nearest:  two\n  because:  of it\n\n"
        "The conversation of “mine”, 0 frames sent, 0 received:"
    )
    assert (failed.headline, failed.expected, failed.actual) == ("it failed", "one", "two")


def test_failure_without_rows_has_no_sides() -> None:
    failed = failure(ExpectationFailed, "it failed", [], Recording("mine", "ws://host/?token=t"))
    assert str(failed) == (
        "it failed\n\nThe conversation of “mine” with ws://host/?token=•••••, 0 frames sent, 0 received:"
    )
    assert (failed.expected, failed.actual) == ("", "")


def test_what_was_received_counts_for_more_than_what_came_near() -> None:
    rows = [("nearest", "two"), ("received", "three")]
    failed = failure(ExpectationFailed, "", rows, Recording())
    assert failed.actual == "three"


def test_failure_shows_every_row_of_the_same_label() -> None:
    failed = failure(ExpectationFailed, "it failed", [("but", "one"), ("but", "two")])
    assert str(failed) == "it failed\n  but: one\n  but: two"
