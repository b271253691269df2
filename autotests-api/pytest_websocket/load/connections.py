"""Many connections to one server: opened at a given rate, put under loads, closed."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import islice

from pytest_websocket.load.connection import Endpoint, LoadConnection
from pytest_websocket.load.histogram import Histogram
from pytest_websocket.load.result import Result
from pytest_websocket.load.running_load import Progress, RunningLoad
from pytest_websocket.load.workload import Workload

HANDSHAKES_AT_ONCE = 100
CLOSES_AT_ONCE = 500
MAX_INTERVALS = 600


class Connections:
    """Connections to one endpoint and the loads on them; an async context manager.

    ``opened`` holds the connections. ``errors`` counts handshakes that failed, by reason. ``connect`` holds
    how long handshakes took, from the moment at which they were due.
    """

    def __init__(self, endpoint: Endpoint, count: int, *, ramp: float | None = None) -> None:
        """Opens ``ramp`` connections per second, with None as many as are accepted."""
        self.endpoint = endpoint
        self.count = count
        self.ramp = ramp
        self.connect = Histogram()
        self.errors: Counter[str] = Counter()
        self.opened: list[LoadConnection] = []
        self._loads: list[RunningLoad] = []
        self._stopped = False

    async def __aenter__(self) -> Connections:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def open(self) -> None:
        """Opens all connections. Those that fail are counted in ``errors`` and left out."""
        gate = asyncio.Semaphore(HANDSHAKES_AT_ONCE)
        loop = asyncio.get_running_loop()
        began = loop.time()

        async def open_one(number: int) -> LoadConnection | None:
            async with gate:
                due = loop.time()
                if self.ramp:
                    due = began + number / self.ramp
                    await asyncio.sleep(max(0.0, due - loop.time()))
                try:
                    connection = await LoadConnection.open(number, self.endpoint)
                except (OSError, TimeoutError) as error:
                    self.errors[f"not opened: {_reason(error)}"] += 1
                    return None
                self.connect.record(int((loop.time() - due) * 1e6))
                return connection

        tasks = [asyncio.ensure_future(open_one(number)) for number in range(self.count)]
        try:
            opened = await asyncio.gather(*tasks)
        except BaseException:
            # What ended this is raised to the caller, who then closes nothing.
            for task in tasks:
                task.cancel()
            for one in await asyncio.gather(*tasks, return_exceptions=True):
                if isinstance(one, LoadConnection):
                    one.abort()
            raise
        self.opened = [connection for connection in opened if connection is not None]

    async def close(self) -> None:
        """Closes all connections."""
        # The server could not answer ten thousand Close frames within one deadline.
        remaining = iter(self.opened)
        while batch := list(islice(remaining, CLOSES_AT_ONCE)):
            await asyncio.gather(*(connection.close(self.endpoint.deadline) for connection in batch))
        self.opened = []

    async def run(
        self,
        *,
        duration: float,
        rate: float | None,
        workload: Workload,
        subset: Sequence[LoadConnection] | None = None,
        interval: float | None = None,
        progress: Progress | None = None,
        ended: Callable[[Result], None] | None = None,
    ) -> Result:
        """Sends messages for ``duration`` seconds, waits for the replies, and returns the figures.

        ``rate`` is in messages per second over all connections, on an open schedule: a message is sent when
        it is due, whatever happened to those before. None is a closed loop: every connection sends its
        next message when it has its reply, which finds the highest throughput and hides every stall.
        ``subset`` restricts the load to some of the connections. ``progress`` is called with the figures of
        every ``interval`` seconds, one second by default, and more where that would make more than
        `MAX_INTERVALS` of them. ``ended`` is called with the result, also that of a load that is cancelled.
        """
        load = RunningLoad(
            self.endpoint,
            subset or self.opened,
            Result(len(subset or self.opened), rate, duration, self.connect, errors=Counter(self.errors)),
            workload,
            interval or max(1.0, duration / MAX_INTERVALS),
            progress,
        )
        self._loads.append(load)
        try:
            return load.result if self._stopped else await load.run()
        finally:
            self._loads.remove(load)
            if ended is not None:
                ended(load.result)

    def stop(self) -> None:
        """Ends the running loads and lets none begin: `run` returns when the replies have come."""
        self._stopped = True
        for load in self._loads:
            load.stop()


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer within the deadline"
    if isinstance(error, OSError) and error.strerror:
        # asyncio writes the address into it; without it, equal errors are counted together.
        return error.strerror.partition("[")[0].strip() or error.strerror
    return str(error)
