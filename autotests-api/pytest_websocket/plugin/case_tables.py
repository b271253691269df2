"""Tables of test cases as Markdown: one line a test function, a section for each rule or class."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pytest


def by_function(items: Iterable[pytest.Item]) -> dict[str, list[pytest.Item]]:
    """Returns the collected tests by their function: its node id without parameters, in order."""
    found: dict[str, list[pytest.Item]] = {}
    for item in items:
        found.setdefault(item.nodeid.partition("[")[0], []).append(item)
    return found


def document(
    title: str,
    target: str,
    introduction: Sequence[str],
    header: Sequence[str],
    rows: Iterable[tuple[str, str, Sequence[Any]]],
) -> str:
    """Returns a Markdown document that ``make`` writes for ``target``.

    ``header`` are the two lines that begin each table; a row is the title of its section, the address that
    the title leads to, and the cells.
    """
    made = f"Made by `make {target}`; `make test` checks that it is up to date."
    lines = [f"# {title}", "", made, *(line for text in introduction for line in ("", text))]
    section = None
    for heading, url, cells in rows:
        if heading != section:
            section = heading
            lines += ["", f"## [{heading}]({url})", "", *header]
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(lines)
