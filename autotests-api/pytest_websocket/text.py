"""Makes text safe and short enough for a terminal."""

from __future__ import annotations

import json

Message = str | bytes

# Joiners of emoji and of Persian or Indian scripts: format characters that belong to ordinary text.
_JOINERS = "\u200c\u200d"


def printable(text: str, *, keep: str = "") -> str:
    r"""Returns ``text`` with every character that a terminal obeys or does not show escaped.

    Control characters, line separators, bidirectional controls, spaces other than U+0020, zero-width
    spaces and lone surrogates become ``\x1b``, ``\xa0``, ``\u202e``, ``\ud800``. Letters, combining
    characters and the joiners U+200C and U+200D stay, as do the characters of ``keep``.
    """
    if text.isprintable():
        return text
    kept = _JOINERS + keep
    return "".join(
        letter if letter.isprintable() or letter in kept else ascii(letter)[1:-1] for letter in text
    )


def preview(message: Message, *, limit: int = 120, around: int = 0, whole: bool = True) -> str:
    """Returns a message in quotes, shortened to ``limit`` characters (bytes) near the index ``around``.

    ``whole=False`` says that ``message`` is the beginning of a longer one.
    """
    start = max(0, min(around - limit // 2, len(message) - limit))
    piece = message[start : start + limit]
    shown = f"“{printable(piece)}”" if isinstance(piece, str) else repr(bytes(piece))
    cut = not whole or start + limit < len(message)
    return f"{'… ' if start else ''}{shown}{' …' if cut else ''}"


def quantity(number: int, noun: str) -> str:
    """Returns ``1 byte`` or ``2 bytes``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def value_text(value: object) -> str:
    """Returns a decoded value in one line: as JSON where it can be, else as Python shows it."""
    try:
        return json.dumps(value, ensure_ascii=False, default=_one_line)
    except (ValueError, TypeError, RecursionError):
        return _one_line(value)


def _one_line(value: object) -> str:
    return value.hex() if isinstance(value, bytes) else " ".join(str(value).split())
