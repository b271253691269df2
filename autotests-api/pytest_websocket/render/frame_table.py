"""The table of a transcript: a row per frame, note, opening and end, in the order of time."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pytest_websocket.protocol.frames import BINARY, CONTINUATION, TEXT, minimal_length_bits, opcode_name
from pytest_websocket.recording import FrameRecord
from pytest_websocket.render.conversation import Conversation
from pytest_websocket.render.escaping import milliseconds, shown_data, size, text_html
from pytest_websocket.render.payload import payload_html
from pytest_websocket.target.secrets import Secrets

_HEADING = (
    '<table><colgroup><col style="width:44px"><col style="width:86px"><col style="width:132px">'
    '<col style="width:98px"><col style="width:76px"><col></colgroup>'
    '<thead><tr><th class="r">#</th><th class="r">time, ms</th><th>frame</th><th class="r">size</th>'
    '<th class="r">answered</th><th>data</th></tr></thead>'
)
# Violations that are shown from the part of a long conversation that is left out.
_MOST_VIOLATIONS = 10


@dataclass(frozen=True)
class Limits:
    """How much of a conversation a page shows: rows of the table, bytes of a payload."""

    rows: int
    payload: int


@dataclass(frozen=True, slots=True)
class Event:
    """Something with a place on the common time axis: a frame, or words."""

    at: float
    connection: int
    frame: FrameRecord | None = None
    words: str = ""
    message: int = 0


def table(conversations: Sequence[Conversation], secrets: Secrets, limits: Limits) -> str:
    """All events of the conversations on one time axis, which begins with the first connection."""
    begin = min(conversation.started for conversation in conversations)
    many = len(conversations) > 1
    events = sorted(
        (
            event
            for index, conversation in enumerate(conversations)
            for event in _events(conversation, index, conversation.started - begin, many=many)
        ),
        key=lambda event: event.at,
    )
    times = {
        (index, trip.answer.number): trip.seconds
        for index, conversation in enumerate(conversations)
        for trip in conversation.trips
    }
    names = [conversation.name for conversation in conversations] if many else [""]
    half = limits.rows // 2
    middle = range(half, len(events) - half) if len(events) > limits.rows else range(0)
    # What breaks the protocol is what a reader came for, wherever it stands.
    wrong = [number for number in middle if (frame := events[number].frame) is not None and frame.violation]
    left_out = set(middle) - set(wrong[:_MOST_VIOLATIONS])
    rows: list[str] = []
    previous, gap = 0.0, 0
    for number, event in enumerate(events):
        if number in left_out:
            gap += 1
            continue
        if gap:
            rows.append(_words_row("", f"{gap:,} rows are left out here.", ""))
            gap = 0
        when = f"{milliseconds(event.at)}<small>+{milliseconds(event.at - previous)}</small>"
        who = _chip(event.connection, names[event.connection]) if many else ""
        if event.frame is None:
            rows.append(_words_row(when, who + event.words, f" k{event.connection}"))
        else:
            answered = times.get((event.connection, event.frame.number))
            data = shown_data(event.frame, secrets)
            shown = payload_html(event.frame, data, limits.payload, message=event.message)
            rows.append(_frame_row(event, when, who, answered, shown))
        previous = event.at
    return f"{_HEADING}<tbody>{''.join(rows)}</tbody></table>"


def _events(conversation: Conversation, index: int, offset: float, *, many: bool) -> Iterator[Event]:
    if many and conversation.opened_at is not None:
        yield Event(offset + conversation.opened_at, index, words="opened")
    begun = {True: 0, False: 0}
    for frame in conversation.frames:
        if frame.opcode in {TEXT, BINARY}:
            begun[frame.sent] = frame.opcode
        message = begun[frame.sent] if frame.opcode == CONTINUATION else frame.opcode
        yield Event(offset + frame.at, index, frame, message=message)
    for note in conversation.notes:
        yield Event(offset + note.at, index, words=text_html(note.text))
    if conversation.ended_at is not None:
        words = " ".join(
            filter(None, [conversation.unfinished, conversation.ended or "The connection ended"])
        )
        yield Event(offset + conversation.ended_at, index, words=text_html(words))


def _frame_row(event: Event, when: str, who: str, answered: float | None, payload: str) -> str:
    frame = event.frame
    assert frame is not None
    kind = "s" if frame.sent else "g"
    kind += " c" if frame.opcode >= 8 else ""
    kind += " v" if frame.violation else ""
    wrong = f'<div class="x">⚠ {text_html(frame.violation)}</div>' if frame.violation else ""
    trip = f"{milliseconds(answered)} ms" if answered is not None else ""
    return (
        f'<tr class="{kind} k{event.connection}"><td class="r m q">{frame.number}</td>'
        f'<td class="r">{when}</td>'
        f'<td class="f">{who}<span class="o">{opcode_name(frame.opcode)}</span> {_bits(frame)}</td>'
        f'<td class="r">{size(frame.size)}<small>{size(frame.wire_size)} on wire</small></td>'
        f'<td class="r t">{trip}</td>'
        f'<td class="d">{wrong}{payload}</td></tr>'
    )


def _words_row(when: str, words: str, kind: str) -> str:
    return (
        f'<tr class="n{kind}"><td class="q"></td><td class="r">{when}</td>'
        f'<td class="d" colspan="4">{words}</td></tr>'
    )


def _bits(frame: FrameRecord) -> str:
    """The header's bits (RFC 6455 §5.2); marked where they are not what a peer of that side may send."""
    tags = [("FIN" if frame.fin else "no FIN", False)]
    reserved = (("RSV1", frame.rsv1), ("RSV2", frame.rsv2), ("RSV3", frame.rsv3))
    tags += [(name, False) for name, is_set in reserved if is_set]
    if frame.masked or frame.sent:
        tags.append(("MASK" if frame.masked else "no MASK", frame.masked != frame.sent))
    minimal = minimal_length_bits(frame.payload_size)
    if frame.length_bits != 7:
        tags.append((f"{frame.length_bits}-bit length", frame.length_bits != minimal))
    return "<br>" + "".join(f'<u class="w">{tag}</u>' if odd else f"<u>{tag}</u>" for tag, odd in tags)


def _chip(index: int, name: str) -> str:
    return f'<span class="w{index % 8}"><span class="k"></span>{html.escape(name)}</span> '
