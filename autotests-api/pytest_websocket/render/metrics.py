"""Round trips and connect times as Allure's performance metrics, which it compares from run to run."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable
from typing import Any

from pytest_websocket.render.roundtrips import quantile
from pytest_websocket.render.run import Outcome, Record

# Of a test that is about load or bad networks the times say nothing about the server.
_EPICS = ("Echo contract", "Conformance to the RFCs")


def metrics(records: Iterable[Record]) -> list[dict[str, Any]]:
    """Returns p50, p95 and max in milliseconds, over tests that passed; empty where nothing was measured."""
    counted = [record for record in records if record.epic in _EPICS and record.outcome is Outcome.PASSED]
    now = round(time.time() * 1000)
    samples = {
        "ws.round_trip": [trip for record in counted for trip in record.trips],
        "ws.connect": [opened for record in counted for opened in record.opened],
    }
    return [
        {
            "id": str(uuid.uuid4()),
            "key": f"{name}.{statistic}",
            "value": round(quantile(values, share), 3),
            "start": now,
            "stop": now,
            "group": "ws",
        }
        for name, values in samples.items()
        if values
        for statistic, share in (("p50", 0.5), ("p95", 0.95), ("max", 1.0))
    ]
