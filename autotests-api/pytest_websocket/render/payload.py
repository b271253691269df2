"""What a frame carries, as the data cell of the transcript: text, folded JSON, hex, or a Close in words."""

from __future__ import annotations

from pytest_websocket.protocol.frames import BINARY, CLOSE, TEXT
from pytest_websocket.recording import FrameRecord
from pytest_websocket.render.close_summary import describe
from pytest_websocket.render.escaping import decoded, hex_html, hex_line, json_html, one_line, size, text_html

# Longer text is folded; the fold's summary shows as much.
FOLD = 160
_TALL_JSON = 40
_SHORT_HEX = 16


def payload_html(frame: FrameRecord, data: bytes, limit: int, *, message: int) -> str:
    """The payload, at most ``limit`` bytes of it.

    ``data`` is the frame's data without secrets; ``message`` is the opcode that began the message, which
    tells what a continuation frame carries.
    """
    if frame.opcode == CLOSE:
        return f"<pre>{text_html(describe(data))}</pre>"
    if not data:
        return '<span class="m">empty</span>'
    shown = data[:limit]
    if message == BINARY or (message != TEXT and not _is_readable(shown)):
        return _hex(shown[: limit // 4], frame.size)
    return _text(shown, frame.size, limit)


def _text(shown: bytes, whole: int, limit: int) -> str:
    cut = len(shown) < whole
    more = _more(len(shown), whole)
    text = decoded(shown, cut=cut)
    line = f'<summary class="p">{one_line(text, FOLD)}</summary>'
    if not cut and (pretty := json_html(text, 2 * limit)) is not None:
        unfolded = " open" if pretty.count("\n") <= _TALL_JSON else ""
        return f"<details{unfolded}>{line}<pre>{pretty}</pre></details>"
    if len(text) > FOLD or text.count("\n") > 3:
        return f"<details>{line}<pre>{text_html(text)}</pre>{more}</details>"
    return f"<pre>{text_html(text)}</pre>{more}"


def _hex(shown: bytes, whole: int) -> str:
    if whole <= _SHORT_HEX:
        return f"<pre>{hex_line(shown)}</pre>"
    more = _more(len(shown), whole)
    return (
        f'<details><summary class="p">{hex_line(shown)}</summary>'
        f'<pre class="h">{hex_html(shown)}</pre>{more}</details>'
    )


def _more(shown: int, whole: int) -> str:
    if shown >= whole:
        return ""
    return f'<div class="m">{size(whole)} in all, the first {size(shown)} shown</div>'


def _is_readable(data: bytes) -> bool:
    try:
        return data.decode().isprintable()
    except UnicodeDecodeError:
        return False
