"""Servers side by side, on a phone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pytest_websocket.protocol.rules import Level, Rule
from pytest_websocket.render import matrix
from pytest_websocket.render.conformance import Conformance
from pytest_websocket.render.run import Outcome, Record

pytestmark = pytest.mark.asyncio(loop_scope="session")


def server_of(name: str, outcome: Outcome) -> matrix.Server:
    """Returns a server with 21 rules of each level in a section, all with one outcome."""
    rules = [Rule(6455, "5.5.1", level, f"rule {number}") for level in Level for number in range(21)]
    records = [
        Record(str(rule), title="x", link="a" * 32, topic="Close", rule=rule, outcome=outcome)
        for rule in rules
    ]
    table = json.loads(json.dumps(Conformance.of(records, name).to_json()))
    return matrix.Server(table, "", {"Target": f"wss://{name}/{'x' * 60}"})


async def test_two_servers_are_seen_at_once_and_no_cell_is_too_small(chromium: Any, tmp_path: Path) -> None:
    servers = [server_of(f"server-{number}.example", Outcome.FAILED) for number in range(3)]
    path = tmp_path / "matrix.html"
    path.write_text(matrix.page(servers), encoding="utf-8")
    context = await chromium.new_context(viewport={"width": 400, "height": 900})
    try:
        tab = await context.new_page()
        await tab.goto(path.as_uri())
        assert await tab.evaluate("document.documentElement.scrollWidth") <= 400
        wide = "[...document.querySelectorAll('td')].filter((each) => each.scrollWidth > each.clientWidth)"
        assert await tab.evaluate(f"{wide}.map((each) => each.textContent)") == []
        second = await tab.locator("tbody tr").first.locator("td").nth(1).bounding_box()
        assert second["x"] + second["width"] <= 400
    finally:
        await context.close()
