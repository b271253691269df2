"""Says how the data of a frame is shown: as text, JSON, a hex dump, or a Close in words."""

from __future__ import annotations

from dataclasses import dataclass, field

from pytest_websocket.protocol.frames import BINARY, CLOSE, TEXT
from pytest_websocket.recording import FrameRecord
from pytest_websocket.render.close_summary import describe
from pytest_websocket.render.escaping import HexRow, Token, decoded, hex_line, hex_rows, json_tokens

FOLD = 160
"""Characters; longer text is folded, and the fold's summary shows as much."""

_TALL_JSON = 40
_SHORT_HEX = 16


@dataclass(frozen=True, slots=True)
class Payload:
    """What a data cell shows.

    ``line`` is the summary of a fold; without it ``text`` stands alone. The sizes are in bytes.
    """

    text: str = ""
    line: str = ""
    is_hex: bool = False
    is_open: bool = False
    json: list[Token] | None = None
    dump: list[HexRow] = field(default_factory=list)
    shown: int = 0
    whole: int = 0

    @property
    def is_empty(self) -> bool:
        """Returns whether the frame carries nothing."""
        return not (self.text or self.line)


def payload_of(frame: FrameRecord, limit: int, *, message: int) -> Payload:
    """Returns the payload of a redacted frame, at most ``limit`` bytes of it.

    ``message`` is the opcode that began the message, which tells what a continuation frame carries.
    """
    data = bytes(frame.data)
    if frame.opcode == CLOSE:
        return Payload(text=describe(data))
    if not data:
        return Payload()
    if frame.value:
        value = frame.value.encode("utf-8", "backslashreplace")
        return _text(value[:limit], len(value), limit)
    shown = data[:limit]
    if message == BINARY or (message != TEXT and not _is_readable(shown)):
        return _hex(shown[: limit // 4], frame.size)
    return _text(shown, frame.size, limit)


def _text(data: bytes, whole: int, limit: int) -> Payload:
    cut = len(data) < whole
    text = decoded(data, cut=cut)
    line = text[:FOLD] + ("…" if len(text) > FOLD else "")
    if not cut and (tokens := json_tokens(text, 2 * limit)) is not None:
        lines = sum(token.text.count("\n") for token in tokens)
        return Payload(line=line, json=tokens, is_open=lines <= _TALL_JSON)
    if len(text) > FOLD or text.count("\n") > 3:
        return Payload(text, line, shown=len(data), whole=whole)
    return Payload(text, shown=len(data), whole=whole)


def _hex(data: bytes, whole: int) -> Payload:
    line = hex_line(data)
    if whole <= _SHORT_HEX:
        return Payload(line, is_hex=True)
    return Payload(line=line, is_hex=True, dump=list(hex_rows(data)), shown=len(data), whole=whole)


def _is_readable(data: bytes) -> bool:
    try:
        return data.decode().isprintable()
    except UnicodeDecodeError:
        return False
