"""Payloads as HTML: escaped, with everything that the eye cannot see made visible."""

from __future__ import annotations

import html
import json
import re
import unicodedata
from typing import Any

from pytest_websocket.recording import FrameRecord
from pytest_websocket.target.secrets import Secrets

_INVISIBLE = (
    "\x00-\x09\x0b-\x1f\x7f-\xa0\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u2000-\u200f\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffc\ufffe\uffff"
    "\ud800-\udfff\ue000-\uf8ff\U000e0000-\U000e0fff"
)
# Blanks at the edges of a line and runs of them are invisible as well.
_MARKED = re.compile(rf"([{_INVISIBLE}])\1*|^ +| +$|  +|\n", re.MULTILINE)
_COMBINING_FIRST = re.compile(
    "[\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u0610-\u061a\u064b-\u065f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20f0\ufe20-\ufe2f]"
)
_JSON_BEGIN = re.compile(r"[^\[{]{0,64}(?=[\[{])")
_JSON_TOKENS = re.compile(
    r'(?P<key>"(?:[^"\\]|\\.)*")(?=\s*:)|(?P<string>"(?:[^"\\]|\\.)*")'
    r"|(?P<number>-?\d[\d.eE+-]*)|(?P<word>true|false|null)"
)
_PICTURES = {"\t": "⇥", "\x7f": "DEL", "\xa0": "NBSP"}

# Four letters for each of the first 32 code points.
_CONTROL_NAMES = (
    "NUL SOH STX ETX EOT ENQ ACK BEL BS  HT  LF  VT  FF  CR  SO  SI  "
    "DLE DC1 DC2 DC3 DC4 NAK SYN ETB CAN EM  SUB ESC FS  GS  RS  US  "
)

BYTES_PER_ROW = 16


def text_html(text: str) -> str:
    """Escaped text; control, format and blank characters as pictures or code points, named in a tooltip."""
    if text.isascii() and text.isprintable() and "  " not in text and text.strip(" ") == text:
        return html.escape(text)
    # A combining mark needs something to stand on, or it moves to the letter before.
    lead = "<i>◌</i>" if _COMBINING_FIRST.match(text) else ""
    pieces, position = [lead], 0
    for found in _MARKED.finditer(text):
        pieces += (html.escape(text[position : found.start()]), _picture(found[0]))
        position = found.end()
    pieces.append(html.escape(text[position:]))
    return "".join(pieces)


def shown_data(frame: FrameRecord, secrets: Secrets) -> bytes:
    """What the tape has kept of a frame's data, without secrets."""
    data = bytes(frame.data)
    return secrets.mask_bytes(data, cut=len(data) < frame.size)


def decoded(data: bytes, *, cut: bool) -> str:
    """Bytes as text; what is not UTF-8 stays as lone surrogates, which `text_html` shows as bytes.

    ``cut`` says that the data goes on: a character that it ends in the middle of is left out.
    """
    if cut:
        for missing in range(1, 4):
            if data[-missing:][:1] >= b"\xc0":
                data = data[:-missing]
                break
    return data.decode("utf-8", "surrogateescape")


def one_line(text: str, limit: int) -> str:
    """The beginning of a text on one line, as HTML."""
    cut = text[:limit]
    shown = text_html(cut).replace("\n", " ")
    return shown + ("…" if len(text) > limit else "")


def json_html(text: str, limit: int) -> str | None:
    """A JSON object or array, indented and coloured; None where the text is none.

    A few words may stand before it: an echo server puts its own there.
    """
    begin = _JSON_BEGIN.match(text)
    if begin is None or text[-1:] not in "}]":
        return None
    try:
        value: Any = json.loads(text[begin.end() :])
    except (ValueError, RecursionError):
        return None
    pretty = json.dumps(value, ensure_ascii=False, indent=2)
    if "\n" not in pretty:
        return None
    cut = pretty[:limit]
    pieces, position = [text_html(begin[0])], 0
    for token in _JSON_TOKENS.finditer(cut):
        kind = (token.lastgroup or "")[0]
        pieces.append(html.escape(cut[position : token.start()], quote=False))
        pieces.append(f'<span class="j{kind}">{text_html(token[0])}</span>')
        position = token.end()
    pieces.append(html.escape(cut[position:], quote=False))
    return "".join(pieces) + ("…" if len(pretty) > limit else "")


def hex_line(data: bytes, limit: int = BYTES_PER_ROW) -> str:
    """The first bytes in hexadecimal, on one line."""
    return data[:limit].hex(" ") + (" …" if len(data) > limit else "")


def hex_html(data: bytes) -> str:
    """A hex dump: offset, bytes, and the ASCII among them."""
    rows = []
    for start in range(0, len(data), BYTES_PER_ROW):
        row = data[start : start + BYTES_PER_ROW]
        halves = row[:8].hex(" ") + "  " + row[8:].hex(" ")
        letters = "".join(chr(byte) if 32 <= byte < 127 else "·" for byte in row)
        rows.append(f"<i>{start:04x}</i>  {halves:<49} {html.escape(letters)}")
    return "\n".join(rows)


def size(count: int) -> str:
    """A number of bytes for people: ``15 B``, ``1.5 KiB``, ``2 MiB``."""
    if count < 1024:
        return f"{count} B"
    value, unit = (count / 1024, "KiB") if count < 1 << 20 else (count / (1 << 20), "MiB")
    return f"{value:.1f} {unit}".replace(".0 ", " ")


def milliseconds(seconds: float) -> str:
    """A time in milliseconds with the digits that matter, no unit."""
    value = seconds * 1000
    if abs(value) < 10:
        return f"{value:.2f}"
    return f"{value:.1f}" if abs(value) < 1000 else f"{value:,.0f}"


def _picture(run: str) -> str:
    letter, count = run[0], len(run)
    if letter == "\n":
        return '<i title="line feed">↵</i>\n'
    if letter == " ":
        # Each blank is shown up to a point; of a thousand the number says more.
        return f"<i>{'·' * count}</i>" if count <= 24 else f"<i>·×{count:,}</i>"
    code = ord(letter)
    if letter in _PICTURES:
        shown = _PICTURES[letter]
    elif code < 32:
        shown = _CONTROL_NAMES[4 * code :][:4].rstrip()
    elif 0xDC80 <= code <= 0xDCFF:
        byte = f"\\x{code - 0xDC00:02x}"
        return f'<i title="not UTF-8">{byte * count if count <= 24 else f"{byte}×{count:,}"}</i>'
    else:
        shown = f"U+{code:04X}"
    many = f"×{count:,}" if count > 8 else ""
    name = unicodedata.name(letter, "control character" if code < 160 else "unassigned")
    body = (shown if many else shown * count) + many
    return f'<i title="U+{code:04X} {html.escape(name.lower())}">{body}</i>'
