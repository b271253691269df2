"""The result of a load: distributions, figures per second, wrong replies, and whose limit they show."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from pytest_websocket.load.histogram import PERCENTILES, Histogram
from pytest_websocket.load.pending_replies import WrongReplies

BUSY = 0.9
"""Part of a core above which the client is taken to be the bottleneck."""

UNAVOIDABLE = 0.002
"""Seconds by which messages are sent late because timers have a resolution of a millisecond."""

LATE = 0.25
"""Part of the p99 that late sending may be before the client is taken to be the bottleneck."""


@dataclass
class Second:
    """One second of a load. Durations are in seconds, ``start`` counts from the start of the load.

    ``lost`` replies are those given up in this second; ``wrong`` counts all other wrong replies.
    """

    start: float
    length: float = 1.0
    sent: int = 0
    received: int = 0
    errors: int = 0
    wrong: int = 0
    lost: int = 0
    in_flight: int = 0
    lag: float = 0.0
    latency: Histogram = field(default_factory=Histogram)


@dataclass
class Result:
    """The figures of one load.

    ``duration`` is the time in which messages were sent, ``elapsed`` the time until the last reply or the
    deadline, both in seconds. ``latency`` counts from the moment at which a message was due, so that a
    stalled server is charged for every message that had to wait; ``service`` is the mean from the moment of
    sending. ``late`` is how much later than due messages were sent. ``cpu`` is the client's, in cores;
    ``lag`` is its event loop's.
    """

    connections: int
    rate: float | None
    duration: float
    connect: Histogram
    elapsed: float = 0.0
    latency: Histogram = field(default_factory=Histogram)
    late: Histogram = field(default_factory=Histogram)
    lag: Histogram = field(default_factory=Histogram)
    seconds: list[Second] = field(default_factory=list)
    wrong_replies: WrongReplies = field(default_factory=WrongReplies)
    errors: Counter[str] = field(default_factory=Counter)
    sent: int = 0
    received: int = 0
    in_flight: float = 0.0
    service: float = 0.0
    cpu: float = 0.0

    @property
    def throughput(self) -> float:
        """Replies per second, until the last reply."""
        return self.received / max(self.elapsed, self.duration)

    @property
    def is_clean(self) -> bool:
        """Whether every message got its own reply, once and in order, and no connection failed."""
        return not self.wrong_replies and not self.errors

    @property
    def littles_law(self) -> float:
        """Messages in flight divided by rate × service time; 1 when the figures fit each other."""
        expected = self.throughput * self.service
        return self.in_flight / expected if expected > 1 else 1.0

    @property
    def client_exhaustion(self) -> list[str]:
        """Why the client could do no more; empty when it could."""
        found = []
        if self.cpu > BUSY:
            found.append(f"the client kept {self.cpu:.0%} of a core busy")
        if self.connections and self.rate and self.sent < 0.95 * self.rate * self.duration:
            found.append(f"it sent {self.sent / self.duration:.0f} of {self.rate:.0f} messages per second")
        return found

    @property
    def client_limits(self) -> list[str]:
        """Why the figures show a limit of the client instead of the server; empty when they do not."""
        found = self.client_exhaustion
        late, latency = self.late.percentile(99), self.latency.percentile(99)
        if late > UNAVOIDABLE and late > LATE * latency:
            found.append(f"it sent up to {milliseconds(late)} later than due (p99)")
        return found

    def figures(self) -> dict[str, Any]:
        """Returns the figures for programs: durations in seconds, rates per second."""
        return {
            "connections": self.connections,
            "rate": self.rate,
            "duration": self.duration,
            "elapsed": self.elapsed,
            "sent": self.sent,
            "answered": self.received,
            "throughput": self.throughput,
            "connect": _percentiles(self.connect),
            "round_trip": _percentiles(self.latency),
            "wrong_replies": dict(self.wrong_replies.counts),
            "errors": dict(self.errors),
            "client": {
                "cpu": self.cpu,
                "late": _percentiles(self.late),
                "event_loop_lag": _percentiles(self.lag),
                "limits": self.client_limits,
            },
        }

    def table(self) -> list[tuple[str, str]]:
        """Returns the figures as pairs of name and text."""
        rate = "as fast as replies come" if self.rate is None else f"{self.rate:,.0f} messages/s"
        rows = [
            ("connections", f"{self.connections:,}"),
            ("schedule", f"{rate} for {self.duration:.1f} s"),
            ("sent", f"{self.sent:,}"),
            ("answered", f"{self.received:,} ({self.throughput:,.0f} per second)"),
            ("connect time", spread(self.connect)),
            ("round trip", spread(self.latency)),
            ("wrong replies", str(self.wrong_replies)),
            (
                "errors",
                ", ".join(f"{count} × {reason}" for reason, count in self.errors.most_common()) or "none",
            ),
            ("sent later than due", spread(self.late)),
            ("client's event loop lag", spread(self.lag)),
            ("client's CPU", f"{self.cpu:.0%} of a core"),
            ("Little's law", f"in flight {self.in_flight:.1f}, {self.littles_law:.2f} of rate × time"),
        ]
        if self.client_limits:
            rows.append(("LIMITED BY THE CLIENT", "; ".join(self.client_limits)))
        return rows

    def __str__(self) -> str:
        rows = self.table()
        width = max(len(name) for name, _ in rows)
        return "\n".join(f"{name:<{width}}  {value}" for name, value in rows)


def _percentiles(histogram: Histogram) -> dict[str, float]:
    shown = {f"p{percent:g}": histogram.percentile(percent) for percent in PERCENTILES}
    return {**shown, "max": histogram.longest, "mean": histogram.mean}


def spread(histogram: Histogram) -> str:
    """Returns percentiles and the maximum as text, in milliseconds."""
    if not len(histogram):
        return "none"
    shown = [f"p{percent:g} {milliseconds(histogram.percentile(percent))}" for percent in PERCENTILES]
    return ", ".join([*shown, f"max {milliseconds(histogram.longest)}"])


def milliseconds(seconds: float) -> str:
    """Returns ``1.2 ms``, with three significant digits at most; below 10 µs in microseconds."""
    value = seconds * 1000
    if 0 < value < 0.01:
        return f"{value * 1000:.0f} µs"
    return f"{value:.2f} ms" if value < 1 else f"{value:.1f} ms" if value < 100 else f"{value:.0f} ms"
