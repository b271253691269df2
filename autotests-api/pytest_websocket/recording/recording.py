"""Records the bytes of one connection and decodes them into frames when they are read."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from functools import partial
from time import perf_counter
from typing import Any

from pytest_websocket.protocol.credentials import masked_url
from pytest_websocket.protocol.deflate import MAX_INFLATED, Inflater
from pytest_websocket.protocol.extensions import PERMESSAGE_DEFLATE, Agreement, agreement_in
from pytest_websocket.protocol.frames import BINARY, CLOSE, CONTINUATION, TEXT, Header
from pytest_websocket.protocol.handshake import parse_response
from pytest_websocket.protocol.rules import Violation
from pytest_websocket.recording.direction import Direction
from pytest_websocket.recording.frame_record import FrameRecord, Note, Totals, folded, with_value
from pytest_websocket.text import Message, printable, quantity

# So many bytes, or some thousand small chunks, wait to be decoded: enough to keep decoding off the path of
# a round trip in nearly every test, little enough for a thousand connections at once.
_MAX_PENDING = 256 << 10
_CHUNK_WEIGHT = 256
_MAX_NOTES = 256


class Recording:
    """What crosses one connection, as frames; cheap while the test runs, bounded in memory.

    `sent` and `received` take the raw bytes of the connection, the opening handshake included, note the
    time and keep them. They are decoded in batches, at the latest when the frames are read. The last
    ``max_frames`` frames are kept with ``max_payload`` bytes of each; the totals stay exact.
    """

    def __init__(
        self, name: str = "client", url: str = "", *, max_frames: int = 512, max_payload: int = 4096
    ) -> None:
        self.name = name
        self.url = url
        self.started_at = time.time()
        self.started = perf_counter()
        self.ended_at: float | None = None
        self.ended = ""
        self.notes: list[Note] = []
        self.max_payload = max_payload
        self._opened_at: float | None = None
        self._frames: deque[FrameRecord] = deque(maxlen=max_frames)
        self._count = 0
        self._codec: Any = None
        self._messages = {True: 0, False: 0}
        self._ignored: deque[int] = deque(maxlen=max_frames)
        self._is_ignored: Callable[[int, Message], bool] | None = None
        self._closes: dict[bool, FrameRecord] = {}
        self._pending: list[tuple[float, bool, bytes]] = []
        self._pending_size = 0
        self._now = 0.0
        self._outgoing = Direction(sent=True, max_payload=max_payload, on_frame=partial(self._keep, True))
        self._incoming = Direction(
            sent=False,
            max_payload=max_payload,
            on_frame=partial(self._keep, False),
            on_accepted=self._accepted,
        )

    def sent(self, data: bytes) -> None:
        """Records bytes that were written to the connection."""
        self._take(True, data)

    def received(self, data: bytes) -> None:
        """Records bytes that were read from the connection."""
        self._take(False, data)

    def note(self, text: str) -> None:
        """Records something that is not a frame, in words."""
        if len(self.notes) < _MAX_NOTES:
            self.notes.append(Note(perf_counter() - self.started, text))

    def ignore(self, number: int) -> None:
        """Marks the frames of the received message of this number, from 1, as one that no wait gets."""
        self._ignored.append(number)

    def ignore_unread(self, is_ignored: Callable[[int, Message], bool]) -> None:
        """Marks received messages, by number and content, for which this is true when they are shown."""
        self._is_ignored = is_ignored

    def decode_with(self, codec: Any) -> None:
        """Shows messages as the values that ``codec.decode`` makes of them; None shows them as they came."""
        self._codec = codec

    def end(self, how: str) -> None:
        """Records how the TCP connection ended; only the first call counts."""
        if not self.ended:
            self.ended = how
            self.ended_at = perf_counter() - self.started

    @property
    def opened_at(self) -> float | None:
        """When the 101 response had arrived, in seconds since the recording began; None when it has not."""
        self._decode()
        return self._opened_at

    @property
    def request(self) -> bytes:
        """The handshake request as it was sent, up to and including its empty line (RFC 6455 §4.1)."""
        self._decode()
        return bytes(self._outgoing.head)

    @property
    def response(self) -> bytes:
        """The head of the handshake response as it arrived (RFC 6455 §4.2.2)."""
        self._decode()
        return bytes(self._incoming.head)

    @property
    def frames(self) -> list[FrameRecord]:
        """The last frames of both directions, oldest first."""
        self._decode()
        frames = list(self._frames)
        if self._ignored or self._is_ignored is not None:
            ignored = set(self._ignored)
            frames = [
                frame._replace(ignored=True)
                if not frame.sent and (frame.message in ignored or self._will_be_ignored(frame))
                else frame
                for frame in frames
            ]
        return frames if self._codec is None else [with_value(frame, self._codec) for frame in frames]

    @property
    def close_sent(self) -> FrameRecord | None:
        """The first Close frame that was sent."""
        self._decode()
        return self._closes.get(True)

    @property
    def close_received(self) -> FrameRecord | None:
        """The first Close frame that was received."""
        self._decode()
        return self._closes.get(False)

    @property
    def totals(self) -> Totals:
        """Frames and bytes of each direction since the beginning."""
        self._decode()
        out, into = self._outgoing, self._incoming
        return Totals(out.frames, out.bytes, into.frames, into.bytes)

    @property
    def omitted(self) -> int:
        """How many of the oldest frames are no longer kept."""
        self._decode()
        return self._count - len(self._frames)

    @property
    def unfinished(self) -> str:
        """What had arrived of a frame that never became whole, in words; empty when there is none."""
        self._decode()
        return self._incoming.unfinished

    def tail(self, count: int = 12) -> str:
        """Returns the last ``count`` events as text that is safe for a terminal."""
        events = [(event.at, str(event)) for event in folded(self.frames)]
        events += [(note.at, f"{note.at:9.4f} s  {printable(note.text)}") for note in self.notes]
        events.sort(key=lambda event: event[0])
        lines = [line for _, line in events[-count:]] if count > 0 else []
        hidden = len(events) - len(lines) + self.omitted
        if hidden:
            lines.insert(0, f"            … {quantity(hidden, 'earlier event')} not shown")
        if self.unfinished:
            lines.append(f"            {self.unfinished}")
        if self.ended_at is not None:
            lines.append(f"{self.ended_at:9.4f} s  {printable(self.ended)}")
        totals = self.totals
        partner = f" with {masked_url(self.url)}" if self.url else ""
        numbers = f"{quantity(totals.frames_sent, 'frame')} sent, {totals.frames_received} received"
        return "\n".join([f"The conversation of “{printable(self.name)}”{partner}, {numbers}:", *lines])

    def _will_be_ignored(self, frame: FrameRecord) -> bool:
        """Returns whether a message of one frame, which is all there, is one that no wait will get."""
        message = frame.whole_message
        return (
            self._is_ignored is not None and message is not None and self._is_ignored(frame.message, message)
        )

    def _take(self, sent: bool, data: bytes) -> None:
        self._pending.append((perf_counter(), sent, data))
        self._pending_size += len(data) + _CHUNK_WEIGHT
        if self._pending_size > _MAX_PENDING:
            self._decode()

    def _decode(self) -> None:
        pending, self._pending = self._pending, []
        self._pending_size = 0
        for at, sent, data in pending:
            self._now = at - self.started
            (self._outgoing if sent else self._incoming).feed(data)

    def _keep(self, sent: bool, header: Header, size: int, data: bytes, violations: list[Violation]) -> None:
        self._count += 1
        for violation in violations:
            if violation.rule is None:
                self.note(f"{violation}; compressed messages after it are shown as they came")
        broken = tuple(violation for violation in violations if violation.rule) if violations else ()
        opcode = header.opcode
        if opcode in {TEXT, BINARY}:
            self._messages[sent] += 1
        message = self._messages[sent] if opcode in {CONTINUATION, TEXT, BINARY} else 0
        record = FrameRecord(self._count, self._now, sent, header, size, data, broken, message)
        self._frames.append(record)
        if opcode == CLOSE:
            self._closes.setdefault(sent, record)

    def _accepted(self, head: bytes) -> None:
        self._opened_at = self._now
        self._outgoing.in_frames = True
        agreement = agreement_of(head)
        if agreement is None:
            return
        for direction, bits, forgets in (
            (self._outgoing, agreement.client_max_window_bits, agreement.client_no_context_takeover),
            (self._incoming, agreement.server_max_window_bits, agreement.server_no_context_takeover),
        ):
            direction.decoder.use(Inflater(bits, takeover=not forgets, limit=MAX_INFLATED, exact=False))


def agreement_of(head: bytes) -> Agreement | None:
    """Returns the permessage-deflate that a response agrees on (RFC 7692 §7.1).

    Of one with illegal parameters, on which a peer may nevertheless go on, the defaults are returned.
    """
    answer = parse_response(head).value("Sec-WebSocket-Extensions")
    try:
        return agreement_in(answer)
    except ValueError:
        return Agreement() if PERMESSAGE_DEFLATE in (answer or "") else None
