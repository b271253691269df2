"""A small plot of round trips, as an inline SVG that takes its text colour from the page."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_websocket.render.escaping import milliseconds
from pytest_websocket.render.roundtrips import RoundTrip, quantile

FEWEST = 5
_WIDTH, _HEIGHT = 1000, 84


def plot(trips: Sequence[RoundTrip]) -> str:
    """Bars in the order of the answers, with lines at p50 and p95; empty for fewer than five round trips."""
    if len(trips) < FEWEST:
        return ""
    values = [trip.seconds for trip in trips]
    top = max(values) * 1.08 or 1.0
    step = _WIDTH / len(trips)
    bars = {"--sent": "", "--control": ""}
    for index, trip in enumerate(trips):
        height = max(1.0, _HEIGHT * trip.seconds / top)
        bars["--control" if trip.is_ping else "--sent"] += (
            f"M{step * (index + 0.5):.0f} {_HEIGHT}v-{height:.0f}"
        )
    width = max(1.5, min(9.0, 480 / len(trips)))
    paths = "".join(
        f'<path d="{d}" stroke="var({colour})" stroke-width="{width:.1f}"/>'
        for colour, d in bars.items()
        if d
    )
    median, high = quantile(values, 0.5), quantile(values, 0.95)
    lines = "".join(
        f'<path d="M0 {_HEIGHT * (1 - value / top):.0f}h{_WIDTH}" stroke="currentColor" stroke-opacity=".55" '
        f'stroke-dasharray="{dashes}"/>'
        for value, dashes in ((median, "6 4"), (high, "2 4"))
    )
    pings = sum(trip.is_ping for trip in trips)
    of_which = f", {pings} of them Ping and Pong" if pings else ""
    return (
        f'<div class="plot"><svg viewBox="0 0 {_WIDTH} {_HEIGHT}" preserveAspectRatio="none" role="img" '
        f'aria-label="round trips">{paths}{lines}</svg>'
        f'<p class="m">{len(trips)} round trips in the order of their answers{of_which}: '
        f"p50 {milliseconds(median)} ms (dashed), p95 {milliseconds(high)} ms (dotted), "
        f"max {milliseconds(max(values))} ms</p></div>"
    )
