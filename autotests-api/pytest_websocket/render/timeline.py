"""Draws the time axis above a transcript: one line per connection, a tick per frame."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from pytest_websocket.recording import FrameRecord
from pytest_websocket.render.conversation import Conversation
from pytest_websocket.render.escaping import milliseconds

WIDTH, MIDDLE = 1000, 17
_SHORTEST, _TALLEST = 5, 15


@dataclass
class Line:
    """One connection on the axis, in the units of the picture.

    ``ticks`` are paths by colour: frames sent point up, those received down, the taller the larger.
    """

    name: str
    start: float
    end: float
    handshake: float | None
    is_over: bool
    ticks: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Timeline:
    """All connections of a test on one axis, and the times that are written below it."""

    lines: list[Line]
    marks: list[str]


def timeline(conversations: Sequence[Conversation]) -> Timeline:
    """Returns the axis; it begins when the first connection began and ends with the last event."""
    begin = min(conversation.started for conversation in conversations)
    span = max(conversation.started - begin + conversation.length for conversation in conversations) or 1e-6
    lines = [_line(conversation, conversation.started - begin, span) for conversation in conversations]
    return Timeline(lines, [_words(span * part / 4) for part in range(5)])


def _line(conversation: Conversation, offset: float, span: float) -> Line:
    def x(at: float) -> float:
        return WIDTH * (offset + at) / span

    end = conversation.length if conversation.ended_at is None else conversation.ended_at
    opened = conversation.opened_at
    line = Line(
        name=conversation.name,
        start=x(0),
        end=x(end),
        handshake=max(x(opened) - x(0), 2) if opened else None,
        is_over=conversation.ended_at is not None,
    )
    ticks: dict[str, dict[tuple[float, bool], int]] = {}
    for frame in conversation.frames:
        # Ticks that fall together are one tick, as tall as the tallest.
        tallest = ticks.setdefault(_colour(frame), {})
        place = round(x(frame.at), 1), frame.sent
        tallest[place] = max(tallest.get(place, 0), _height(frame))
    for colour, places in ticks.items():
        line.ticks[colour] = "".join(
            f"M{at:.1f} {MIDDLE - 2}v-{height}" if sent else f"M{at:.1f} {MIDDLE + 2}v{height}"
            for (at, sent), height in places.items()
        )
    return line


def _colour(frame: FrameRecord) -> str:
    if frame.violation:
        return "bad"
    if frame.opcode >= 8:
        return "control"
    return "sent" if frame.sent else "got"


def _height(frame: FrameRecord) -> int:
    return _SHORTEST + min(_TALLEST - _SHORTEST, round(math.log2(1 + frame.wire_size) / 2))


def _words(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 1 else f"{milliseconds(seconds)} ms"
