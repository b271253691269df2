"""Measures the client itself: CPU time and event loop lag, so that a result limited by it says so."""

from __future__ import annotations

import asyncio
import time

from pytest_websocket.load.histogram import Histogram

_INTERVAL = 0.01
"""Seconds between two measurements of the lag."""


class Monitor:
    """Measures the CPU time of this process, and how late its event loop calls back, until `stop`."""

    def __init__(self) -> None:
        self.lag = Histogram()
        self._loop = asyncio.get_running_loop()
        self._began = time.perf_counter()
        self._cpu = time.process_time()
        self._worst = 0.0
        self._expected = self._loop.time() + _INTERVAL
        self._handle = self._loop.call_at(self._expected, self._tick)

    def stop(self) -> None:
        """Ends the measurement."""
        self._handle.cancel()

    @property
    def cpu(self) -> float:
        """The CPU time per second since the start: 1.0 is one whole core."""
        return (time.process_time() - self._cpu) / max(1e-9, time.perf_counter() - self._began)

    def worst(self) -> float:
        """Returns the longest lag in seconds since the last call."""
        worst, self._worst = self._worst, 0.0
        return worst

    def _tick(self) -> None:
        now = self._loop.time()
        late = max(0.0, now - self._expected)
        self.lag.record(int(late * 1e6))
        self._worst = max(self._worst, late)
        self._expected = now + _INTERVAL
        self._handle = self._loop.call_at(self._expected, self._tick)
