"""A strict reader of what a server sends: frames, messages, and every rule of RFC 6455 that they break."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pytest_websocket.protocol.frames import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PONG,
    TEXT,
    Frame,
    Header,
    Opcode,
    mask,
    opcode_name,
    parse_header,
)

MAX_PAYLOAD = 32 << 20
"""Bytes; a frame that announces more is refused before its data, so that no server can fill the memory."""

Inflate = Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class Message:
    """A whole data message, reassembled and inflated."""

    opcode: int
    data: bytes
    frames: int = 1
    compressed: bool = False

    @property
    def text(self) -> str:
        """The data as text; raises UnicodeDecodeError when it is not UTF-8."""
        return self.data.decode()

    @property
    def content(self) -> str | bytes:
        """A str for a text message, bytes for a binary one, as the server's author thinks of it."""
        return self.data.decode("utf-8", "surrogateescape") if self.opcode == TEXT else self.data

    def __str__(self) -> str:
        kind = "text" if self.opcode == TEXT else "binary"
        shown = repr(self.content)
        return f"{kind} message of {len(self.data)} bytes {shown if len(shown) < 120 else shown[:110] + '…'}"


@dataclass(frozen=True, slots=True)
class CloseStatus:
    """The body of a Close frame (RFC 6455 §5.5.1); ``code`` is None when the body is empty."""

    code: int | None
    reason: bytes = b""

    def __str__(self) -> str:
        if self.code is None:
            return "a Close frame without a code"
        reason = self.reason.decode("utf-8", "backslashreplace")
        return f"Close {self.code}" + (f" {reason!r}" if reason else "")


_HTTP = b"HTTP/1."
"""Read as a frame, it would be half a Close with RSV1: nothing that explains what has happened."""


@dataclass(frozen=True, slots=True)
class ReceivedFrame:
    """One frame from the server, with the message that it completed."""

    frame: Frame
    header: Header
    message: Message | None = None
    close: CloseStatus | None = None

    @property
    def is_data(self) -> bool:
        """Whether the frame is a message or a fragment of one."""
        return self.frame.opcode in (CONTINUATION, TEXT, BINARY)

    @property
    def is_pong(self) -> bool:
        """Whether the frame is a Pong (RFC 6455 §5.5.3)."""
        return self.frame.opcode == PONG


class Reader:
    """Reads the server's side of an open connection (RFC 6455 §5) and notes every violation in words.

    ``inflate`` turns the payload of a compressed message into its data and raises ValueError when it
    cannot; without it a frame with RSV1 is a violation (RFC 6455 §5.2, RFC 7692 §6).
    """

    def __init__(self, inflate: Inflate | None = None, max_payload: int = MAX_PAYLOAD) -> None:
        self.violations: list[str] = []
        self.unreadable = False
        self._inflate = inflate
        self._max_payload = max_payload
        self._buffer = bytearray()
        self._opcode = 0
        self._parts: list[bytes] = []
        self._size = 0
        self._compressed = False
        self._closed = False

    def feed(self, data: bytes) -> list[ReceivedFrame]:
        """The frames that ``data`` completes. After a frame too large to read nothing more is read."""
        if self.unreadable:
            return []
        self._buffer += data
        received = []
        while not self.unreadable and (header := parse_header(self._buffer)) is not None:
            if self._buffer.startswith(_HTTP):
                line = bytes(self._buffer[:60]).partition(b"\r\n")[0].decode("latin-1")
                self.violations.append(f"an HTTP response among the frames: {line!r} (RFC 6455 §5.2)")
                self.unreadable = True
                self._buffer.clear()
                break
            if header.length > self._max_payload:
                self.violations.append(f"the server announced a frame of {header.length} bytes")
                if header.length >> 63:
                    self.violations.append("top bit of a 64-bit length is set (RFC 6455 §5.2)")
                self.unreadable = True
                self._buffer.clear()
                break
            if len(self._buffer) < header.total:
                break
            payload = bytes(memoryview(self._buffer)[header.size : header.total])
            del self._buffer[: header.total]
            received.append(self._read(header, mask(payload, header.mask_key) if header.masked else payload))
        return received

    @property
    def pending(self) -> bytes:
        """Bytes of a frame that is not complete."""
        return bytes(self._buffer)

    def _read(self, header: Header, payload: bytes) -> ReceivedFrame:
        frame = Frame(header.opcode, payload, header.fin, header.rsv1, header.rsv2, header.rsv3)
        self._judge(header, frame)
        if frame.opcode == CLOSE:
            self._closed = True
            return ReceivedFrame(frame, header, close=self._read_close(payload))
        if frame.opcode in (CONTINUATION, TEXT, BINARY):
            return ReceivedFrame(frame, header, message=self._assemble(frame))
        return ReceivedFrame(frame, header)

    def _judge(self, header: Header, frame: Frame) -> None:
        name = opcode_name(frame.opcode)
        broken = self.violations.append
        # A second Close, or a Pong that was under way, is forbidden to nobody.
        if self._closed and not frame.is_control:
            broken(f"{name} frame after the server's Close frame (RFC 6455 §5.5.1)")
        if header.masked:
            broken(f"{name} frame from the server is masked (RFC 6455 §5.1)")
        if not header.is_minimal:
            broken(f"length {header.length} of a {name} frame is not in its shortest form (RFC 6455 §5.2)")
        if (
            frame.rsv2
            or frame.rsv3
            or (frame.rsv1 and (self._inflate is None or frame.opcode not in (TEXT, BINARY)))
        ):
            bits = "".join(str(n) for n, on in enumerate((frame.rsv1, frame.rsv2, frame.rsv3), 1) if on)
            broken(f"reserved bit RSV{bits} of a {name} frame is set without an extension (RFC 6455 §5.2)")
        if frame.opcode not in tuple(Opcode):
            broken(f"reserved {name} used by the server (RFC 6455 §5.2)")
        if frame.is_control and not frame.fin:
            broken(f"{name} frame is fragmented (RFC 6455 §5.5)")
        if frame.is_control and header.length > 125:
            broken(f"{name} frame has {header.length} bytes, more than 125 (RFC 6455 §5.5)")

    def _assemble(self, frame: Frame) -> Message | None:
        if frame.opcode == CONTINUATION and not self._opcode:
            self.violations.append("continuation frame with no message to continue (RFC 6455 §5.4)")
            return None
        if frame.opcode != CONTINUATION:
            if self._opcode:
                self.violations.append("new message inside a fragmented one (RFC 6455 §5.4)")
            self._opcode, self._parts, self._size, self._compressed = frame.opcode, [], 0, frame.rsv1
        self._size += len(frame.payload)
        if self._size > self._max_payload:
            self.violations.append(f"the server's message passed {self._max_payload} bytes without an end")
            self.unreadable = True
            self._parts = []
            return None
        self._parts.append(frame.payload)
        if not frame.fin:
            return None
        message = self._finish(self._opcode, b"".join(self._parts), len(self._parts))
        self._opcode, self._parts = 0, []
        return message

    def _finish(self, opcode: int, data: bytes, frames: int) -> Message | None:
        if self._compressed and self._inflate is not None:
            try:
                data = self._inflate(data)
            except ValueError as error:
                self.violations.append(f"a compressed message cannot be inflated: {error} (RFC 7692 §7.2.2)")
                return None
        if opcode == TEXT and not _is_utf8(data):
            self.violations.append("a text message is not UTF-8 (RFC 6455 §5.6)")
        return Message(opcode, data, frames, self._compressed)

    def _read_close(self, body: bytes) -> CloseStatus:
        if not body:
            return CloseStatus(None)
        if len(body) == 1:
            self.violations.append("Close frame has a body of one byte (RFC 6455 §5.5.1)")
            return CloseStatus(None)
        status = CloseStatus(int.from_bytes(body[:2], "big"), body[2:])
        if status.code in (1005, 1006, 1015):
            self.violations.append(
                f"Close frame carries {status.code}, never allowed on the wire (RFC 6455 §7.4.1)"
            )
        if not _is_utf8(status.reason):
            self.violations.append("reason of the Close frame is not UTF-8 (RFC 6455 §5.5.1)")
        return status


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
