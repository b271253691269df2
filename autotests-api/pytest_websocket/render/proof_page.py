"""Renders what `make proof` found, in short: how many faulty servers the suite noticed, rule by rule."""

from __future__ import annotations

import re
from pathlib import Path

from pytest_websocket.render.pages import render

_STORED = Path(__file__).resolve().parents[3] / "docs" / "proof.md"
_ROW = re.compile(r"^\| (RFC \d+ §[\d.]+|contract) \| (\d+) \| (\d+) \|", re.MULTILINE)
_FACT = re.compile(r"^\| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
UNNOTICED = "Faults that nothing notices"
"""Heading of the list in docs/proof.md that the page repeats."""

_SURVIVOR = re.compile(r"^- `([\w-]+)` \(([^)]+)\): (.+)$", re.MULTILINE)


def page(stored: Path = _STORED) -> str:
    """Returns the page, without script; empty where the proof has not been written down."""
    if not stored.is_file():
        return ""
    text = stored.read_text(encoding="utf-8")
    facts = [(_plain(name), _plain(value)) for name, value in _FACT.findall(text.partition("\n## ")[0])]
    # The first two are what the page begins with.
    facts = facts[2:]
    rows = [(rule, int(servers), int(killed)) for rule, servers, killed in _ROW.findall(text)]
    if not rows:
        return ""
    # Other lists of the page have the same form.
    unnoticed = text.partition(f"## {UNNOTICED}")[2].partition("\n## ")[0]
    return render(
        "proof.html.j2",
        facts=[(name, value) for name, value in facts if value.strip("-: ")],
        rows=rows,
        servers=sum(row[1] for row in rows),
        noticed=sum(row[2] for row in rows),
        unnoticed=_SURVIVOR.findall(unnoticed),
    )


def _plain(markdown: str) -> str:
    return re.sub(r"[*`]", "", markdown).strip()
