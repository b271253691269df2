"""An ending is told in one line: what was said, what became of TCP, and how long it took."""

import pytest

from pytest_websocket.protocol.reader import CloseStatus
from pytest_websocket.raw.ending import Ending

GOING_AWAY = CloseStatus(1001, b"bye")


@pytest.mark.parametrize(
    ("ending", "words"),
    [
        (Ending(None, "open", 0.5), "the connection is still open after 0.50 s"),
        (
            Ending(None, "open", 0.5, answered_ping=True),
            "the connection is still open after 0.50 s; the server still answers pings on it",
        ),
        (Ending(None, "closed", 0.5), "no Close frame, TCP closed after 0.50 s"),
        (Ending(None, "reset", 0.5), "no Close frame, TCP reset after 0.50 s"),
        (Ending(GOING_AWAY, "open", 0.5), "Close 1001 'bye', TCP still open after 0.50 s"),
        (Ending(GOING_AWAY, "closed", 0.5), "Close 1001 'bye', TCP closed after 0.50 s"),
    ],
)
def test_ending_is_shown_in_one_line(ending: Ending, words: str) -> None:
    assert str(ending) == words


def test_connection_has_ended_by_a_close_frame_or_by_tcp() -> None:
    assert [ending.ended for ending in (Ending(GOING_AWAY, "open", 0), Ending(None, "reset", 0))] == [
        True,
        True,
    ]
    assert not Ending(None, "open", 0).ended
    assert (Ending(GOING_AWAY, "open", 0).code, Ending(None, "closed", 0).code) == (1001, None)
