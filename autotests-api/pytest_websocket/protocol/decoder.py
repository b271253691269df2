"""Decodes and judges the frames of one direction."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator

from pytest_websocket.protocol.deflate import InflateError, Inflater, TooLarge
from pytest_websocket.protocol.frames import (
    BINARY,
    CLOSE,
    CONTINUATION,
    MAX_CONTROL_PAYLOAD,
    TEXT,
    Header,
    mask,
    parse_header,
)
from pytest_websocket.protocol.judge import (
    TEXT_NOT_UTF8,
    http_response,
    judge_close,
    judge_header,
    not_inflated,
)
from pytest_websocket.protocol.rules import Role, Violation

_PLAIN = frozenset({0x80 | TEXT, 0x80 | BINARY})
_Utf8 = codecs.getincrementaldecoder("utf-8")

MAX_SHORT = 4096
"""Bytes of a frame that is decoded at once."""

# "HTTP/1." read as a frame is an unmasked Close of 84 bytes with RSV1: its header, then its payload.
_HTTP_HEADER, _HTTP_PAYLOAD = (0x48, 0x54), b"TP/1."


class Decoder:
    """Unmasks, inflates (RFC 7692) and judges one frame after the other.

    ``violations`` are those of the current frame, judged as frames of ``sender``; None judges nothing.
    ``failed`` says that the current message cannot be inflated: it and all compressed messages after it
    stay as they came. ``unreadable`` says that the bytes are no frames.
    """

    def __init__(self, inflater: Inflater | None = None, *, sender: Role | None = Role.SERVER) -> None:
        self.violations: list[Violation] = []
        self.failed = False
        self.unreadable = False
        self._sender = sender
        self._inflater = inflater
        self._compression = inflater is not None
        self._offset = 0
        self._body = b""
        self._in_message = False
        self._compressed = False
        self._utf8: codecs.IncrementalDecoder | None = None
        self._closed = False

    def use(self, inflater: Inflater) -> None:
        """Inflates from now on."""
        self._inflater = inflater
        self._compression = True

    def whole_message(self, data: bytes) -> tuple[Header, bytes] | None:
        """Returns header and payload where ``data`` is one short, legal message that is not compressed.

        Nearly all data that is received or sent at once is; this takes a third of the time of `begin` and
        `take`, which are for everything else. Nothing is changed in the decoder.
        """
        is_short = 2 <= len(data) <= MAX_SHORT
        if not is_short or data[0] not in _PLAIN or self._in_message or self._closed:
            return None
        header = parse_header(data)
        if header is None or header.size + header.length != len(data):
            return None
        if not header.mask_key:
            payload = data[header.size :]
        elif self._sender is not Role.SERVER:
            payload = mask(data[header.size :], header.mask_key)
        else:
            return None
        if self._sender is not None:
            if (self._sender is Role.CLIENT and not header.mask_key) or not header.is_minimal:
                return None
            if header.first == 0x80 | TEXT:
                try:
                    payload.decode()
                except UnicodeDecodeError:
                    return None
        return header, payload

    def begin(self, header: Header) -> None:
        """Begins a frame."""
        self._header = header
        self._offset = 0
        self.violations = []
        # A whole short message of a server, as nearly all are, needs no judging.
        is_plain = header.first in _PLAIN and header.second < 126 and not (self._in_message or self._closed)
        if self._sender is not None and not (is_plain and self._sender is Role.SERVER):
            self.violations += judge_header(
                header,
                self._sender,
                after_close=self._closed,
                in_message=self._in_message,
                compression=self._compression,
            )
        if header.is_control:
            self._body = b""
            return
        if header.opcode != CONTINUATION:
            self._compressed = header.rsv1 and self._compression
            self.failed = self._compressed and self._inflater is None
            is_text = header.opcode == TEXT and self._sender is not None and not self.failed
            self._utf8 = _Utf8() if is_text else None
        self._in_message = not header.fin

    def take(self, piece: bytes, *, last: bool) -> Iterable[bytes]:
        """Returns what a piece of the frame's payload is after unmasking and inflating, in bounded blocks.

        The blocks have to be used up before the next piece.
        """
        header = self._header
        is_http = header[:2] == _HTTP_HEADER and piece.startswith(_HTTP_PAYLOAD) and not self._offset
        if is_http and self._sender is not None:
            line = b"HT" + piece[:58].partition(b"\r\n")[0]
            # What follows a Close frame is no WebSocket any more, and is discarded (RFC 6455 §1.4).
            self.violations = [] if self._closed else [http_response(line)]
            self.unreadable = True
        if header.mask_key:
            piece = mask(piece, header.mask_key, self._offset)
        self._offset += len(piece)
        if header.is_control:
            self._take_control(piece, last)
            return (piece,)
        ends = last and header.fin
        if self._compressed and not self.failed:
            return self._inflate(piece, ends)
        self._check_text(piece, final=ends)
        if ends:
            self._compressed = False
        return (piece,)

    def _take_control(self, piece: bytes, last: bool) -> None:
        if self._header.opcode != CLOSE:
            return
        if self._header.length <= MAX_CONTROL_PAYLOAD:
            self._body += piece
        if last:
            self._closed = True
            if self._sender is not None:
                self.violations += judge_close(self._body)

    def _inflate(self, piece: bytes, ends: bool) -> Iterator[bytes]:
        assert self._inflater is not None
        try:
            for block in self._inflater.inflate(piece, last=ends):
                self._check_text(block, final=False)
                yield block
        except InflateError as error:
            self._inflater = None
            self._utf8 = None
            self.failed = True
            if isinstance(error, TooLarge):
                self.violations.append(Violation(None, f"a compressed message cannot be inflated: {error}"))
            elif self._sender is not None:
                self.violations.append(not_inflated(str(error)))
        if ends:
            self._check_text(b"", final=True)
            self._compressed = False

    def _check_text(self, block: bytes, *, final: bool) -> None:
        if self._utf8 is not None:
            try:
                self._utf8.decode(block, final)
            except UnicodeDecodeError:
                self._utf8 = None
                self.violations.append(TEXT_NOT_UTF8)
        if final:
            self._utf8 = None
