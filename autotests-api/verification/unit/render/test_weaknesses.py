"""The section of a report on weaknesses: the worst first, however many tests found the others."""

from __future__ import annotations

from datetime import UTC, datetime

from pytest_websocket.protocol.weaknesses import Severity, Weakness
from pytest_websocket.render import overview
from pytest_websocket.render.overview import Circumstances
from pytest_websocket.render.run import Outcome, Record, Run


def test_worst_weakness_comes_first() -> None:
    weaknesses = [
        *[Weakness(209, "Traces tell versions.", Severity.LOW)] * 3,
        *[Weakness(113, "A link writes headers.", Severity.HIGH)] * 2,
        Weakness(22, "A path reads files.", Severity.CRITICAL),
    ]
    records = {
        f"test_x.py::test_{number}": Record(
            f"test_x.py::test_{number}",
            weakness=weakness,
            outcome=Outcome.WEAK,
            reason="E: weak",
        )
        for number, weakness in enumerate(weaknesses)
    }
    around = Circumstances(target="ws://127.0.0.1:1", finished=datetime(2026, 1, 1, tzinfo=UTC), seconds=1.0)
    shown = overview.values(Run(records), None, around, lambda record: record.nodeid, 10)
    assert [cause.level for cause in shown["weaknesses"]] == ["critical", "high", "low"]
