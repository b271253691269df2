"""Draws the round trips of a test as bars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pytest_websocket.render.roundtrips import RoundTrip, quantile

FEWEST = 5
WIDTH, HEIGHT = 1000, 84


@dataclass(frozen=True)
class LatencyPlot:
    """Bars in the order of the answers, as paths by colour; times in seconds.

    ``heights`` are those of the lines at p50 and p95, in the units of the picture.
    """

    count: int
    pings: int
    bars: dict[str, str]
    bar_width: float
    median: float
    high: float
    longest: float
    heights: tuple[float, float]


def latency_plot(trips: Sequence[RoundTrip]) -> LatencyPlot | None:
    """Returns the plot; None for fewer than five round trips."""
    if len(trips) < FEWEST:
        return None
    values = [trip.seconds for trip in trips]
    top = max(values) * 1.08 or 1.0
    step = WIDTH / len(trips)
    bars: dict[str, str] = {}
    for index, trip in enumerate(trips):
        colour = "control" if trip.is_ping else "sent"
        height = max(1.0, HEIGHT * trip.seconds / top)
        bars[colour] = bars.get(colour, "") + f"M{step * (index + 0.5):.0f} {HEIGHT}v-{height:.0f}"
    median, high = quantile(values, 0.5), quantile(values, 0.95)
    return LatencyPlot(
        count=len(trips),
        pings=sum(trip.is_ping for trip in trips),
        bars=bars,
        bar_width=max(1.5, min(9.0, 480 / len(trips))),
        median=median,
        high=high,
        longest=max(values),
        heights=(HEIGHT * (1 - median / top), HEIGHT * (1 - high / top)),
    )
