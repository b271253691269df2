"""Latencies in HDR histograms: three significant digits from a microsecond to an hour, in constant memory."""

from __future__ import annotations

import io
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

PERCENTILES = (50.0, 90.0, 99.0, 99.9)

_HOUR = 3_600_000_000


class Histogram:
    """A distribution of durations in microseconds.

    `record` only counts, which costs a tenth of what the HDR histogram's own entry does; the counts are
    moved over in bulk when somebody looks.
    """

    def __init__(self) -> None:
        # Not at the top: options and fixtures of the load exist where the package does not.
        from hdrh.histogram import HdrHistogram

        self._type = HdrHistogram
        self._hdr: Any = None
        self._packed: bytes | None = None
        self._fresh: Counter[int] = Counter()
        self._size = 0

    def record(self, microseconds: int) -> None:
        """Count one duration; what lies outside of the range is counted at its edge."""
        self._fresh[microseconds] += 1

    def add(self, counts: Mapping[int, int]) -> None:
        """Count durations in bulk: microseconds and how often."""
        self._fresh.update(counts)

    def pack(self) -> None:
        """Keep no more than what was counted, a kilobyte instead of two hundred; reading it takes longer."""
        self._packed = self.hdr.encode()
        self._hdr = None

    def __len__(self) -> int:
        return self._size + self._fresh.total()

    def percentile(self, percent: float) -> float:
        """Seconds that this per cent of the durations did not exceed; 0 when there are none."""
        return float(self.hdr.get_value_at_percentile(percent)) / 1e6 if len(self) else 0.0

    @property
    def longest(self) -> float:
        """The longest duration in seconds; 0 when there are none."""
        return float(self.hdr.get_max_value()) / 1e6 if len(self) else 0.0

    @property
    def mean(self) -> float:
        """The mean in seconds; 0 when there are none."""
        return float(self.hdr.get_mean_value()) / 1e6 if len(self) else 0.0

    @property
    def hdr(self) -> Any:
        """The HDR histogram itself, in microseconds."""
        hdr = self._hdr
        if hdr is None:
            hdr = self._type.decode(self._packed) if self._packed else self._type(1, _HOUR, 3)
        if self._fresh:
            fresh, self._fresh = self._fresh, Counter()
            for microseconds, count in fresh.items():
                hdr.record_value(min(max(microseconds, 1), _HOUR), count)
                self._size += count
            self._packed = None
        if self._packed is None:
            self._hdr = hdr
        return hdr

    def counts(self) -> Iterator[tuple[float, int]]:
        """Every duration that was counted, in seconds, and how often."""
        for bucket in self.hdr.get_recorded_iterator():
            yield bucket.value_iterated_to / 1e6, int(bucket.count_at_value_iterated_to)


def log_of(intervals: list[tuple[float, float, Histogram]]) -> str:
    """An HDR histogram log, one line per interval: start and end in seconds, and the histogram.

    HdrHistogram's own viewers read it; values are in microseconds.
    """
    from hdrh.log import HistogramLogWriter

    out = io.StringIO()
    writer = HistogramLogWriter(out)
    writer.output_comment(f"[Round trips in microseconds, written {time.strftime('%Y-%m-%d %H:%M:%S')}]")
    writer.output_log_format_version()
    writer.output_legend()
    for start, end, histogram in intervals:
        writer.output_interval_histogram(histogram.hdr, start or 1e-6, end, 1.0)
    return out.getvalue()
