"""A result as a page: plots of latency and throughput over time, the percentile curve, the table."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence

from pytest_websocket.load.capacity_search import Capacity
from pytest_websocket.load.result import Result, milliseconds

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 900, 240, 70, 34, 26

Points = Sequence[tuple[float, float]]

_COLOURS = ("#2563eb", "#d97706", "#dc2626", "#7c3aed", "#059669")
_STYLE = (
    "body{font:14px system-ui,sans-serif;margin:12px;color:#1f2937;background:#fff}"
    "table{border-collapse:collapse;margin:12px 0}td,th{padding:4px 12px 4px 0;text-align:left;"
    "vertical-align:top;border-bottom:1px solid #e5e7eb;white-space:pre-wrap}"
    "th{font-weight:600}.bad{color:#b91c1c;font-weight:600}"
    # On a narrow page a plot keeps a size that can be read, and is scrolled.
    "figure{margin:16px 0;overflow-x:auto}svg{min-width:620px}"
    "@media(prefers-color-scheme:dark){body{color:#e5e7eb;background:#111827}.bad{color:#f87171}"
    "td,th{border-color:#374151}svg rect{fill:#111827}svg path{stroke:#374151}"
    'svg text[fill="#374151"]{fill:#d1d5db}}'
)


def latency_over_time(result: Result) -> str:
    """p50, p99 and the maximum of every second, as SVG with a logarithmic scale."""
    seconds = [second for second in result.seconds if len(second.latency)]
    curves = {
        "p50": [(second.start, second.latency.percentile(50)) for second in seconds],
        "p99": [(second.start, second.latency.percentile(99)) for second in seconds],
        "max": [(second.start, second.latency.longest) for second in seconds],
    }
    return chart("Round trip over time", curves, "seconds from the start", milliseconds, logarithmic=True)


def throughput_over_time(result: Result) -> str:
    """Messages sent and answered in every second, as SVG."""
    seconds = [second for second in result.seconds if second.length > 0.2]
    curves = {
        "sent": [(second.start, second.sent / second.length) for second in seconds],
        "answered": [(second.start, second.received / second.length) for second in seconds],
    }
    return chart("Messages per second", curves, "seconds from the start", lambda value: f"{value:,.0f}")


def percentile_curve(result: Result) -> str:
    """Round trip against percentile, as SVG; the horizontal scale gives every further nine the same room."""
    percents = [0, 25, 50, 75, 90, 95, 99, 99.5, 99.9, 99.95, 99.99, 99.999]
    most = 100 * (1 - 1 / max(2, len(result.latency)))
    points = [
        (-math.log10(1 - percent / 100), result.latency.percentile(percent))
        for percent in percents
        if percent <= most
    ]
    ticks = {0.0: "0 %", 1.0: "90 %", 2.0: "99 %", 3.0: "99.9 %", 4.0: "99.99 %", 5.0: "99.999 %"}
    return chart("Percentiles of the round trip", {"round trip": points}, "", milliseconds, ticks=ticks)


def capacity_plot(capacity: Capacity) -> str:
    """p50 and p99 against the rate of each step, as SVG."""
    steps = sorted(capacity.steps, key=lambda step: step.rate)
    curves = {
        f"p{percent}": [(step.rate, step.result.latency.percentile(percent)) for step in steps]
        for percent in (50, 99)
    }
    return chart("Round trip at each rate", curves, "messages per second", milliseconds, logarithmic=True)


def page(title: str, result: Result, remarks: Sequence[str] = ()) -> str:
    """Everything about one load as an HTML page without scripts."""
    plots = [latency_over_time(result), percentile_curve(result), throughput_over_time(result)]
    figures = "".join(f"<figure>{plot}</figure>" for plot in plots if plot)
    return _document(title, f"{table(result.table())}{_paragraphs(remarks)}{figures}")


def capacity_page(title: str, capacity: Capacity, remarks: Sequence[str] = ()) -> str:
    """The steps of a search for the capacity as an HTML page without scripts."""
    rows = [("messages/s", "p50, p99, max", "verdict")]
    for step in sorted(capacity.steps, key=lambda step: step.rate):
        latency = step.result.latency
        times = ", ".join(
            milliseconds(value) for value in (latency.percentile(50), latency.percentile(99), latency.longest)
        )
        rows.append((f"{step.rate:,.0f}", times, step.violation or "kept"))
    return _document(title, f"{table(rows)}{_paragraphs(remarks)}<figure>{capacity_plot(capacity)}</figure>")


def table(rows: Sequence[Sequence[str]]) -> str:
    """Rows as an HTML table, the first cell of each as its heading."""
    lines = []
    for first, *rest in rows:
        cells = "".join(f"<td>{html.escape(cell)}</td>" for cell in rest)
        mark = ' class="bad"' if first.isupper() else ""
        lines.append(f"<tr{mark}><th>{html.escape(first)}</th>{cells}</tr>")
    return f"<table>{''.join(lines)}</table>"


def chart(
    title: str,
    curves: dict[str, list[tuple[float, float]]],
    axis: str,
    words: object,
    *,
    logarithmic: bool = False,
    ticks: dict[float, str] | None = None,
) -> str:
    """Curves as an SVG picture; ``words`` writes a value of the vertical axis. Empty without two points."""
    points = [point for curve in curves.values() for point in curve]
    if len(points) < 2 or not callable(words):
        return ""
    left, right = min(x for x, _ in points), max(x for x, _ in points)
    values = [y for _, y in points if y > 0 or not logarithmic] or [1.0]
    low = 10 ** math.floor(math.log10(min(values))) if logarithmic else 0.0
    high = 10 ** math.ceil(math.log10(max(values)) + 1e-9) if logarithmic else max(values) * 1.1 or 1.0

    def horizontal(x: float) -> float:
        return LEFT + (WIDTH - LEFT - 20) * (x - left) / ((right - left) or 1)

    def vertical(y: float) -> float:
        if logarithmic:
            share = math.log10(max(y, low) / low) / math.log10(high / low)
        else:
            share = (y - low) / (high - low)
        return HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * share

    parts = [_text(LEFT, 16, title, weight=600)]
    for value in _levels(low, high, logarithmic):
        y = vertical(value)
        parts.append(f'<path d="M{LEFT} {y:.1f}H{WIDTH - 20}" stroke="#e5e7eb"/>')
        parts.append(_text(LEFT - 6, y + 4, str(words(value)), anchor="end"))
    marks = ticks or {
        left + (right - left) * part / 4: _number(left + (right - left) * part / 4) for part in range(5)
    }
    for x, label in marks.items():
        if left - 1e-9 <= x <= right + 1e-9:
            parts.append(_text(horizontal(x), HEIGHT - BOTTOM + 15, label, anchor="middle"))
    parts.append(_text(WIDTH - 20, HEIGHT - 4, axis, anchor="end"))
    for index, (name, curve) in enumerate(curves.items()):
        colour = _COLOURS[index % len(_COLOURS)]
        line = " ".join(f"{horizontal(x):.1f},{vertical(y):.1f}" for x, y in curve)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [
            f'<circle cx="{horizontal(x):.1f}" cy="{vertical(y):.1f}" r="2.5" fill="{colour}"/>'
            for x, y in curve
        ]
        parts.append(_text(WIDTH - 20 - 90 * index, 16, name, anchor="end", colour=colour, weight=600))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="100%" role="img" '
        f'font-family="system-ui,sans-serif" font-size="12" aria-label="{html.escape(title)}">'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>{"".join(parts)}</svg>'
    )


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _levels(low: float, high: float, logarithmic: bool) -> list[float]:
    if not logarithmic:
        return [low + (high - low) * part / 4 for part in range(5)]
    return [low * 10**power for power in range(round(math.log10(high / low)) + 1)]


def _text(
    x: float, y: float, words: str, *, anchor: str = "start", colour: str = "#374151", weight: int = 400
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}" font-weight="{weight}">'
        f"{html.escape(words)}</text>"
    )


def _paragraphs(remarks: Sequence[str]) -> str:
    return "".join(f"<p>{html.escape(remark)}</p>" for remark in remarks)


def _document(title: str, body: str) -> str:
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f"<style>{_STYLE}</style></head><body><h2>{html.escape(title)}</h2>{body}</body></html>"
    )
