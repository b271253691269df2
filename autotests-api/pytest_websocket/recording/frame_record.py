"""What a recording shows: frames, notes and totals."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any, NamedTuple

from pytest_websocket.protocol.close_codes import describe_body
from pytest_websocket.protocol.frames import BINARY, CLOSE, CONTINUATION, TEXT, Header, opcode_name
from pytest_websocket.protocol.rules import Violation
from pytest_websocket.text import Message, preview, quantity, value_text


class FrameRecord(NamedTuple):
    """One frame as it stood on the wire (RFC 6455 §5.2).

    ``at`` is in seconds since the recording began; ``size`` is the payload inflated (RFC 7692), in bytes.
    ``data`` is the unmasked, inflated payload, cut to the recording's ``max_payload``. ``violations`` are
    the rules that a received frame breaks. ``message`` is the number of the message, from 1, in its
    direction; 0 for a control frame. ``ignored`` says that no wait of the client gets it. ``value`` is what
    the client's codec makes of it, as text in one line.
    """

    number: int
    at: float
    sent: bool
    header: Header
    size: int
    data: bytes
    violations: tuple[Violation, ...] = ()
    message: int = 0
    ignored: bool = False
    value: str = ""

    @property
    def opcode(self) -> int:
        """The frame's type."""
        return self.header.opcode

    @property
    def fin(self) -> bool:
        """Whether the frame is the last of its message."""
        return self.header.fin

    @property
    def rsv1(self) -> bool:
        """Whether the message is compressed (RFC 7692 §6)."""
        return self.header.rsv1

    @property
    def rsv2(self) -> bool:
        """The second reserved bit."""
        return self.header.rsv2

    @property
    def rsv3(self) -> bool:
        """The third reserved bit."""
        return self.header.rsv3

    @property
    def masked(self) -> bool:
        """Whether the payload was masked."""
        return self.header.masked

    @property
    def length_bits(self) -> int:
        """How many bits the length was written in: 7, 16 or 64."""
        return self.header.length_bits

    @property
    def wire_size(self) -> int:
        """Bytes of the whole frame."""
        return self.header.total

    @property
    def payload_size(self) -> int:
        """Bytes of the payload as it was sent."""
        return self.header.length

    @property
    def name(self) -> str:
        """``TEXT``, ``PING`` …; a reserved opcode by its number."""
        return opcode_name(self.opcode)

    @property
    def violation(self) -> str:
        """The violations in words; empty when there is none."""
        return "; ".join(map(str, self.violations))

    @property
    def preview(self) -> str:
        """The beginning of the payload: in quotes where it is text, decoded where a codec could."""
        if self.value:
            return f"decoded: {preview(self.value, limit=120)}"
        shown = self._readable()
        limit = 72 if isinstance(shown, str) else 24
        return preview(shown, limit=limit, whole=len(self.data) == self.size)

    @property
    def whole_message(self) -> Message | None:
        """The message that the frame is; None where it is a part of one, was cut, or is no UTF-8."""
        if not self.fin or self.opcode not in {TEXT, BINARY} or len(self.data) != self.size:
            return None
        try:
            return bytes(self.data).decode() if self.opcode == TEXT else bytes(self.data)
        except UnicodeDecodeError:
            return None

    def __str__(self) -> str:
        cells = [f"{self.at:9.4f} s  {'sent' if self.sent else 'received':<8}  {self.name:<12}"]
        if self.opcode == CLOSE:
            cells.append(describe_body(self.data))
        else:
            packed = f" ({self.payload_size} compressed)" if self.size != self.payload_size else ""
            cells.append(f"{quantity(self.size, 'byte')}{packed}")
            if self.data:
                cells.append(self.preview)
        if not self.fin:
            cells.append("(more fragments follow)")
        elif self.opcode == CONTINUATION:
            cells.append("(last fragment)")
        if self.violations:
            cells.append(f"!! {self.violation}")
        return "  ".join(cells)

    def _readable(self) -> Message:
        if self.opcode not in {CONTINUATION, TEXT}:
            return self.data
        try:
            # A cut or a fragment may end inside a character: only what is wrong before its end counts.
            return codecs.getincrementaldecoder("utf-8")().decode(self.data, final=False)
        except UnicodeDecodeError:
            return self.data


class Note(NamedTuple):
    """Something that happened beside the frames; ``at`` is in seconds since the recording began."""

    at: float
    text: str


class Fold(NamedTuple):
    """Ignored messages after each other, shown as one line; ``at`` is the time of the first frame."""

    frames: tuple[FrameRecord, ...]

    @property
    def at(self) -> float:
        """When the first of them arrived, in seconds since the recording began."""
        return self.frames[0].at

    @property
    def words(self) -> str:
        """How many messages, until when, and the first of them."""
        first, last = self.frames[0], self.frames[-1]
        count = len({frame.message for frame in self.frames})
        until = f", the last at {last.at:.4f} s" if count > 1 else ""
        return f"{quantity(count, 'ignored message')}{until}: {first.preview}"

    def __str__(self) -> str:
        return f"{self.at:9.4f} s  received  {self.words}"


def with_value(frame: FrameRecord, codec: Any) -> FrameRecord:
    """Returns the frame with the value of the message that it holds; as it is where it holds no whole one."""
    message = frame.whole_message
    if message is None:
        return frame
    decode = getattr(codec, "decode_sent", codec.decode) if frame.sent else codec.decode
    try:
        return frame._replace(value=value_text(decode(message)))
    except Exception:
        # Whatever a codec raises: the frame is then shown as it came.
        return frame


def folded(frames: Iterable[FrameRecord]) -> Iterator[FrameRecord | Fold]:
    """Yields the frames; those of ignored messages after each other as one `Fold`."""
    for is_ignored, run in groupby(frames, key=lambda frame: frame.ignored and not frame.violations):
        if is_ignored:
            yield Fold(tuple(run))
        else:
            yield from run


class Totals(NamedTuple):
    """Exact counts of a recording; bytes are all that crossed the connection, the handshake included."""

    frames_sent: int
    bytes_sent: int
    frames_received: int
    bytes_received: int
