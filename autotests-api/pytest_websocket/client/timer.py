"""Limits the time of waits without a timer for each."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Literal


class Timer:
    """Ends waits as `asyncio.timeout_at` does: ``with timer.until(time): await …`` raises TimeoutError.

    All waits share one timer of the event loop, which is set again when it fires: a wait that ends in time,
    as nearly all do, neither sets nor cancels one. Measured by bench/recording.py, with a timer for each
    wait a round trip takes a sixth more of the client's CPU.
    """

    def __init__(self) -> None:
        self.waits: list[Wait] = []
        self._handle: asyncio.TimerHandle | None = None

    def until(self, time: float) -> Wait:
        """Returns the context manager of a wait that ends at ``time`` of the event loop."""
        return Wait(self, time)

    def add(self, wait: Wait) -> None:
        """Ends ``wait`` at its time unless it is removed before."""
        self.waits.append(wait)
        if self._handle is None or wait.until < self._handle.when():
            self._set(wait.until)

    def _set(self, time: float) -> None:
        if self._handle is not None:
            self._handle.cancel()
        self._handle = asyncio.get_running_loop().call_at(time, self._fire)

    def _fire(self) -> None:
        self._handle = None
        now = asyncio.get_running_loop().time()
        pending = [wait for wait in self.waits if not wait.has_expired]
        for wait in pending:
            if wait.until <= now:
                wait.expire()
        later = [wait.until for wait in pending if not wait.has_expired]
        if later:
            self._set(min(later))


class Wait:
    """One wait of one task."""

    __slots__ = ("_cancelling", "_task", "_timer", "has_expired", "until")

    def __init__(self, timer: Timer, until: float) -> None:
        self.until = until
        self.has_expired = False
        self._timer = timer

    def __enter__(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._task = task
        self._cancelling = task.cancelling()
        self._timer.add(self)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> Literal[False]:
        self._timer.waits.remove(self)
        # A task that is cancelled for another reason as well stays cancelled.
        if self.has_expired and self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError from error
        return False

    def expire(self) -> None:
        """Cancels the task that waits."""
        self.has_expired = True
        self._task.cancel()
