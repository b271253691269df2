"""Text of others inside our Markdown."""

from __future__ import annotations

import html
import re


def cell(text: str) -> str:
    """``text`` for a cell of a table: on one line, and nothing in it is markup or a mention."""
    one_line = html.escape(" ".join(text.split()), quote=False)
    return re.sub(r"([\\|`*_\[\]~#])", r"\\\1", one_line).replace("@", "@\u200b")
