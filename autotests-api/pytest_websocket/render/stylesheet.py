"""Style sheets that stand in every page: written for people, shipped for machines."""

from __future__ import annotations

import re


def minified(css: str) -> str:
    """The same rules without the blanks that only a reader needs."""
    return re.sub(r"\s*([{}:;,])\s*", r"\1", re.sub(r"\s+", " ", css)).strip()
