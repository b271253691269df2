"""Thresholds of a load: limits of its figures. Without thresholds a load has figures and no verdict."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pytest_websocket.load.result import Result, milliseconds

_FORMAT = re.compile(r"(?:(connect)\.)?(p\d{2}(?:\.\d+)?|max|mean|errors|rate)=(\d+(?:\.\d+)?)(us|ms|s|m)?")
_UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0}


@dataclass(frozen=True)
class Threshold:
    """A limit of one figure: p50 … p99.9, max or mean (seconds), errors (a count) or rate (per second).

    ``of_connecting`` takes the figure from the connect times instead of the round trips.
    """

    figure: str
    limit: float
    of_connecting: bool = False

    @classmethod
    def parse(cls, text: str) -> Threshold:
        """Reads ``p99=50ms``, ``connect.p90=1s``, ``errors=0`` or ``rate=1000``. Else ValueError."""
        match = _FORMAT.fullmatch(text.replace(" ", ""))
        if match is None:
            raise ValueError("expected p99=50ms, max=1s, connect.p90=200ms, errors=0 or rate=1000")
        connecting, figure, number, unit = match.groups()
        timed = figure not in {"errors", "rate"}
        if timed != bool(unit) or (connecting and not timed):
            raise ValueError(f"expected {figure}={number}{'ms, or another unit of time' if timed else ''}")
        return cls(figure, float(number) * _UNITS.get(unit or "s", 1.0), bool(connecting))

    def violation_of(self, result: Result) -> str:
        """Returns how ``result`` violates this threshold; empty when it does not."""
        value = self._value(result)
        # A histogram has three significant digits: what differs less from the limit equals it.
        kept = value >= self.limit if self.figure == "rate" else value <= self.limit * 1.001
        if kept:
            return ""
        return f"{self} is violated: {self._formatted(value)}"

    def __str__(self) -> str:
        sign = "at least" if self.figure == "rate" else "at most"
        what = {"rate": "replies per second", "errors": "wrong replies and errors"}.get(
            self.figure, self.figure
        )
        subject = f"{what} of connecting" if self.of_connecting else what
        return f"{subject} {sign} {self._formatted(self.limit)}"

    def _formatted(self, value: float) -> str:
        return f"{value:,.0f}" if self.figure in {"errors", "rate"} else milliseconds(value)

    def _value(self, result: Result) -> float:
        if self.figure == "rate":
            return result.throughput
        if self.figure == "errors":
            return result.errors.total() + result.wrong_replies.counts.total()
        histogram = result.connect if self.of_connecting else result.latency
        if self.figure == "max":
            return histogram.longest
        if self.figure == "mean":
            return histogram.mean
        return histogram.percentile(float(self.figure[1:]))
