"""Which received message answers which sent one, and how long that took."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pytest_websocket.protocol.frames import BINARY, CONTINUATION, PING, PONG, TEXT
from pytest_websocket.recording import FrameRecord

# A reply is recognised by this much of the message in it; recordings cut long payloads anyway.
_KEY = 256
# Of a burst that is not answered only the newest messages are kept as candidates.
_WAITING = 256


@dataclass(frozen=True, slots=True)
class RoundTrip:
    """A sent message (its last frame) or Ping, and the frame that completed its answer."""

    sent: FrameRecord
    answer: FrameRecord

    @property
    def seconds(self) -> float:
        """From the last byte out to the last byte in."""
        return self.answer.at - self.sent.at

    @property
    def is_ping(self) -> bool:
        """Whether this is a Ping and its Pong."""
        return self.sent.opcode == PING


@dataclass(slots=True)
class _Message:
    opcode: int
    data: bytes
    last: FrameRecord


def round_trips(frames: Iterable[FrameRecord]) -> list[RoundTrip]:
    """Returns all round trips of a conversation, in the order of their answers.

    A Pong answers the newest Ping of its payload (RFC 6455 §5.5.3). A message answers the oldest sent
    message that it contains; where it contains none and exactly one is waiting, it answers that one.
    """
    found: list[RoundTrip] = []
    waiting: deque[_Message] = deque(maxlen=_WAITING)
    pings: dict[bytes, FrameRecord] = {}
    parts: dict[bool, _Message | None] = {True: None, False: None}
    for frame in frames:
        if frame.opcode == PING and frame.sent:
            pings[bytes(frame.data)] = frame
        elif frame.opcode == PONG and not frame.sent:
            ping = pings.pop(bytes(frame.data), None)
            if ping is not None:
                found.append(RoundTrip(ping, frame))
        elif frame.opcode in {TEXT, BINARY, CONTINUATION}:
            message = _assemble(parts, frame)
            if message is None:
                continue
            if frame.sent:
                waiting.append(message)
            elif (asked := _match(waiting, message)) is not None:
                waiting.remove(asked)
                found.append(RoundTrip(asked.last, frame))
    return found


def quantile(values: Sequence[float], share: float) -> float:
    """Returns what ``share`` (0 to 1) of the values do not exceed, interpolated; NaN for no values."""
    if not values:
        return math.nan
    ordered = sorted(values)
    rank = (len(ordered) - 1) * share
    low, high = math.floor(rank), math.ceil(rank)
    return ordered[low] + (ordered[high] - ordered[low]) * (rank - low)


def _assemble(parts: dict[bool, _Message | None], frame: FrameRecord) -> _Message | None:
    """Returns the message that ``frame`` completes, if it does."""
    begun = parts[frame.sent]
    if frame.opcode != CONTINUATION or begun is None:
        begun = _Message(frame.opcode, b"", frame)
    # Room for the key after whatever a server puts before it.
    if len(begun.data) < 8 * _KEY:
        begun.data += frame.data[: 16 * _KEY]
    begun.last = frame
    parts[frame.sent] = None if frame.fin else begun
    return begun if frame.fin else None


def _match(waiting: deque[_Message], reply: _Message) -> _Message | None:
    for asked in waiting:
        if asked.data[:_KEY] in reply.data:
            return asked
    return waiting[0] if len(waiting) == 1 else None
