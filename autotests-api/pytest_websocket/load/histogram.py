"""Durations in HDR histograms: three significant digits from 1 µs to 1 h, in constant memory."""

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

    `record` only counts, at a tenth of the cost of the HDR histogram's own method; the counts are moved
    into it when a figure is read.
    """

    def __init__(self) -> None:
        # Not at the top: the options of loads exist where the extra [load] is not installed.
        from hdrh.histogram import HdrHistogram

        self._type = HdrHistogram
        self._hdr: Any = None
        self._packed: bytes | None = None
        self._fresh: Counter[int] = Counter()
        self._size = 0

    def record(self, microseconds: int) -> None:
        """Counts one duration; one outside the range counts as the nearest inside."""
        self._fresh[microseconds] += 1

    def add(self, counts: Mapping[int, int]) -> None:
        """Counts many durations: how often, by microseconds."""
        self._fresh.update(counts)

    def pack(self) -> None:
        """Compresses the histogram from 200 KiB to about 1 KiB; reading a figure takes longer afterwards."""
        self._packed = self.hdr.encode()
        self._hdr = None

    def __len__(self) -> int:
        return self._size + self._fresh.total()

    def percentile(self, percent: float) -> float:
        """Returns the duration in seconds that ``percent`` of all did not exceed; 0 when there are none."""
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
        """The HDR histogram, in microseconds."""
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
        """Yields every duration in seconds, and how often it was counted."""
        for bucket in self.hdr.get_recorded_iterator():
            yield bucket.value_iterated_to / 1e6, int(bucket.count_at_value_iterated_to)


def log_of(intervals: list[tuple[float, float, Histogram]]) -> str:
    """Returns an HDR histogram log, one line per interval: start and end in seconds, and the histogram.

    The values in it are microseconds, as HdrHistogram's viewers expect.
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
