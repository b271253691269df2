"""Renders several servers side by side: a column per server, a row per section of the RFCs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TARGETS = "targets"
"""Folder within the results where each of several runs says what it was made of."""
_LEVELS = ("MUST", "SHOULD", "MAY")
_NOT_FAILED = ("passed", "skipped")


@dataclass(frozen=True)
class Server:
    """One server: its table as plain data, its own page, and what its run was made of."""

    table: dict[str, Any]
    page: str
    facts: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Returns what the run was called, else the target."""
        return str(self.table["target"])

    @property
    def conforms(self) -> bool:
        """Returns whether it keeps every MUST that was tested."""
        return bool(self.table["conforms"])

    @property
    def words(self) -> str:
        """Returns ``149 of 150 MUST``."""
        must = self.table["totals"]["MUST"]
        return f"{must['kept']} of {must['kept'] + must['broken']} MUST"

    def section(self, place: tuple[int, str]) -> dict[str, Any] | None:
        """Returns a section's rules, if any of its tests ran."""
        sections = (each for each in self.table["sections"] if (each["rfc"], each["section"]) == place)
        return next(sections, None)


def read_servers(folder: Path, targets: Path | None = None) -> list[Server]:
    """Returns what the runs have left below ``folder`` and ``targets``, in the order of their names."""
    files = sorted(targets.glob("*.json")) if targets is not None else []
    facts = {run["name"]: run["facts"] for run in (json.loads(file.read_bytes()) for file in files)}
    tables = [
        (json.loads(path.read_bytes()), path.with_suffix(".html").read_text(encoding="utf-8"))
        for path in folder.rglob("conformance.json")
    ]
    found = [Server(table, page, facts.get(table["target"], {})) for table, page in tables]
    return sorted(found, key=lambda server: server.name.casefold())


def merged_index(folder: Path) -> dict[str, Any]:
    """Returns Autobahn's ``index.json`` of all runs, which may list many servers."""
    merged: dict[str, Any] = {}
    for path in sorted(folder.rglob("index.json")):
        merged |= json.loads(path.read_text(encoding="utf-8"))
    return merged


def page(servers: Sequence[Server]) -> str:
    """Returns the table as a page; a cell with something broken leads to the first test that failed."""
    # What one server has left is read without Jinja, too.
    from pytest_websocket.render.pages import render

    topics = {
        (section["rfc"], section["section"]): section["topic"]
        for server in servers
        for section in server.table["sections"]
    }
    places = sorted(topics, key=lambda place: (place[0], [int(part) for part in place[1].split(".")]))
    facts = list(dict.fromkeys(name for server in servers for name in server.facts))
    return render(
        "matrix.html.j2",
        servers=servers,
        rows=[
            (rfc, section, topics[rfc, section], [_cell(each.section((rfc, section))) for each in servers])
            for rfc, section in places
        ],
        facts=[(name, [server.facts.get(name, "–") for server in servers]) for name in facts],
    )


@dataclass(frozen=True)
class Part:
    """The rules of one level in a cell: kept of tested; ``link`` leads to the first test that failed."""

    words: str
    level: str
    link: str


def _cell(section: dict[str, Any] | None) -> tuple[str, list[Part]]:
    """Returns the class of a cell and its parts; no class where the server has no such section."""
    if section is None:
        return "", []
    parts, kind = [], "kept"
    for level in _LEVELS:
        rules = [rule for rule in section["rules"] if rule["level"] == level]
        known = [rule for rule in rules if rule["verdict"] != "not tested"]
        broken = [rule for rule in known if rule["verdict"] == "broken"]
        if not known:
            continue
        link = ""
        if broken:
            kind = "broken" if level != "SHOULD" else "deviates" if kind == "kept" else kind
            link = next(case["link"] for case in broken[0]["cases"] if case["outcome"] not in _NOT_FAILED)
        parts.append(Part(f"{len(known) - len(broken)}/{len(known)}", level, link))
    return (kind if parts else "m"), parts
