"""Makes the rows of a transcript: one per frame, note, opening and end, in the order of time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pytest_websocket.protocol.frames import (
    BINARY,
    CONTINUATION,
    MAX_CONTROL_PAYLOAD,
    PING,
    PONG,
    TEXT,
    Opcode,
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
_OPCODES = frozenset(Opcode)


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
    both in seconds. ``is_extended`` says that an extension was negotiated on the connection.
    """

    words: str = ""
    at: float | None = None
    since: float = 0.0
    connection: int = 0
    name: str = ""
    frame: FrameRecord | None = None
    answered: float | None = None
    payload: Payload | None = None
    is_extended: bool = False

    @property
    def kind(self) -> str:
        """Returns the classes of the row: s (sent) or g (received), c (control), n (words).

        v is a frame with which the peer breaks a rule, p one that was sent against the rules on purpose.
        """
        if self.frame is None:
            return "n" if self.at is None else f"n k{self.connection}"
        kinds = ["s" if self.frame.sent else "g"]
        kinds += ["c"] if self.frame.opcode >= 8 else []
        if self.frame.violation:
            kinds.append("v")
        elif self.frame.sent and any(is_wrong for _, is_wrong in self.tags):
            kinds.append("p")
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
        is_control = frame.opcode >= 8
        tags = [("FIN", False) if frame.fin else ("no FIN", is_control)]
        # An extension may use a reserved bit, and that of RFC 7692 uses the first.
        is_free = self.is_extended and not is_control
        reserved = [("RSV1", frame.rsv1, not is_free), ("RSV2", frame.rsv2, True), ("RSV3", frame.rsv3, True)]
        tags += [(name, is_wrong) for name, is_set, is_wrong in reserved if is_set]
        if frame.opcode not in _OPCODES:
            tags.append(("reserved opcode", True))
        if is_control and frame.payload_size > MAX_CONTROL_PAYLOAD:
            tags.append((f"longer than {MAX_CONTROL_PAYLOAD}", True))
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
    extended = [bool(each.response.get("Sec-WebSocket-Extensions")) for each in conversations]
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
            is_extended=extended[event.connection],
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
