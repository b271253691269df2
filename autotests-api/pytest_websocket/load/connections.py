"""A crowd of connections: opened in a ramp, put under a load on schedule, closed."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from functools import partial
from itertools import cycle, islice

from pytest_websocket.load.connection import Endpoint, LoadConnection
from pytest_websocket.load.histogram import Histogram
from pytest_websocket.load.monitor import Monitor
from pytest_websocket.load.pending_replies import Ledger
from pytest_websocket.load.result import Result, Second
from pytest_websocket.load.workload import Mix, writer_of

HANDSHAKES_AT_ONCE = 100
MAX_IN_FLIGHT = 1000
"""Messages that one connection may have unanswered; more are not sent and count as errors."""

MOST_INTERVALS = 600
TICK = 0.001
"""Seconds. Loops count timers in milliseconds: a shorter one is none, and waiting so keeps a core busy."""

Progress = Callable[[Second], None]


class Crowd:
    """Open connections to one endpoint, and their loads. Use as an async context manager.

    ``errors`` holds what went wrong while connecting, by kind; ``connect`` how long handshakes took,
    from the moment at which they were due.
    """

    def __init__(self, endpoint: Endpoint, users: int, *, ramp: float | None = None) -> None:
        """``ramp`` is how many connections to open per second; None is as fast as they are accepted."""
        self.endpoint = endpoint
        self.users = users
        self.ramp = ramp
        self.connect = Histogram()
        self.errors: Counter[str] = Counter()
        self.connections: list[LoadConnection] = []
        self._loads: list[_Load] = []
        self._stopped = False

    async def __aenter__(self) -> Crowd:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def open(self) -> None:
        """Open all connections. Those that fail are counted in ``errors`` and left out."""
        gate = asyncio.Semaphore(HANDSHAKES_AT_ONCE)
        loop = asyncio.get_running_loop()
        began = loop.time()

        async def one(user: int) -> LoadConnection | None:
            async with gate:
                due = loop.time()
                if self.ramp:
                    due = began + user / self.ramp
                    await self._until(due)
                try:
                    connection = await LoadConnection.open(user, self.endpoint)
                except (OSError, TimeoutError) as error:
                    self.errors[f"not opened: {_words(error)}"] += 1
                    return None
                self.connect.record(int((loop.time() - due) * 1e6))
                return connection

        opened = await asyncio.gather(*map(one, range(self.users)))
        self.connections = [connection for connection in opened if connection is not None]

    async def close(self) -> None:
        """Close what is open, all at once."""
        # Ten thousand Close frames in one go make the server's answers wait for each other.
        alive = iter(self.connections)
        while batch := list(islice(alive, 500)):
            await asyncio.gather(*(connection.close(self.endpoint.deadline) for connection in batch))
        self.connections = []

    async def run(
        self,
        *,
        duration: float,
        rate: float | None,
        mix: Mix,
        users: Sequence[LoadConnection] | None = None,
        interval: float | None = None,
        progress: Progress | None = None,
        ended: Callable[[Result], None] | None = None,
    ) -> Result:
        """Send for ``duration`` seconds and wait for the replies.

        ``rate`` is messages per second over all connections, on an open schedule: a message is sent when
        it is due, whatever became of those before. None is a closed loop: every connection sends its
        next message when it has its reply, which finds the highest throughput and hides every stall.
        ``users`` restricts the load to some of the connections. The figures over time, which ``progress``
        is told, are taken every ``interval`` seconds: a second unless that makes more than 600 of them.
        ``ended`` is told the result: also that of a load which is cancelled, with what it has shown so far.
        """
        load = _Load(self, duration, rate, mix, users or self.connections, progress)
        load.period = interval or max(1.0, duration / MOST_INTERVALS)
        self._loads.append(load)
        try:
            return load.result if self._stopped else await load.run()
        finally:
            self._loads.remove(load)
            if ended is not None:
                ended(load.result)

    def stop(self) -> None:
        """End the loads that run, and let none begin: `run` returns once the replies are here."""
        self._stopped = True
        for load in self._loads:
            load.stop()

    async def _until(self, when: float) -> None:
        loop = asyncio.get_running_loop()
        if when > loop.time():
            due = loop.create_future()
            loop.call_at(when, due.set_result, None)
            await due


class _Load:
    """One load on a crowd: the schedule, the accounts of every user, the second that is running."""

    def __init__(
        self,
        crowd: Crowd,
        duration: float,
        rate: float | None,
        mix: Mix,
        users: Sequence[LoadConnection],
        progress: Progress | None,
    ) -> None:
        self.endpoint = crowd.endpoint
        self.duration = duration
        self.rate = rate
        self.progress = progress
        self.result = Result(len(users), rate, duration, crowd.connect, errors=Counter(crowd.errors))
        self.users = [(user, Ledger(user.user, self.result.faults)) for user in users]
        self.ledgers = dict(self.users)
        writers = {kind: (kind.opcode, writer_of(kind)) for kind in mix.kinds}
        self.kinds = cycle([writers[kind] for kind in mix.turns()])
        self.loop = asyncio.get_running_loop()
        self.done: asyncio.Future[None] = self.loop.create_future()
        self.second = Second(0.0)
        # In plain dictionaries a new key costs no call of Python.
        self.latencies: defaultdict[int, int] = defaultdict(int)
        self.lates: defaultdict[int, int] = defaultdict(int)
        self.waiting = 0
        self.number = 0
        self.period = 1.0
        self.service = 0
        self.wrong = self.lost = 0
        self.sending = True

    async def run(self) -> Result:
        result = self.result
        if not self.users:
            result.errors["no connection is open"] += 1
            return result
        for user, ledger in self.users:
            user.on_message = partial(self._on_message, user, ledger)
            user.on_end = partial(self._on_end, user)
        monitor = Monitor()
        self.began = self.began_second = time.perf_counter_ns()
        self.ends = self.began + int(self.duration * 1e9)
        self.in_flight = [0, 0]
        ticks = [
            self.loop.call_later(0.05, self._sample),
            self.loop.call_later(self.period, self._next_second, monitor),
        ]
        self.ticks = ticks
        if self.rate is None:
            for user, ledger in self.users:
                self._send(user, ledger, time.perf_counter_ns())
            self.loop.call_later(self.duration, self._stop_sending)
        else:
            self.interval = 1e9 / self.rate
            self._pace()
        try:
            async with asyncio.timeout(self.duration + self.endpoint.deadline):
                await self.done
        except TimeoutError:
            self._stop_sending()
        except asyncio.CancelledError:
            self._cut_short()
            # Nobody has waited for these, so nobody can call them lost.
            for ledger in self.ledgers.values():
                ledger.awaited.clear()
            raise
        finally:
            self._settle(monitor)
        return result

    def stop(self) -> None:
        """Send nothing more, and wait no longer than the deadline for what has been sent."""
        if self.sending:
            self._cut_short()
            self._stop_sending()
            self.ticks.append(self.loop.call_later(self.endpoint.deadline, self._finish))

    def _cut_short(self) -> None:
        self.result.duration = min(self.duration, (time.perf_counter_ns() - self.began) / 1e9)

    def _settle(self, monitor: Monitor) -> None:
        result = self.result
        self.sending = False
        result.elapsed = (time.perf_counter_ns() - self.began) / 1e9
        result.cpu = monitor.cpu
        for user, ledger in self.ledgers.items():
            ledger.give_up("the connection ended" if user.closing else "the deadline passed")
            user.on_message = user.on_end = _nothing
        self._close_second(monitor)
        monitor.stop()
        for tick in self.ticks:
            tick.cancel()
        result.lag = monitor.lag
        result.late.add(self.lates)
        result.service = self.service / 1e9 / result.received if result.received else 0.0
        samples, found = self.in_flight
        result.in_flight = found / samples if samples else 0.0

    def _pace(self) -> None:
        if not self.sending:
            return
        now = time.perf_counter_ns()
        burst = 0
        while True:
            due = self.began + int(self.number * self.interval)
            if due >= self.ends:
                self._stop_sending()
                return
            if due > now or burst == 256:
                break
            self._send(*self.users[self.number % len(self.users)], due)
            burst += 1
            if not burst % 32:
                now = time.perf_counter_ns()
        if burst == 256:
            # Late already; but replies must be read in between, or they would seem to be late.
            self.loop.call_soon(self._pace)
        else:
            self.loop.call_later(max(TICK, (due - now) / 1e9), self._pace)

    def _send(self, user: LoadConnection, ledger: Ledger, due: int) -> None:
        opcode, write = next(self.kinds)
        number = self.number
        self.number += 1
        if user.closing:
            self._error("not sent: the connection had ended")
            return
        payload = write(user.user, number)
        answer = self.endpoint.answer(opcode, payload)
        if len(ledger.awaited) >= MAX_IN_FLIGHT or not user.send(opcode, payload):
            self._error("not sent: the server had too much unanswered")
            return
        now = time.perf_counter_ns()
        self.lates[(now - due) // 1000] += 1
        self.result.sent += 1
        self.second.sent += 1
        if answer is not None:
            ledger.awaited.append((number, due, now, *answer))
            self.waiting += 1

    def _on_message(self, user: LoadConnection, ledger: Ledger, opcode: int, payload: bytes) -> None:
        settled = ledger.settle(opcode, payload)
        if settled is None:
            return
        now = time.perf_counter_ns()
        _, due, sent, _, _ = settled
        self.latencies[(now - due) // 1000] += 1
        self.service += now - sent
        self.result.received += 1
        self.waiting -= 1
        if self.sending:
            if self.rate is None:
                self._send(user, ledger, now)
        elif not self.waiting:
            self._finish()

    def _on_end(self, user: LoadConnection, words: str) -> None:
        self._error(words)
        self.waiting -= self.ledgers[user].give_up(words)
        if not self.sending and not self.waiting:
            self._finish()

    def _error(self, words: str) -> None:
        self.result.errors[words] += 1
        self.second.errors += 1

    def _stop_sending(self) -> None:
        self.sending = False
        if not self.waiting:
            self._finish()

    def _finish(self) -> None:
        if not self.done.done():
            self.done.set_result(None)

    def _sample(self) -> None:
        if self.sending:
            self.in_flight[0] += 1
            self.in_flight[1] += self.waiting
            self.ticks[0] = self.loop.call_later(0.05, self._sample)

    def _next_second(self, monitor: Monitor) -> None:
        self._close_second(monitor)
        self.ticks[1] = self.loop.call_later(self.period, self._next_second, monitor)

    def _close_second(self, monitor: Monitor) -> None:
        now = time.perf_counter_ns()
        second, self.second = self.second, Second((now - self.began) / 1e9)
        second.length = (now - self.began_second) / 1e9
        self.began_second = now
        counts, self.latencies = self.latencies, defaultdict(int)
        second.received = sum(counts.values())
        second.latency.add(counts)
        self.result.latency.add(counts)
        second.in_flight = self.waiting
        faults = self.result.faults.counts
        second.lost = faults["lost"] - self.lost
        second.wrong = faults.total() - faults["lost"] - self.wrong
        self.lost += second.lost
        self.wrong += second.wrong
        second.lag = monitor.worst()
        if second.sent or second.received or second.errors or second.wrong or second.lost:
            self.result.seconds.append(second)
            second.latency.pack()
            if self.progress is not None:
                self.progress(second)


def _nothing(*_: object) -> None:
    """Nobody listens between two loads."""


def _words(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer within the deadline"
    if isinstance(error, OSError) and error.strerror:
        # asyncio writes the address into it; without it, equal errors are counted together.
        return error.strerror.partition("[")[0].strip() or error.strerror
    return str(error)
