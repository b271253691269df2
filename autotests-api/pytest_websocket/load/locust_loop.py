"""An asyncio event loop beside gevent, in which Locust's greenlets run coroutines."""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
from collections.abc import Callable, Coroutine
from typing import Any

import gevent
from gevent.event import Event


class Loop:
    """An event loop in a thread of its own, so that round trips are timed where they happen."""

    _shared: Loop | None = None

    def __init__(self) -> None:
        uvloop = importlib.util.find_spec("uvloop") and importlib.import_module("uvloop")
        self._loop: asyncio.AbstractEventLoop = (
            uvloop.new_event_loop() if uvloop else asyncio.new_event_loop()
        )
        self._started: list[asyncio.Task[Any]] = []
        # Locust has replaced threading by greenlets; only gevent's pool still starts real threads.
        gevent.get_hub().threadpool.spawn(self._loop.run_forever)

    @classmethod
    def shared(cls) -> Loop:
        """Returns the loop of this process; the first call starts it, after Locust has forked its workers."""
        if cls._shared is None:
            cls._shared = cls()
        return cls._shared

    def start(self, work: Coroutine[Any, Any, Any]) -> Callable[[], None]:
        """Starts ``work`` without waiting for it; returns a function that cancels it."""
        tasks: list[asyncio.Task[Any]] = []

        def begin() -> None:
            tasks.append(self._loop.create_task(work))
            self._started.extend(tasks)

        self.call(begin)
        return lambda: self.call(lambda: [task.cancel() for task in tasks])

    def call(self, function: Callable[[], object]) -> None:
        """Calls ``function`` in the loop's thread without waiting for it."""
        self._loop.call_soon_threadsafe(function)

    def finish(self) -> None:
        """Waits for everything that `start` has started."""

        async def wait_for_all() -> None:
            await asyncio.gather(*self._started, return_exceptions=True)

        self.run(wait_for_all())

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Runs ``work`` to its end while other greenlets go on; returns its result or raises its error."""
        done = Event()
        tasks: list[asyncio.Task[Any]] = []

        def begin() -> None:
            task = self._loop.create_task(work)
            tasks.append(task)
            task.add_done_callback(lambda _: done.set())

        try:
            self.call(begin)
            done.wait()
        except BaseException:
            # Locust stops its users with an exception, which must end what they wait for.
            self.call(lambda: [task.cancel() for task in tasks])
            raise
        return tasks[0].result()
