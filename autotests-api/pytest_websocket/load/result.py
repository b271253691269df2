"""What a load has shown, as data: the distribution, the seconds, the faults, and whom they speak about."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from pytest_websocket.load.histogram import PERCENTILES, Histogram
from pytest_websocket.load.pending_replies import Faults

BUSY = 0.9
"""Share of a core from which on the client is taken to be the bottleneck."""

UNAVOIDABLE = 0.002
"""Seconds by which messages are sent late because timers count in milliseconds; no sign of a busy client."""

LATE = 0.25
"""Share of the p99 that late sending may make up before the result is the client's."""


@dataclass
class Second:
    """One second of a load. Durations are in seconds, ``start`` counts from the beginning of the load.

    ``lost`` replies are those that were given up in this second, ``wrong`` all other faults of replies.
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
    """A load and what came of it.

    ``duration`` is how long messages were sent, ``elapsed`` until the last reply or the deadline.
    ``latency`` counts from the moment at which a message was due, so a stalled server is charged for
    everything that it made wait; ``service`` is the mean from the real sending. ``late`` is how much
    later than due messages were sent. ``cpu`` is the client's, in cores; ``lag`` is its event loop's.
    """

    users: int
    rate: float | None
    duration: float
    connect: Histogram
    elapsed: float = 0.0
    latency: Histogram = field(default_factory=Histogram)
    late: Histogram = field(default_factory=Histogram)
    lag: Histogram = field(default_factory=Histogram)
    seconds: list[Second] = field(default_factory=list)
    faults: Faults = field(default_factory=Faults)
    errors: Counter[str] = field(default_factory=Counter)
    sent: int = 0
    received: int = 0
    in_flight: float = 0.0
    service: float = 0.0
    cpu: float = 0.0

    @property
    def throughput(self) -> float:
        """Replies per second, until the last of them came."""
        return self.received / max(self.elapsed, self.duration)

    @property
    def is_clean(self) -> bool:
        """Whether every message was answered, once, in order, by its own reply, and nothing broke."""
        return not self.faults and not self.errors

    @property
    def little(self) -> float:
        """Messages found in flight, over rate times time in service; 1 when the figures fit each other."""
        expected = self.throughput * self.service
        return self.in_flight / expected if expected > 1 else 1.0

    @property
    def exhaustion_of_the_client(self) -> list[str]:
        """Why the client could do no more, in words; empty when it could."""
        found = []
        if self.cpu > BUSY:
            found.append(f"the client kept {self.cpu:.0%} of a core busy")
        if self.users and self.rate and self.sent < 0.95 * self.rate * self.duration:
            found.append(f"it sent {self.sent / self.duration:.0f} of {self.rate:.0f} messages per second")
        return found

    @property
    def limits_of_the_client(self) -> list[str]:
        """Why the figures speak of the client instead of the server, in words; empty when they do not."""
        found = self.exhaustion_of_the_client
        late, latency = self.late.percentile(99), self.latency.percentile(99)
        if late > UNAVOIDABLE and late > LATE * latency:
            found.append(f"it sent up to {milliseconds(late)} later than due (p99)")
        return found

    def figures(self) -> dict[str, Any]:
        """The same figures for a program: durations in seconds, rates per second, faults by their kind."""
        return {
            "connections": self.users,
            "rate": self.rate,
            "duration": self.duration,
            "elapsed": self.elapsed,
            "sent": self.sent,
            "answered": self.received,
            "throughput": self.throughput,
            "connect": _percentiles(self.connect),
            "round_trip": _percentiles(self.latency),
            "wrong_replies": dict(self.faults.counts),
            "errors": dict(self.errors),
            "client": {
                "cpu": self.cpu,
                "late": _percentiles(self.late),
                "event_loop_lag": _percentiles(self.lag),
                "limits": self.limits_of_the_client,
            },
        }

    def table(self) -> list[tuple[str, str]]:
        """The figures by name, ready to be read."""
        rate = "as fast as replies come" if self.rate is None else f"{self.rate:,.0f} messages/s"
        rows = [
            ("connections", f"{self.users:,}"),
            ("schedule", f"{rate} for {self.duration:.1f} s"),
            ("sent", f"{self.sent:,}"),
            ("answered", f"{self.received:,} ({self.throughput:,.0f} per second)"),
            ("connect time", spread(self.connect)),
            ("round trip", spread(self.latency)),
            ("wrong replies", str(self.faults)),
            (
                "errors",
                ", ".join(f"{count} × {words}" for words, count in self.errors.most_common()) or "none",
            ),
            ("sent later than due", spread(self.late)),
            ("client's event loop lag", spread(self.lag)),
            ("client's CPU", f"{self.cpu:.0%} of a core"),
            ("Little's law", f"in flight {self.in_flight:.1f}, {self.little:.2f} of rate × time"),
        ]
        if self.limits_of_the_client:
            rows.append(("LIMITED BY THE CLIENT", "; ".join(self.limits_of_the_client)))
        return rows

    def __str__(self) -> str:
        rows = self.table()
        width = max(len(name) for name, _ in rows)
        return "\n".join(f"{name:<{width}}  {value}" for name, value in rows)


def _percentiles(histogram: Histogram) -> dict[str, float]:
    shown = {f"p{percent:g}": histogram.percentile(percent) for percent in PERCENTILES}
    return {**shown, "max": histogram.longest, "mean": histogram.mean}


def spread(histogram: Histogram) -> str:
    """Percentiles and the maximum in milliseconds."""
    if not len(histogram):
        return "none"
    shown = [f"p{percent:g} {milliseconds(histogram.percentile(percent))}" for percent in PERCENTILES]
    return ", ".join([*shown, f"max {milliseconds(histogram.longest)}"])


def milliseconds(seconds: float) -> str:
    """``1.2 ms``, with as many digits as say something; in microseconds what is less than ten of them."""
    value = seconds * 1000
    if 0 < value < 0.01:
        return f"{value * 1000:.0f} µs"
    return f"{value:.2f} ms" if value < 1 else f"{value:.1f} ms" if value < 100 else f"{value:.0f} ms"
