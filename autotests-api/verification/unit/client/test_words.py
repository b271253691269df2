"""What a person reads on the terminal: messages in quotes, codes with their meaning, frames line by line."""

from __future__ import annotations

import pytest

from pytest_websocket.client import client as websocket_client
from pytest_websocket.recording import Recording
from pytest_websocket.text import quantity


def test_status_is_told_by_its_phrase_where_it_has_one() -> None:
    assert websocket_client._words_of_status(404) == "HTTP 404 Not Found"
    assert websocket_client._words_of_status(799) == "HTTP 799"


@pytest.mark.parametrize(("number", "words"), [(0, "0 bytes"), (1, "1 byte"), (2, "2 bytes")])
def test_one_is_singular(number: int, words: str) -> None:
    assert quantity(number, "byte") == words


def test_failure_lines_its_rows_up_and_carries_both_sides() -> None:
    failure = websocket_client._failure(
        websocket_client.ExpectationFailed,
        "it failed",
        [("expected", "one"), ("nearest", "two"), ("because", "of it")],
        Recording("mine"),
    )
    assert str(failure) == (
        "it failed\n  expected: one\n  nearest:  two\n  because:  of it\n\n"
        "The conversation of “mine”, 0 frames sent, 0 received:"
    )
    assert (failure.headline, failure.expected, failure.actual) == ("it failed", "one", "two")


def test_failure_without_rows_has_no_sides() -> None:
    failure = websocket_client._failure(
        websocket_client.ExpectationFailed, "it failed", [], Recording("mine", "ws://host/?token=t")
    )
    assert str(failure) == (
        "it failed\n\nThe conversation of “mine” with ws://host/?token=•••••, 0 frames sent, 0 received:"
    )
    assert (failure.expected, failure.actual) == ("", "")


def test_what_was_received_counts_for_more_than_what_came_near() -> None:
    rows = [("nearest", "two"), ("received", "three")]
    failure = websocket_client._failure(websocket_client.ExpectationFailed, "", rows, Recording())
    assert failure.actual == "three"
