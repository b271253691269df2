"""What a recording shows: frames, notes and totals."""

from __future__ import annotations

import codecs
from typing import NamedTuple

from pytest_websocket.protocol.close_codes import describe_body
from pytest_websocket.protocol.frames import CLOSE, CONTINUATION, TEXT, Header, opcode_name
from pytest_websocket.protocol.rules import Violation
from pytest_websocket.text import Message, preview, quantity


class FrameRecord(NamedTuple):
    """One frame as it stood on the wire (RFC 6455 §5.2).

    ``at`` is in seconds since the recording began; ``size`` is the payload inflated (RFC 7692), in bytes.
    ``data`` is the unmasked, inflated payload, cut to the recording's ``max_payload``. ``violations`` are
    the rules that a received frame breaks.
    """

    number: int
    at: float
    sent: bool
    header: Header
    size: int
    data: bytes
    violations: tuple[Violation, ...] = ()

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

    def __str__(self) -> str:
        cells = [f"{self.at:9.4f} s  {'sent' if self.sent else 'received':<8}  {self.name:<12}"]
        if self.opcode == CLOSE:
            cells.append(describe_body(self.data))
        else:
            packed = f" ({self.payload_size} compressed)" if self.size != self.payload_size else ""
            cells.append(f"{quantity(self.size, 'byte')}{packed}")
            if self.data:
                shown = self._readable()
                limit = 72 if isinstance(shown, str) else 24
                cells.append(preview(shown, limit=limit, whole=len(self.data) == self.size))
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


class Totals(NamedTuple):
    """Exact counts of a recording; bytes are all that crossed the connection, the handshake included."""

    frames_sent: int
    bytes_sent: int
    frames_received: int
    bytes_received: int
