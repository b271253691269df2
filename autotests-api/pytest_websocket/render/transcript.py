"""Renders a test's conversations as one HTML page without script, or as a part of a page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pytest_websocket.render import latency, timeline
from pytest_websocket.render.conversation import Conversation
from pytest_websocket.render.frame_table import Limits, rows_of
from pytest_websocket.render.pages import render
from pytest_websocket.render.roundtrips import quantile

LARGEST_PAGE = 190_000
"""Bytes."""

MOST_CONNECTIONS = 12
# The fuller the page, the less of each payload.
_LIMITS = (
    Limits(400, 4096),
    Limits(400, 600),
    Limits(200, 160),
    Limits(100, 120),
    Limits(60, 80),
    Limits(24, 80),
)
_SMALLEST_ROW = 370
_LARGEST_BODY = 4096


def page(conversations: Sequence[Conversation], *, more: int = 0, largest: int = LARGEST_PAGE) -> str:
    """Returns the page for the connections of a test, of at most ``largest`` bytes.

    ``more`` connections were opened that are not shown; `chosen` picks those that are.
    """
    return _rendered("transcript.html.j2", conversations, more=more, largest=largest)


def fragment(conversations: Sequence[Conversation], name: str, *, more: int = 0, largest: int) -> str:
    """Returns the same for a page that holds several; ``name`` is unique among them.

    That page includes ``transcript.css``.
    """
    return _rendered("_transcript.html.j2", conversations, more=more, largest=largest, prefix=f"{name}-")


def chosen(count: int) -> list[int]:
    """Returns which of ``count`` connections are shown: the first show the beginning, the last the end."""
    if count <= MOST_CONNECTIONS:
        return list(range(count))
    return [*range(MOST_CONNECTIONS - 4), *range(count - 4, count)]


def _rendered(
    template: str, conversations: Sequence[Conversation], *, more: int, largest: int, prefix: str = ""
) -> str:
    trips = sorted((trip for each in conversations for trip in each.trips), key=lambda trip: trip.answer.at)
    values: dict[str, Any] = {
        "conversations": conversations,
        "more": more,
        "prefix": prefix,
        "urls": sorted({conversation.url for conversation in conversations}),
        "timeline": timeline.timeline(conversations),
        "axis": timeline,
        "plot": latency.latency_plot(trips),
        "picture": latency,
        "omitted": sum(conversation.omitted for conversation in conversations),
        "has_rows": any(conversation.frames or conversation.notes for conversation in conversations),
        "largest_body": _LARGEST_BODY,
        "quantile": quantile,
    }
    written = ""
    for limits in _LIMITS:
        if limits is not _LIMITS[-1] and _least(conversations, limits) > largest:
            continue
        written = render(template, rows=rows_of(conversations, limits), **values)
        if len(written.encode("utf-8", "replace")) <= largest:
            break
    return written


def _least(conversations: Sequence[Conversation], limits: Limits) -> int:
    """Returns the bytes that a page cannot be smaller than, to be known before it is rendered."""
    frames = [frame for conversation in conversations for frame in conversation.frames]
    half = limits.rows // 2
    shown = frames if len(frames) <= limits.rows else [*frames[:half], *frames[-half:]]
    return sum(_SMALLEST_ROW + min(len(frame.data), limits.payload) for frame in shown)
