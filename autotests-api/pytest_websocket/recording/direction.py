"""One direction of a connection: the head of an HTTP message, then frames."""

from __future__ import annotations

import re
from collections.abc import Callable

from pytest_websocket.protocol.decoder import Decoder
from pytest_websocket.protocol.frames import FrameParser, Header, opcode_name
from pytest_websocket.protocol.grammar import MAX_HEAD
from pytest_websocket.protocol.rules import Role, Violation
from pytest_websocket.text import quantity

OnFrame = Callable[[Header, int, bytes, list[Violation]], None]


def status_of(head: bytes | bytearray) -> int:
    """Returns the status code of a response head; 0 when it is no HTTP response."""
    match = re.match(rb"HTTP/\d\.\d (\d{3})\b", head)
    return int(match[1]) if match else 0


class Direction:
    """Decodes what one side sent. Takes any bytes, never raises.

    ``on_frame`` is called with header, inflated size, payload (cut to ``max_payload`` bytes) and violations
    of each complete frame; ``on_accepted`` with the head of a 101 response before the frames after it.
    """

    def __init__(
        self,
        *,
        sent: bool,
        max_payload: int,
        on_frame: OnFrame,
        on_accepted: Callable[[bytes], None] | None = None,
    ) -> None:
        self.bytes = 0
        self.frames = 0
        self.head = bytearray()
        self.in_frames = False
        self.decoder = Decoder(sender=None if sent else Role.SERVER)
        self._sent = sent
        self._max_payload = max_payload
        self._on_frame = on_frame
        self._on_accepted = on_accepted
        self._parser = FrameParser()
        self._has_begun = False
        self._interim = False
        self._refused = False
        self._size = 0
        self._kept = b""

    def feed(self, data: bytes) -> None:
        """Decodes the next bytes."""
        self.bytes += len(data)
        if not self.in_frames:
            data = self._take_head(data)
        elif not self._parser.is_inside and (whole := self.decoder.whole_message(data)) is not None:
            self.frames += 1
            header, payload = whole
            self._on_frame(header, len(payload), payload[: self._max_payload], [])
            return
        for header, piece, last in self._parser.feed(data) if self.in_frames else ():
            if not self._has_begun:
                self._has_begun = True
                self._size, self._kept = 0, b""
                self.decoder.begin(header)
            for block in self.decoder.take(piece, last=last):
                self._size += len(block)
                if len(self._kept) < self._max_payload:
                    self._kept += block[: self._max_payload - len(self._kept)]
            if self.decoder.unreadable:
                self.in_frames, self._refused = False, True
            if last or self._refused:
                self._has_begun = False
                self.frames += 1
                self._on_frame(header, self._size, self._kept, self.decoder.violations)
            if self._refused:
                return

    @property
    def unfinished(self) -> str:
        """What arrived of a frame that is not complete, in words; empty when there is none."""
        header, partial = self._parser.header, self._parser.partial_header
        if header is not None and self._parser.missing:
            name = opcode_name(header.opcode)
            arrived = header.length - self._parser.missing
            return f"of a frame ({name}) of {header.length} bytes only {arrived} arrived"
        return f"of a frame's header only {quantity(len(partial), 'byte')} arrived" if partial else ""

    def _take_head(self, data: bytes) -> bytes:
        """Returns what of ``data`` comes after the head."""
        if self._refused or not data:
            return b""
        # No HTTP message begins with such a byte, and nearly every frame does: there was no handshake.
        if not self.head and (data[0] >= 0x80 or (data[0] < 0x20 and data[0] not in b"\r\n")):
            self.in_frames = True
            return data
        while data:
            if self._interim:
                self.head.clear()
                self._interim = False
            searched = max(0, len(self.head) - 3)
            self.head += data
            found = self.head.find(b"\r\n\r\n", searched)
            if found < 0:
                self._refused = len(self.head) > MAX_HEAD
                del self.head[MAX_HEAD:]
                return b""
            data = bytes(self.head[found + 4 :])
            del self.head[found + 4 :]
            status = 101 if self._sent else status_of(self.head)
            if status == 101:
                self.in_frames = True
                if self._on_accepted is not None:
                    self._on_accepted(bytes(self.head))
                return data
            # An interim response is followed by the real one, a refusal by its body.
            self._interim = 100 <= status < 200
            self._refused = not self._interim
            if self._refused:
                return b""
        return b""
