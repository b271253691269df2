"""What the client itself costs: CPU and event loop lag, so that a result it limits says so."""

from __future__ import annotations

import asyncio
import time

from pytest_websocket.load.histogram import Histogram

_BEAT = 0.01


class Monitor:
    """Watches this process while a load runs: CPU time, and how late the event loop calls back."""

    def __init__(self) -> None:
        self.lag = Histogram()
        self._loop = asyncio.get_running_loop()
        self._began = time.perf_counter()
        self._cpu = time.process_time()
        self._worst = 0.0
        self._expected = self._loop.time() + _BEAT
        self._handle = self._loop.call_at(self._expected, self._beat)

    def stop(self) -> None:
        """Stop watching."""
        self._handle.cancel()

    @property
    def cpu(self) -> float:
        """Cores that this process has kept busy, as a fraction: 1.0 is one whole core."""
        return (time.process_time() - self._cpu) / max(1e-9, time.perf_counter() - self._began)

    def worst(self) -> float:
        """The longest lag in seconds since the last call."""
        worst, self._worst = self._worst, 0.0
        return worst

    def _beat(self) -> None:
        now = self._loop.time()
        late = max(0.0, now - self._expected)
        self.lag.record(int(late * 1e6))
        self._worst = max(self._worst, late)
        self._expected = now + _BEAT
        self._handle = self._loop.call_at(self._expected, self._beat)
