"""Several servers side by side: a column per server, a row per section of the RFCs."""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pytest_websocket.render.escaping import text_html
from pytest_websocket.render.stylesheet import minified

_STYLE = minified(Path(__file__).with_name("matrix.css").read_text(encoding="utf-8"))
TARGETS = "targets"
"""Folder within the results where each of several runs says what it was made of."""
_LEVELS = ("MUST", "SHOULD", "MAY")


@dataclass(frozen=True)
class Server:
    """One server: its table as plain data, its own page, and what its run was made of."""

    table: dict[str, Any]
    page: str
    facts: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What the run was called, else the target."""
        return str(self.table["target"])

    @property
    def is_fit(self) -> bool:
        """Whether it keeps every MUST that was tested."""
        return bool(self.table["fit"])

    @property
    def words(self) -> str:
        """``149 of 150 MUST``."""
        must = self.table["totals"]["MUST"]
        return f"{must['kept']} of {must['kept'] + must['broken']} MUST"

    def section(self, place: tuple[int, str]) -> dict[str, Any] | None:
        """A section's rules, if any of its cases ran."""
        sections = (each for each in self.table["sections"] if (each["rfc"], each["section"]) == place)
        return next(sections, None)


def read_servers(folder: Path, targets: Path | None = None) -> list[Server]:
    """What the runs have left below ``folder`` and ``targets``, in the order of their names."""
    files = sorted(targets.glob("*.json")) if targets is not None else []
    facts = {run["name"]: run["facts"] for run in (json.loads(file.read_bytes()) for file in files)}
    tables = [
        (json.loads(path.read_bytes()), path.with_suffix(".html").read_text(encoding="utf-8"))
        for path in folder.rglob("conformance.json")
    ]
    found = [Server(table, page, facts.get(table["target"], {})) for table, page in tables]
    return sorted(found, key=lambda server: server.name.casefold())


def merged_index(folder: Path) -> dict[str, Any]:
    """Autobahn's ``index.json`` of all runs: it has room for many servers."""
    merged: dict[str, Any] = {}
    for path in sorted(folder.rglob("index.json")):
        merged |= json.loads(path.read_text(encoding="utf-8"))
    return merged


def page(servers: Sequence[Server]) -> str:
    """The table; a cell with something broken leads to the first case that failed."""
    topics = {
        (section["rfc"], section["section"]): section["topic"]
        for server in servers
        for section in server.table["sections"]
    }
    places = sorted(topics, key=lambda place: (place[0], [int(part) for part in place[1].split(".")]))
    heads = "".join(f"<th>{html.escape(server.name)}</th>" for server in servers)
    totals = "".join(_total(server) for server in servers)
    rows = "".join(
        f'<tr><th><b>§{section}</b> <span class="m">RFC {rfc}</span><br>'
        f"{html.escape(topics[rfc, section])}</th>"
        + "".join(_cell(server.section((rfc, section))) for server in servers)
        + "</tr>"
        for rfc, section in places
    )
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><title>Servers side by side</title>'
        f"<style>{_STYLE}</style></head><body><h1>Servers side by side</h1>"
        f'<div class="wide"><table><thead><tr><th></th>{heads}</tr><tr class="totals"><th></th>{totals}</tr>'
        f"</thead><tbody>{rows}</tbody></table></div>"
        f"{_facts(servers)}"
        '<p class="m">Rules kept of rules tested; MUST, SHOULD, MAY. Red: a MUST is broken. Orange: the '
        "server deviates from a SHOULD. A number leads to the first case that failed. Not known: skipped, "
        "or other failures came first.</p></body></html>"
    )


def _facts(servers: Sequence[Server]) -> str:
    """What the probe found, and the tools of each run; what is not the same everywhere stands out."""
    names = list(dict.fromkeys(name for server in servers for name in server.facts))
    if not names:
        return ""
    heads = "".join(f"<th>{html.escape(server.name)}</th>" for server in servers)
    rows = ""
    for name in names:
        values = [server.facts.get(name, "–") for server in servers]
        kind = "" if len(set(values)) == 1 else ' class="differs"'
        cells = "".join(f"<td{kind}>{text_html(value)}</td>" for value in values)
        rows += f"<tr><th>{html.escape(name)}</th>{cells}</tr>"
    return (
        f'<h2>Targets and tools</h2><div class="wide"><table class="facts"><thead><tr><th></th>{heads}</tr>'
        f"</thead><tbody>{rows}</tbody></table></div>"
    )


def _total(server: Server) -> str:
    kind, word = ("kept", "✓ fit") if server.is_fit else ("broken", "✗ not fit")
    should = server.table["totals"]["SHOULD"]["broken"]
    aside = f'<br><span class="m">deviates from {should} SHOULD</span>' if should else ""
    if server.table["causes"]:
        cause = server.table["causes"][0]
        many = f" ({cause['cases']:,} cases)" if cause["cases"] > 1 else ""
        aside += f'<p class="m">{html.escape(cause["cause"])}{many}</p>'
    return f'<td class="{kind}"><b>{word}</b><br>{server.words}{aside}</td>'


def _cell(section: dict[str, Any] | None) -> str:
    if section is None:
        return '<td class="m">–</td>'
    parts, kind = [], "kept"
    for level in _LEVELS:
        rules = [rule for rule in section["rules"] if rule["level"] == level]
        known = [rule for rule in rules if rule["verdict"] != "not tested"]
        broken = [rule for rule in known if rule["verdict"] == "broken"]
        if not known:
            continue
        words = f"{len(known) - len(broken)}/{len(known)}"
        if broken:
            kind = "broken" if level != "SHOULD" else "deviates" if kind == "kept" else kind
            failed = next(case for case in broken[0]["cases"] if case["outcome"] != "passed")
            words = f'<a href="#{html.escape(failed["link"])}">{words}</a>'
        parts.append(f"<span>{words} <small>{level}</small></span>")
    if not parts:
        return '<td class="m">not known</td>'
    return f'<td class="{kind}">{" ".join(parts)}</td>'
