"""Renders the result of a load as a page: charts over time, the percentile curve, the table of figures."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pytest_websocket.load.capacity_search import Capacity
from pytest_websocket.load.result import Result, milliseconds
from pytest_websocket.render.pages import render

WIDTH, HEIGHT, LEFT, RIGHT, BOTTOM, TOP = 900, 240, 70, 20, 34, 26

Curve = list[tuple[float, float]]

_COLOURS = ("#2563eb", "#d97706", "#dc2626", "#7c3aed", "#059669")
_PERCENTS = (0, 25, 50, 75, 90, 95, 99, 99.5, 99.9, 99.95, 99.99, 99.999)
_PERCENT_TICKS = {0.0: "0 %", 1.0: "90 %", 2.0: "99 %", 3.0: "99.9 %", 4.0: "99.99 %", 5.0: "99.999 %"}


@dataclass(frozen=True)
class Chart:
    """Curves in the units of the picture, with the labels of both axes."""

    title: str
    axis: str
    rows: list[tuple[float, str]]
    columns: list[tuple[float, str]]
    curves: list[tuple[str, str, Curve]]


@dataclass(frozen=True)
class _Scale:
    """Maps values to the picture; a logarithmic one has whole powers of ten as its ends."""

    low: float
    high: float
    logarithmic: bool = False

    def part(self, value: float) -> float:
        """Returns the position of ``value`` from 0 to 1."""
        if self.logarithmic:
            return math.log10(max(value, self.low) / self.low) / math.log10(self.high / self.low)
        return (value - self.low) / ((self.high - self.low) or 1)

    def ticks(self) -> list[float]:
        """Returns the values that get a label."""
        if self.logarithmic:
            return [self.low * 10**power for power in range(round(math.log10(self.high / self.low)) + 1)]
        return [self.low + (self.high - self.low) * step / 4 for step in range(5)]


def page(title: str, result: Result, remarks: Sequence[str] = ()) -> str:
    """Returns the page of one load: HTML without scripts."""
    charts = [latency_over_time(result), percentile_curve(result), throughput_over_time(result)]
    return _page(title, result.table(), remarks, charts)


def capacity_page(title: str, capacity: Capacity, remarks: Sequence[str] = ()) -> str:
    """Returns the page of a capacity search, with a row for each step: HTML without scripts."""
    rows = [("messages/s", "p50, p99, max", "verdict")]
    for step in sorted(capacity.steps, key=lambda step: step.rate):
        latency = step.result.latency
        times = (latency.percentile(50), latency.percentile(99), latency.longest)
        rows.append((f"{step.rate:,.0f}", ", ".join(map(milliseconds, times)), step.violation or "kept"))
    return _page(title, rows, remarks, [capacity_chart(capacity)])


def latency_over_time(result: Result) -> Chart | None:
    """Returns p50, p99 and the maximum of every second, on a logarithmic scale."""
    seconds = [second for second in result.seconds if len(second.latency)]
    curves = {
        "p50": [(second.start, second.latency.percentile(50)) for second in seconds],
        "p99": [(second.start, second.latency.percentile(99)) for second in seconds],
        "max": [(second.start, second.latency.longest) for second in seconds],
    }
    return _chart("Round trip over time", curves, "seconds from the start", milliseconds, logarithmic=True)


def throughput_over_time(result: Result) -> Chart | None:
    """Returns messages sent and answered in every second."""
    seconds = [second for second in result.seconds if second.length > 0.2]
    curves = {
        "sent": [(second.start, second.sent / second.length) for second in seconds],
        "answered": [(second.start, second.received / second.length) for second in seconds],
    }
    return _chart("Messages per second", curves, "seconds from the start", lambda value: f"{value:,.0f}")


def percentile_curve(result: Result) -> Chart | None:
    """Returns the round trip by percentile; on its axis each further nine has the same width.

    None where no message was answered.
    """
    if not len(result.latency):
        return None
    highest = 100 * (1 - 1 / max(2, len(result.latency)))
    points = [
        (-math.log10(1 - percent / 100), result.latency.percentile(percent))
        for percent in _PERCENTS
        if percent <= highest
    ]
    curves = {"round trip": points}
    return _chart("Percentiles of the round trip", curves, "", milliseconds, columns=_PERCENT_TICKS)


def capacity_chart(capacity: Capacity) -> Chart | None:
    """Returns p50 and p99 by the rate of each step."""
    steps = sorted(capacity.steps, key=lambda step: step.rate)
    curves = {
        f"p{percent}": [(step.rate, step.result.latency.percentile(percent)) for step in steps]
        for percent in (50, 99)
    }
    return _chart("Round trip at each rate", curves, "messages per second", milliseconds, logarithmic=True)


def _page(
    title: str, rows: Sequence[tuple[str, ...]], remarks: Sequence[str], charts: Sequence[Chart | None]
) -> str:
    picture = {"WIDTH": WIDTH, "HEIGHT": HEIGHT, "LEFT": LEFT, "RIGHT": RIGHT, "BOTTOM": BOTTOM}
    drawn = [chart for chart in charts if chart is not None]
    return render("load.html.j2", title=title, rows=rows, remarks=remarks, charts=drawn, picture=picture)


def _chart(
    title: str,
    curves: dict[str, Curve],
    axis: str,
    label: Callable[[float], str],
    *,
    logarithmic: bool = False,
    columns: Mapping[float, str] | None = None,
) -> Chart | None:
    """Returns the curves as a chart; None for fewer than two points. ``label`` formats a vertical value."""
    points = [point for curve in curves.values() for point in curve]
    if len(points) < 2:
        return None
    across = _Scale(min(x for x, _ in points), max(x for x, _ in points))
    up = _vertical_scale([y for _, y in points], logarithmic)
    columns = columns or {x: _number(x) for x in across.ticks()}
    shown = {x: text for x, text in columns.items() if across.low - 1e-9 <= x <= across.high + 1e-9}

    def x_of(value: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * across.part(value)

    def y_of(value: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * up.part(value)

    return Chart(
        title,
        axis,
        rows=[(y_of(value), label(value)) for value in up.ticks()],
        columns=[(x_of(x), text) for x, text in shown.items()],
        curves=[
            (name, _COLOURS[index % len(_COLOURS)], [(x_of(x), y_of(y)) for x, y in curve])
            for index, (name, curve) in enumerate(curves.items())
        ],
    )


def _vertical_scale(values: Sequence[float], logarithmic: bool) -> _Scale:
    if not logarithmic:
        return _Scale(0.0, max(values) * 1.1 or 1.0)
    positive = [value for value in values if value > 0] or [1.0]
    low = 10 ** math.floor(math.log10(min(positive)))
    return _Scale(low, 10 ** math.ceil(math.log10(max(positive)) + 1e-9), logarithmic=True)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
