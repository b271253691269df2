"""What a client raises: assertions that show the conversation."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from websockets.http11 import Response

from pytest_websocket.recording import Recording

Failure = TypeVar("Failure", bound="ExpectationFailed")
Row = tuple[str, str]

_ACTUAL = ("received", "nearest", "the client sent")


class ExpectationFailed(AssertionError):
    """What the test expected did not happen; the text carries the end of the conversation.

    ``headline`` is the first line; ``expected`` and ``actual`` are the two sides in words (empty where
    there is none), so that a report can show them next to each other.
    """

    def __init__(self, text: str, *, expected: str = "", actual: str = "") -> None:
        super().__init__(text)
        self.headline = text.partition("\n")[0]
        self.expected = expected
        self.actual = actual


class ConnectionEnded(ExpectationFailed):
    """The connection was over when the test still wanted something from it."""


class ConnectFailed(ExpectationFailed):
    """The connection did not open; ``response`` is the server's HTTP answer where it gave one."""

    def __init__(
        self, text: str, *, expected: str = "", actual: str = "", response: Response | None = None
    ) -> None:
        super().__init__(text, expected=expected, actual=actual)
        self.response = response


def failure(
    kind: Callable[..., Failure], headline: str, rows: Iterable[Row], *recordings: Recording
) -> Failure:
    """Returns a failure: its headline, ``rows`` of label and text, the ends of ``recordings``."""
    listed = list(rows)
    sides = dict(listed)
    width = max((len(label) for label in sides), default=0)
    lines = [headline, *(f"  {label + ':':<{width + 1}} {text}" for label, text in listed)]
    for recording in recordings:
        lines += ["", recording.tail()]
    return kind(
        "\n".join(lines),
        expected=sides.get("expected", ""),
        actual=next((sides[name] for name in _ACTUAL if name in sides), ""),
    )
