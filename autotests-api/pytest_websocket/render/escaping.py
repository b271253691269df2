"""Splits payloads into what can be shown as it is and what needs a mark, and writes numbers for people."""

from __future__ import annotations

import codecs
import json
import re
import unicodedata
from collections.abc import Iterator
from typing import Any, NamedTuple

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


class Piece(NamedTuple):
    """A part of a text: shown as it is, or the mark of a run of characters that cannot be seen.

    ``title`` names the marked character; ``ends_line`` says that it is a line feed.
    """

    text: str
    is_mark: bool = False
    title: str = ""
    ends_line: bool = False


class Token(NamedTuple):
    """A part of a JSON text.

    ``kind`` is p (what stands before it), k (key), s (string), n (number), w (word) or empty.
    """

    text: str
    kind: str = ""


class HexRow(NamedTuple):
    """A row of a hex dump."""

    offset: str
    digits: str
    letters: str


def is_plain(text: str) -> bool:
    """Returns whether nothing in ``text`` needs a mark; may be false for a text that needs none."""
    return text.isascii() and text.isprintable() and "  " not in text and text.strip(" ") == text


def pieces(text: str) -> Iterator[Piece]:
    """Yields the parts of ``text``; a run of one invisible character is one mark."""
    # A combining mark needs something to stand on, or it moves to the letter before.
    if _COMBINING_FIRST.match(text):
        yield Piece("◌", is_mark=True)
    position = 0
    for found in _MARKED.finditer(text):
        if found.start() > position:
            yield Piece(text[position : found.start()])
        yield _mark(found[0])
        position = found.end()
    if position < len(text):
        yield Piece(text[position:])


def decoded(data: bytes, *, cut: bool) -> str:
    """Returns bytes as text; what is not UTF-8 stays as lone surrogates, which `pieces` marks as bytes.

    ``cut`` says that the data goes on: a character that it ends in the middle of is left out.
    """
    return codecs.getincrementaldecoder("utf-8")("surrogateescape").decode(data, final=not cut)


def json_tokens(text: str, limit: int) -> list[Token] | None:
    """Returns a JSON object or array, indented, at most ``limit`` characters; None where the text is none.

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
    shown = pretty[:limit]
    tokens, position = [Token(begin[0], "p")] if begin[0] else [], 0
    for found in _JSON_TOKENS.finditer(shown):
        tokens += (Token(shown[position : found.start()]), Token(found[0], (found.lastgroup or "")[:1]))
        position = found.end()
    tokens.append(Token(shown[position:] + ("…" if len(pretty) > limit else "")))
    return tokens


def hex_line(data: bytes, limit: int = BYTES_PER_ROW) -> str:
    """Returns the first bytes in hexadecimal, on one line."""
    return data[:limit].hex(" ") + (" …" if len(data) > limit else "")


def hex_rows(data: bytes) -> Iterator[HexRow]:
    """Yields the rows of a hex dump: offset, bytes, and the ASCII among them."""
    for start in range(0, len(data), BYTES_PER_ROW):
        row = data[start : start + BYTES_PER_ROW]
        halves = row[:8].hex(" ") + "  " + row[8:].hex(" ")
        letters = "".join(chr(byte) if 32 <= byte < 127 else "·" for byte in row)
        yield HexRow(f"{start:04x}", f"{halves:<49}", letters)


def size(count: int) -> str:
    """Returns a number of bytes for people: ``15 B``, ``1.5 KiB``, ``2 MiB``."""
    if count < 1024:
        return f"{count} B"
    value, unit = (count / 1024, "KiB") if count < 1 << 20 else (count / (1 << 20), "MiB")
    return f"{value:.1f} {unit}".replace(".0 ", " ")


def milliseconds(seconds: float) -> str:
    """Returns a time in milliseconds with the digits that matter, without a unit."""
    value = seconds * 1000
    if abs(value) < 10:
        return f"{value:.2f}"
    return f"{value:.1f}" if abs(value) < 1000 else f"{value:,.0f}"


def _mark(run: str) -> Piece:
    letter, count = run[0], len(run)
    if letter == "\n":
        return Piece("↵", is_mark=True, title="line feed", ends_line=True)
    if letter == " ":
        # Each blank is shown up to a point; of a thousand the number says more.
        return Piece("·" * count if count <= 24 else f"·×{count:,}", is_mark=True)
    code = ord(letter)
    if 0xDC80 <= code <= 0xDCFF:
        byte = f"\\x{code - 0xDC00:02x}"
        return Piece(byte * count if count <= 24 else f"{byte}×{count:,}", is_mark=True, title="not UTF-8")
    if letter in _PICTURES:
        shown = _PICTURES[letter]
    elif code < 32:
        shown = _CONTROL_NAMES[4 * code :][:4].rstrip()
    else:
        shown = f"U+{code:04X}"
    many = f"×{count:,}" if count > 8 else ""
    name = unicodedata.name(letter, "control character" if code < 160 else "unassigned")
    text = (shown if many else shown * count) + many
    return Piece(text, is_mark=True, title=f"U+{code:04X} {name.lower()}")
