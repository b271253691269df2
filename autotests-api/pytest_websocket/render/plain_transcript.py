"""Renders a test's conversations as plain text, for reports of thousands of tests."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_websocket.recording import folded
from pytest_websocket.render.conversation import Conversation
from pytest_websocket.text import printable, quantity

MOST_EVENTS = 60
"""Events of one connection: half of them from its beginning, half from its end."""


def text(conversations: Sequence[Conversation], *, more: int = 0) -> str:
    """Returns the text for the connections of a test; ``more`` were opened that are not shown."""
    parts = [_of(conversation) for conversation in conversations]
    if more:
        parts.append(f"{quantity(more, 'connection')} more not shown")
    return "\n\n".join(parts) + "\n"


def _of(conversation: Conversation) -> str:
    lines = [f"{printable(conversation.name)} · {conversation.url}"]
    lines += [f"{'':13}{line}" for line in (conversation.request.line, conversation.response.line) if line]
    events = [(event.at, str(event)) for event in folded(conversation.frames)]
    events += [(note.at, f"{note.at:9.4f} s  {printable(note.text)}") for note in conversation.notes]
    events.sort(key=lambda event: event[0])
    shown = [line for _, line in events]
    hidden = conversation.omitted + max(0, len(shown) - MOST_EVENTS)
    if hidden:
        half = MOST_EVENTS // 2
        shown[half:-half] = [f"{'':13}… {quantity(hidden, 'event')} not shown"]
    lines += shown
    if conversation.ended_at is not None:
        lines.append(f"{conversation.ended_at:9.4f} s  {printable(conversation.ended)}")
    return "\n".join(lines)
