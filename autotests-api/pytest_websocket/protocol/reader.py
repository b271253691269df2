"""Reads what a peer sends strictly: frames, messages, and every rule that they break."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_websocket.protocol.decoder import Decoder
from pytest_websocket.protocol.deflate import Inflater
from pytest_websocket.protocol.frames import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PONG,
    TEXT,
    Frame,
    FrameParser,
    Header,
    mask,
)
from pytest_websocket.protocol.rules import Role, Violation

MAX_PAYLOAD = 32 << 20
"""Bytes; a frame that announces more is refused before its data, so that no peer can fill the memory."""


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

    @classmethod
    def parse(cls, body: bytes) -> CloseStatus:
        """Reads a body that may be malformed; half a code is none."""
        return cls(int.from_bytes(body[:2], "big"), body[2:]) if len(body) > 1 else cls(None)

    def __str__(self) -> str:
        if self.code is None:
            return "a Close frame without a code"
        reason = self.reason.decode("utf-8", "backslashreplace")
        return f"Close {self.code}" + (f" {reason!r}" if reason else "")


@dataclass(frozen=True, slots=True)
class ReceivedFrame:
    """One received frame, with the message that it completed."""

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
    """Reads what ``sender`` sends on an open connection (RFC 6455 §5) and keeps every violation.

    ``inflater`` is for a connection on which permessage-deflate was agreed. ``unreadable`` is set after a
    frame or message of more than ``max_payload`` bytes and after HTTP: nothing after it is read.
    """

    def __init__(
        self, inflater: Inflater | None = None, max_payload: int = MAX_PAYLOAD, *, sender: Role = Role.SERVER
    ) -> None:
        self.violations: list[Violation] = []
        self.unreadable = False
        self._max_payload = max_payload
        self._parser = FrameParser()
        self._sender = sender
        self._decoder = Decoder(inflater, sender=sender)
        self._is_new = True
        self._payload: list[bytes] = []
        self._plain: list[bytes] = []
        self._first: Header | None = None
        self._parts: list[bytes] = []
        self._frames = 0
        self._size = 0

    def feed(self, data: bytes) -> list[ReceivedFrame]:
        """Returns the frames that ``data`` completes."""
        received: list[ReceivedFrame] = []
        if self.unreadable:
            return received
        for header, piece, last in self._parser.feed(data):
            if self._is_new:
                self._decoder.begin(header)
                self._is_new = False
                if header.length > self._max_payload:
                    self._give_up(f"the {self._sender} announced a frame of {header.length} bytes")
                    return received
            self._payload.append(piece)
            self._plain += self._decoder.take(piece, last=last)
            if self._decoder.unreadable:
                self.violations += self._decoder.violations
                self.unreadable = True
                return received
            if last:
                self.violations += self._decoder.violations
                received.append(self._frame(header))
                self._is_new = True
                if self.unreadable:
                    return received
        return received

    def _give_up(self, words: str) -> None:
        self.violations += [*self._decoder.violations, Violation(None, words)]
        self.unreadable = True

    def _frame(self, header: Header) -> ReceivedFrame:
        payload, plain = b"".join(self._payload), b"".join(self._plain)
        self._payload, self._plain = [], []
        if header.mask_key:
            payload = mask(payload, header.mask_key)
        frame = Frame(header.opcode, payload, header.fin, header.rsv1, header.rsv2, header.rsv3)
        if frame.opcode == CLOSE:
            return ReceivedFrame(frame, header, close=CloseStatus.parse(payload))
        message = self._message(header, plain) if frame.opcode in (CONTINUATION, TEXT, BINARY) else None
        return ReceivedFrame(frame, header, message)

    def _message(self, header: Header, plain: bytes) -> Message | None:
        """Returns the message that a data frame completes, None for any other."""
        if header.opcode != CONTINUATION:
            self._first, self._parts, self._frames, self._size = header, [], 0, 0
        first = self._first
        if first is None:
            return None
        self._frames += 1
        self._size += header.length
        if self._size > self._max_payload:
            self.violations.append(
                Violation(
                    None, f"the {self._sender}'s message passed {self._max_payload} bytes without an end"
                )
            )
            self.unreadable = True
            return None
        self._parts.append(plain)
        if not header.fin:
            return None
        self._first = None
        if self._decoder.failed:
            return None
        return Message(first.opcode, b"".join(self._parts), self._frames, first.rsv1)
