"""Renders a test's conversations as plain text, for reports of thousands of tests."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_websocket.recording import folded
from pytest_websocket.render.conversation import Conversation
from pytest_websocket.text import printable, quantity

LARGEST = 6000
"""Characters: what a report of thousands of tests has for each that passed."""

# Events of one connection, half of them from its beginning, half from its end: fewer in a longer text.
_MOST_EVENTS = (60, 20, 8, 4)


def text(conversations: Sequence[Conversation], *, more: int = 0) -> str:
    """Returns the text for the connections of a test; ``more`` were opened that are not shown."""
    found = [(conversation, _events(conversation)) for conversation in conversations]
    rest = [f"{quantity(more, 'connection')} more not shown"] if more else []
    written = ""
    for most in _MOST_EVENTS:
        parts = [_of(conversation, events, most) for conversation, events in found]
        written = "\n\n".join([*parts, *rest]) + "\n"
        if len(written) <= LARGEST:
            break
    return written


def _events(conversation: Conversation) -> list[tuple[float, object]]:
    """Returns frames and notes in the order of time; they are put into words when they are shown."""
    events: list[tuple[float, object]] = [(event.at, event) for event in folded(conversation.frames)]
    events += [(note.at, f"{note.at:9.4f} s  {printable(note.text)}") for note in conversation.notes]
    return sorted(events, key=lambda event: event[0])


def _of(conversation: Conversation, events: list[tuple[float, object]], most: int) -> str:
    lines = [f"{printable(conversation.name)} · {printable(conversation.url)}"]
    heads = (conversation.request.line, conversation.response.line)
    lines += [f"{'':13}{printable(line)}" for line in heads if line]
    hidden = conversation.omitted + max(0, len(events) - most)
    half = most // 2 if hidden else len(events)
    lines += [str(event) for _, event in events[:half]]
    if hidden:
        lines.append(f"{'':13}… {quantity(hidden, 'event')} not shown")
        lines += [str(event) for _, event in events[-half:]]
    if conversation.ended_at is not None:
        lines.append(f"{conversation.ended_at:9.4f} s  {printable(conversation.ended)}")
    return "\n".join(lines)
