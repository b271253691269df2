"""The options that size a load."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_websocket.plugin.options import Option

if TYPE_CHECKING:
    from pytest_websocket.load.thresholds import Threshold
    from pytest_websocket.load.workload import Workload


def _number(text: str) -> int:
    value = int(text.replace("_", "").replace(",", "")) if re.fullmatch(r"[\d_,]+", text) else 0
    if value < 1:
        raise ValueError("expected a whole number above 0")
    return value


def _rate(text: str) -> float:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(?:/s)?", text.replace("_", ""))
    if match is None or not 0 < float(match[1]) <= 1e6:
        raise ValueError("expected a number per second above 0")
    return float(match[1])


def _duration(text: str) -> float:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(s|m|h)?", text)
    seconds = float(match[1]) * {"s": 1, "m": 60, "h": 3600}[match[2] or "s"] if match else math.nan
    if not 0.1 <= seconds <= 24 * 3600:
        raise ValueError("expected a duration up to a day, as in 30s, 5m or 2h")
    return seconds


def _file(text: str) -> Path:
    path = Path(text)
    if not path.parent.is_dir() or path.is_dir():
        raise ValueError("expected a file in a folder that is there")
    return path


def _workload(text: str) -> Workload:
    from pytest_websocket.load.workload import Workload

    return Workload.parse(text)


def _threshold(text: str) -> Threshold:
    from pytest_websocket.load.thresholds import Threshold

    return Threshold.parse(text)


LOAD_OPTIONS = (
    Option("ws-users", "connections of a load (default: 1000)", "COUNT", _number),
    Option("ws-rate", "messages per second of all together (default: one per connection)", "RATE", _rate),
    Option("ws-duration", "how long a load lasts (default: 3s)", "TIME", _duration),
    Option(
        "ws-ramp", "connections to open per second (default: as fast as they are accepted)", "RATE", _rate
    ),
    Option(
        "ws-mix",
        "what is sent: text:100=8,binary:1k=1 (default: text:100)",
        "MIX",
        _workload,
    ),
    Option(
        "ws-budget",
        "threshold of a load: p99=50ms, max=1s, connect.p90=1s, errors=0, rate=1000; repeatable; "
        "without one a load has figures and no verdict",
        "LIMIT",
        _threshold,
        many=True,
    ),
    Option("ws-load-figures", "write the figures of all loads to this file, as JSON", "FILE", _file),
)
