"""The time axis above a transcript: one lane per connection, a tick per frame."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence

from pytest_websocket.recording import FrameRecord
from pytest_websocket.render.conversation import Conversation
from pytest_websocket.render.escaping import milliseconds

_WIDTH, _MIDDLE, _TALLEST = 1000, 17, 15


def lanes(conversations: Sequence[Conversation]) -> str:
    """Lanes on one axis, which begins when the first connection began and ends with the last event."""
    begin = min(conversation.started for conversation in conversations)
    span = max(conversation.started - begin + conversation.length for conversation in conversations) or 1e-6
    many = " many" if len(conversations) > 1 else ""
    drawn = "".join(
        '<div class="lane">'
        + (f"<span>{html.escape(conversation.name)}</span>" if many else "")
        + _lane(conversation, conversation.started - begin, span)
        + "</div>"
        for conversation in conversations
    )
    marks = "".join(f"<span>{_mark(span * part / 4)}</span>" for part in range(5))
    return f'<div class="lanes{many}">{drawn}<div class="axis">{marks}</div></div>'


def _lane(conversation: Conversation, offset: float, span: float) -> str:
    def x(at: float) -> float:
        return _WIDTH * (offset + at) / span

    end = conversation.length if conversation.ended_at is None else conversation.ended_at
    shapes = [f'<path d="M{x(0):.1f} {_MIDDLE}H{x(end):.1f}" stroke="currentColor" stroke-opacity=".35"/>']
    if conversation.opened_at:
        width = max(x(conversation.opened_at) - x(0), 2)
        shapes.append(
            f'<rect x="{x(0):.1f}" y="{_MIDDLE - 4}" width="{width:.1f}" height="8" rx="1" '
            'fill="currentColor" fill-opacity=".3"><title>handshake</title></rect>'
        )
    ticks: dict[str, dict[float, int]] = {}
    for frame in conversation.frames:
        colour = _colour(frame)
        place = round(x(frame.at), 1)
        height = _height(frame)
        # Ticks that fall together are one tick, as tall as the tallest.
        tallest = ticks.setdefault(colour, {})
        key = place if frame.sent else -place - 1
        tallest[key] = max(tallest.get(key, 0), height)
    for colour, places in ticks.items():
        path = "".join(
            f"M{key:.1f} {_MIDDLE - 2}v-{height}" if key >= 0 else f"M{-key - 1:.1f} {_MIDDLE + 2}v{height}"
            for key, height in places.items()
        )
        shapes.append(f'<path d="{path}" stroke="var({colour})" stroke-width="2"/>')
    if conversation.ended_at is not None:
        shapes.append(
            f'<path d="M{x(end):.1f} {_MIDDLE - 7}v14" stroke="currentColor" stroke-opacity=".7" '
            'stroke-width="2"/>'
        )
    return (
        f'<svg viewBox="0 0 {_WIDTH} {2 * _MIDDLE}" preserveAspectRatio="none" fill="none" role="img" '
        f'aria-label="frames of {html.escape(conversation.name)} in time">{"".join(shapes)}</svg>'
    )


def _colour(frame: FrameRecord) -> str:
    if frame.violation:
        return "--bad"
    if frame.opcode >= 8:
        return "--control"
    return "--sent" if frame.sent else "--got"


def _height(frame: FrameRecord) -> int:
    return 5 + min(_TALLEST - 5, round(math.log2(1 + frame.wire_size) / 2))


def _mark(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 1 else f"{milliseconds(seconds)} ms"
