"""What `make proof` found, in short: how many faulty servers the suite noticed, rule by rule."""

from __future__ import annotations

import re
from pathlib import Path

from pytest_websocket.render.escaping import text_html
from pytest_websocket.render.stylesheet import minified

_STORED = Path(__file__).resolve().parents[3] / "docs" / "proof.md"
_STYLE = minified(Path(__file__).with_name("conformance.css").read_text(encoding="utf-8"))
_ROW = re.compile(r"^\| (RFC \d+ §[\d.]+|contract) \| (\d+) \| (\d+) \|", re.MULTILINE)
_FACT = re.compile(r"^\| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
UNNOTICED = "Faults that nothing notices"
"""Heading of the list in docs/proof.md that the page repeats."""

_SURVIVOR = re.compile(r"^- `([\w-]+)` \(([^)]+)\): (.+)$", re.MULTILINE)


def page(stored: Path = _STORED) -> str:
    """The page, without script; empty where the proof has not been written down."""
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
    servers, killed = sum(row[1] for row in rows), sum(row[2] for row in rows)
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><title>Can the cases fail?</title>'
        f"<style>{_STYLE}</style></head><body>"
        f'<div class="verdict" style="--c:var(--kept)"><b>{killed:,} of {servers:,}</b><div>'
        "<p>faulty servers turn the suite red.</p>"
        '<p class="m">A green run means something only if a wrong server is noticed. Each of these servers '
        "differs from a correct one by one broken rule. “make proof” aims the suite at all of them; this is "
        "what it found last.</p></div></div>"
        f'<ul class="plain">{"".join(_fact(*fact) for fact in facts)}</ul>'
        f"<h2>By rule</h2>{''.join(_rule(*row) for row in rows)}"
        f"{_survivors(_SURVIVOR.findall(unnoticed))}</body></html>"
    )


def _plain(markdown: str) -> str:
    return re.sub(r"[*`]", "", markdown).strip()


def _fact(name: str, value: str) -> str:
    return f"<li>{text_html(name)}: <b>{text_html(value)}</b></li>" if value.strip("-: ") else ""


def _rule(rule: str, servers: int, killed: int) -> str:
    kind = "kept" if killed == servers else "deviates"
    width = 100 * killed / servers
    rest = f'<i class="unknown" style="width:{100 - width:.1f}%"></i>' if killed < servers else ""
    return (
        f'<div class="row proof"><b>{text_html(rule)}</b>'
        f'<div class="bar"><i class="{kind}" style="width:{width:.1f}%"></i>{rest}</div>'
        f'<span class="cell">{killed} / {servers}</span></div>'
    )


def _survivors(found: list[tuple[str, str, str]]) -> str:
    if not found:
        return ""
    rows = "".join(
        f'<li style="--c:var(--deviates)"><b>{text_html(rule)}</b>{text_html(what)} '
        f'<span class="m">{text_html(name)}</span></li>'
        for name, rule, what in found
    )
    return f"<h2>Not noticed yet</h2><ol>{rows}</ol>"
