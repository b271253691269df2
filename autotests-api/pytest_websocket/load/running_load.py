"""One load while it runs: its schedule, the replies it waits for, its figures."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import partial
from itertools import cycle

from pytest_websocket.load.connection import Endpoint, LoadConnection
from pytest_websocket.load.monitor import Monitor
from pytest_websocket.load.pending_replies import PendingReplies
from pytest_websocket.load.result import Result, Second
from pytest_websocket.load.workload import Workload, payload_writer

MAX_IN_FLIGHT = 1000
"""Messages that one connection may have unanswered; more are not sent and count as errors."""

MAX_BURST = 256
"""Messages that are sent before replies are read again."""

MIN_TIMER = 0.001
"""Minimum timer interval in seconds; asyncio rounds shorter delays to zero and would busy-wait."""

SAMPLE_INTERVAL = 0.05
"""Seconds between two samples of the messages in flight."""

Progress = Callable[[Second], None]


class RunningLoad:
    """Sends messages as the schedule of ``result`` says, and fills ``result`` with the figures."""

    def __init__(
        self,
        endpoint: Endpoint,
        connections: Sequence[LoadConnection],
        result: Result,
        workload: Workload,
        interval: float,
        progress: Progress | None,
    ) -> None:
        self.result = result
        self._endpoint = endpoint
        self._interval = interval
        self._progress = progress
        self._connections = [
            (connection, PendingReplies(connection.number, result.wrong_replies))
            for connection in connections
        ]
        self._pending = dict(self._connections)
        writers = {kind: (kind.opcode, payload_writer(kind)) for kind in workload.kinds}
        self._kinds = cycle([writers[kind] for kind in workload.order()])
        self._loop = asyncio.get_running_loop()
        self._done: asyncio.Future[None] = self._loop.create_future()
        self._timers: list[asyncio.TimerHandle] = []
        self._began = self._ends = self._second_began = 0
        self._second = Second(0.0)
        # In plain dictionaries a new key costs no call of Python code.
        self._latencies: defaultdict[int, int] = defaultdict(int)
        self._lates: defaultdict[int, int] = defaultdict(int)
        self._waiting = 0
        self._number = 0
        self._service = 0
        self._wrong = self._lost = 0
        self._samples = self._sampled = 0
        self._sending = True

    async def run(self) -> Result:
        """Sends until the end of the schedule and waits for the replies, at most for the deadline."""
        result = self.result
        if not self._connections:
            result.errors["no connection is open"] += 1
            return result
        for connection, pending in self._connections:
            connection.on_message = partial(self._on_message, connection, pending)
            connection.on_end = partial(self._on_end, connection)
        monitor = Monitor()
        self._began = self._second_began = time.perf_counter_ns()
        self._ends = self._began + int(result.duration * 1e9)
        self._timers = [
            self._loop.call_later(SAMPLE_INTERVAL, self._sample),
            self._loop.call_later(self._interval, self._next_second, monitor),
        ]
        if result.rate is None:
            for connection, pending in self._connections:
                self._send(connection, pending, time.perf_counter_ns())
            self._timers.append(self._loop.call_later(result.duration, self._stop_sending))
        else:
            self._send_due(1e9 / result.rate)
        try:
            async with asyncio.timeout(result.duration + self._endpoint.deadline):
                await self._done
        except TimeoutError:
            self._stop_sending()
        except asyncio.CancelledError:
            self._set_real_duration()
            # These replies were not waited for, so they are not lost.
            for pending in self._pending.values():
                pending.replies.clear()
            raise
        finally:
            self._complete_result(monitor)
        return result

    def stop(self) -> None:
        """Ends the sending; `run` waits no longer than the deadline for the replies."""
        if self._sending:
            self._set_real_duration()
            self._stop_sending()
            self._timers.append(self._loop.call_later(self._endpoint.deadline, self._finish))

    def _set_real_duration(self) -> None:
        elapsed = (time.perf_counter_ns() - self._began) / 1e9
        self.result.duration = min(self.result.duration, elapsed)

    def _complete_result(self, monitor: Monitor) -> None:
        result = self.result
        self._sending = False
        result.elapsed = (time.perf_counter_ns() - self._began) / 1e9
        result.cpu = monitor.cpu
        for connection, pending in self._connections:
            pending.give_up("the connection ended" if connection.closing else "the deadline passed")
            connection.on_message = connection.on_end = _ignore
        self._close_second(monitor)
        monitor.stop()
        for timer in self._timers:
            timer.cancel()
        result.lag = monitor.lag
        result.late.add(self._lates)
        result.service = self._service / 1e9 / result.received if result.received else 0.0
        result.in_flight = self._sampled / self._samples if self._samples else 0.0

    def _send_due(self, interval: float) -> None:
        """Sends the messages that are due; ``interval`` is the time between two of them in nanoseconds."""
        if not self._sending:
            return
        now = time.perf_counter_ns()
        burst = 0
        while True:
            due = self._began + int(self._number * interval)
            if due >= self._ends:
                self._stop_sending()
                return
            if due > now or burst == MAX_BURST:
                break
            self._send(*self._connections[self._number % len(self._connections)], due)
            burst += 1
            if not burst % 32:
                now = time.perf_counter_ns()
        if burst == MAX_BURST:
            # The sending is late; replies are read in between all the same, or they would be late as well.
            self._loop.call_soon(self._send_due, interval)
        else:
            self._loop.call_later(max(MIN_TIMER, (due - now) / 1e9), self._send_due, interval)

    def _send(self, connection: LoadConnection, pending: PendingReplies, due: int) -> None:
        opcode, write = next(self._kinds)
        number = self._number
        self._number += 1
        if connection.closing:
            self._count_error("not sent: the connection had ended")
            return
        payload = write(connection.number, number)
        answer = self._endpoint.answer(opcode, payload)
        if self._endpoint.carry is not None:
            opcode, payload = self._endpoint.carry(opcode, payload)
        if len(pending.replies) >= MAX_IN_FLIGHT or not connection.send(opcode, payload):
            self._count_error("not sent: the server had too much unanswered")
            return
        now = time.perf_counter_ns()
        self._lates[(now - due) // 1000] += 1
        self.result.sent += 1
        self._second.sent += 1
        if answer is not None:
            pending.replies.append((number, due, now, *answer))
            self._waiting += 1

    def _on_message(
        self, connection: LoadConnection, pending: PendingReplies, opcode: int, payload: bytes
    ) -> None:
        ignores = self._endpoint.ignores
        if ignores is not None and ignores(opcode, payload):
            return
        matched = pending.match(opcode, payload)
        if matched is None:
            return
        now = time.perf_counter_ns()
        _, due, sent, _, _ = matched
        self._latencies[(now - due) // 1000] += 1
        self._service += now - sent
        self.result.received += 1
        self._waiting -= 1
        if pending.dropped:
            self._waiting -= pending.dropped
            pending.dropped = 0
        if self._sending:
            if self.result.rate is None:
                self._send(connection, pending, now)
        elif not self._waiting:
            self._finish()

    def _on_end(self, connection: LoadConnection, reason: str) -> None:
        self._count_error(reason)
        self._waiting -= self._pending[connection].give_up(reason)
        if not self._sending and not self._waiting:
            self._finish()

    def _count_error(self, description: str) -> None:
        self.result.errors[description] += 1
        self._second.errors += 1

    def _stop_sending(self) -> None:
        self._sending = False
        if not self._waiting:
            self._finish()

    def _finish(self) -> None:
        if not self._done.done():
            self._done.set_result(None)

    def _sample(self) -> None:
        if self._sending:
            self._samples += 1
            self._sampled += self._waiting
            self._timers[0] = self._loop.call_later(SAMPLE_INTERVAL, self._sample)

    def _next_second(self, monitor: Monitor) -> None:
        self._close_second(monitor)
        self._timers[1] = self._loop.call_later(self._interval, self._next_second, monitor)

    def _close_second(self, monitor: Monitor) -> None:
        now = time.perf_counter_ns()
        second, self._second = self._second, Second((now - self._began) / 1e9)
        second.length = (now - self._second_began) / 1e9
        self._second_began = now
        counts, self._latencies = self._latencies, defaultdict(int)
        second.received = sum(counts.values())
        second.latency.add(counts)
        self.result.latency.add(counts)
        second.in_flight = self._waiting
        wrong = self.result.wrong_replies.counts
        second.lost = wrong["lost"] - self._lost
        second.wrong = wrong.total() - wrong["lost"] - self._wrong
        self._lost += second.lost
        self._wrong += second.wrong
        second.lag = monitor.worst()
        if second.sent or second.received or second.errors or second.wrong or second.lost:
            self.result.seconds.append(second)
            second.latency.pack()
            if self._progress is not None:
                self._progress(second)


def _ignore(*_: object) -> None:
    """Does nothing: between two loads messages and ends are not counted."""
