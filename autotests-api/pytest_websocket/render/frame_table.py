"""Makes the rows of a transcript: one per frame, note, opening and end, in the order of time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pytest_websocket.protocol.frames import (
    BINARY,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    minimal_length_bits,
    opcode_name,
)
from pytest_websocket.recording import Fold, FrameRecord, folded
from pytest_websocket.render.conversation import Conversation
from pytest_websocket.render.payload import Payload, payload_of

# Pings and Pongs after each other that are all shown.
_LONGEST_RUN = 12
# Violations that are shown from the part of a long conversation that is left out.
_MOST_VIOLATIONS = 10


@dataclass(frozen=True)
class Limits:
    """How much of a conversation a page shows: rows of the table, bytes of a payload."""

    rows: int
    payload: int


@dataclass(frozen=True, slots=True)
class Event:
    """A frame, or words, at a time in seconds on the axis that all connections share."""

    at: float
    connection: int
    frame: FrameRecord | None = None
    words: str = ""
    message: int = 0


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table; ``at`` is None where it only says that rows are left out.

    ``since`` is the time since the row before, ``answered`` that from the frame's message to this answer,
    both in seconds. ``tags`` are the bits of the header, each with whether it is wrong there.
    """

    words: str = ""
    at: float | None = None
    since: float = 0.0
    connection: int = 0
    name: str = ""
    frame: FrameRecord | None = None
    answered: float | None = None
    payload: Payload | None = None

    @property
    def kind(self) -> str:
        """Returns the classes of the row: s (sent) or g (received), c (control), v (violation), n (words)."""
        if self.frame is None:
            return "n" if self.at is None else f"n k{self.connection}"
        kinds = ["s" if self.frame.sent else "g"]
        kinds += ["c"] if self.frame.opcode >= 8 else []
        kinds += ["v"] if self.frame.violation else []
        return " ".join([*kinds, f"k{self.connection}"])

    @property
    def opcode(self) -> str:
        """Returns the name of the frame's opcode."""
        return opcode_name(self.frame.opcode) if self.frame is not None else ""

    @property
    def tags(self) -> list[tuple[str, bool]]:
        """Returns the bits of the header (RFC 6455 §5.2), and which are wrong for a peer of that side."""
        frame = self.frame
        if frame is None:
            return []
        tags = [("FIN" if frame.fin else "no FIN", False)]
        reserved = (("RSV1", frame.rsv1), ("RSV2", frame.rsv2), ("RSV3", frame.rsv3))
        tags += [(name, False) for name, is_set in reserved if is_set]
        if frame.masked or frame.sent:
            tags.append(("MASK" if frame.masked else "no MASK", frame.masked != frame.sent))
        if frame.length_bits != 7:
            is_wrong = frame.length_bits != minimal_length_bits(frame.payload_size)
            tags.append((f"{frame.length_bits}-bit length", is_wrong))
        return tags


def rows_of(conversations: Sequence[Conversation], limits: Limits) -> Iterator[Row]:
    """Yields all events of the conversations on one time axis, which begins with the first connection."""
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
    heartbeats = _heartbeats(events)
    left_out = _left_out(events, limits.rows)
    previous, gap = 0.0, [0, 0]
    for number, event in enumerate(events):
        if number in left_out or number in heartbeats:
            gap[number not in left_out] += 1
            continue
        if gap[0]:
            yield Row(words=f"{sum(gap):,} rows are left out here.")
        elif gap[1]:
            yield Row(words=f"{gap[1]:,} Pings and Pongs more are not shown.")
        gap = [0, 0]
        since, previous = event.at - previous, event.at
        frame = event.frame
        yield Row(
            words=event.words,
            at=event.at,
            since=since,
            connection=event.connection,
            name=names[event.connection],
            frame=frame,
            answered=times.get((event.connection, frame.number)) if frame is not None else None,
            payload=payload_of(frame, limits.payload, message=event.message) if frame is not None else None,
        )


def _heartbeats(events: Sequence[Event]) -> set[int]:
    """Returns the indices within long runs of Pings and Pongs, of which the first and the last are shown."""
    found: set[int] = set()
    run: list[int] = []
    for number, event in enumerate([*events, Event(0.0, 0)]):
        frame = event.frame
        if frame is not None and frame.opcode in {PING, PONG} and not frame.violation:
            run.append(number)
            continue
        if len(run) > _LONGEST_RUN:
            found.update(run[2:-2])
        run = []
    return found


def _left_out(events: Sequence[Event], most: int) -> set[int]:
    """Returns the indices in the middle of a long conversation, without the first rules broken there."""
    if len(events) <= most:
        return set()
    middle = range(most // 2, len(events) - most // 2)
    wrong = [number for number in middle if (frame := events[number].frame) is not None and frame.violation]
    return set(middle) - set(wrong[:_MOST_VIOLATIONS])


def _events(conversation: Conversation, index: int, offset: float, *, many: bool) -> Iterator[Event]:
    if many and conversation.opened_at is not None:
        yield Event(offset + conversation.opened_at, index, words="opened")
    begun = {True: 0, False: 0}
    for shown in folded(conversation.frames):
        if isinstance(shown, Fold):
            yield Event(offset + shown.at, index, words=f"received {shown.words}")
            continue
        frame = shown
        if frame.opcode in {TEXT, BINARY}:
            begun[frame.sent] = frame.opcode
        message = begun[frame.sent] if frame.opcode == CONTINUATION else frame.opcode
        yield Event(offset + frame.at, index, frame, message=message)
    for note in conversation.notes:
        yield Event(offset + note.at, index, words=note.text)
    if conversation.ended_at is not None:
        words = [conversation.unfinished, conversation.ended or "The connection ended"]
        yield Event(offset + conversation.ended_at, index, words=" ".join(filter(None, words)))
