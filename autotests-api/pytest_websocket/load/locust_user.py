"""Locust users: one that speaks the vocabulary of `websocket_client`, and one that is a whole crowd.

Locust's users are greenlets; the clients live in one event loop in a real thread beside them, so that
round trips are timed where they happen, whatever Locust is busy with.
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import logging
import time
from collections import deque
from collections.abc import Callable, Coroutine, Iterable, Mapping
from time import perf_counter
from typing import Any, cast

import gevent
from gevent.hub import Waiter
from locust import User, task
from locust.env import Environment
from locust.exception import StopUser
from locust.runners import STATE_STOPPING, MasterRunner, WorkerRunner

from pytest_websocket.client.client import Client, ExpectationFailed, Message, connect
from pytest_websocket.load.connection import Endpoint
from pytest_websocket.load.connections import Crowd
from pytest_websocket.load.result import Second
from pytest_websocket.load.workload import Mix
from pytest_websocket.recording import Recording

_MOST_FRAMES = 16
"""Frames that the recording of each of very many connections keeps."""

_DAY = 24 * 3600.0

_SPARE = 60.0
"""Seconds beyond Locust's --stop-timeout in which the last figures of all workers must have come."""

_log = logging.getLogger(__name__)


def hand_over_the_last_figures(environment: Environment) -> None:
    """Let the master wait, when a run ends, until every worker has reported all that it has counted.

    Locust's own master waits half a second and takes what has come by then. To be called from a listener
    of Locust's ``init`` event, in the master and in the workers.
    """
    runner, hooks = environment.runner, cast(Any, environment.events)
    if isinstance(runner, MasterRunner):
        _wait_for_workers(runner, environment, hooks)
    elif isinstance(runner, WorkerRunner):
        _report_when_asked(runner, hooks)


def _wait_for_workers(runner: MasterRunner, environment: Environment, hooks: Any) -> None:
    done: set[str] = set()

    def arrived(msg: Any, **_: Any) -> None:
        done.add(msg.node_id)

    def missing() -> set[str]:
        clients = runner.clients
        return {client.id for client in (*clients.ready, *clients.spawning, *clients.running)} - done

    def wait(**_: Any) -> None:
        done.clear()
        # Else the users of a worker that has left would be given to those who stay.
        runner.update_state(STATE_STOPPING)
        runner.send_message("finish")
        with gevent.Timeout(environment.stop_timeout + _SPARE, False):
            while missing():
                gevent.sleep(0.02)
        if missing():
            _log.error("The last figures of %d workers did not come: the sums are too low.", len(missing()))

    runner.register_message("finished", arrived)
    hooks.test_stopping.add_listener(wait)


def _report_when_asked(runner: WorkerRunner, hooks: Any) -> None:
    def report(**_: Any) -> None:
        runner.stop()
        figures: dict[str, Any] = {}
        hooks.report_to_master.fire(client_id=runner.client_id, data=figures)
        runner.send_message("stats", figures)
        runner.send_message("finished")

    runner.register_message("finish", report)
    # Ctrl+C reaches workers of the same terminal before their master can ask them.
    hooks.quitting.add_listener(report)


class Loop:
    """An event loop in a thread of its own, for greenlets to run coroutines in."""

    _shared: Loop | None = None

    def __init__(self) -> None:
        uvloop = importlib.util.find_spec("uvloop") and importlib.import_module("uvloop")
        self._loop: asyncio.AbstractEventLoop = (
            uvloop.new_event_loop() if uvloop else asyncio.new_event_loop()
        )
        self._left: list[asyncio.Task[Any]] = []
        # Locust has replaced threading by greenlets; only gevent's pool still starts real threads.
        gevent.get_hub().threadpool.spawn(self._loop.run_forever)

    @classmethod
    def shared(cls) -> Loop:
        """The one of this process, started when first asked for: after Locust has forked its workers."""
        if cls._shared is None:
            cls._shared = cls()
        return cls._shared

    def start(self, work: Coroutine[Any, Any, Any]) -> Callable[[], None]:
        """Begin ``work`` and do not wait for it; returns what cancels it."""
        tasks: list[asyncio.Task[Any]] = []

        def begin() -> None:
            tasks.append(self._loop.create_task(work))
            self._left.extend(tasks)

        self.call(begin)
        return lambda: self.call(lambda: [task.cancel() for task in tasks])

    def call(self, function: Callable[[], object]) -> None:
        """Call ``function`` in the loop's thread and do not wait for it."""
        self._loop.call_soon_threadsafe(function)

    def finish(self) -> None:
        """Wait for everything that was begun."""

        async def all_of_it() -> None:
            await asyncio.gather(*self._left, return_exceptions=True)

        self.run(all_of_it())

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Run ``work`` to its end while other greenlets go on; returns or raises what it does."""
        hub = gevent.get_hub()
        done = hub.loop.async_()
        waiter = Waiter(hub)
        done.start(waiter.switch, None)
        tasks: list[asyncio.Task[Any]] = []

        def start() -> None:
            task = self._loop.create_task(work)
            tasks.append(task)
            task.add_done_callback(lambda _: done.send())

        try:
            self.call(start)
            waiter.get()
        except BaseException:
            # Locust stops its users with an exception; what they wait for shall not go on without them.
            self.call(lambda: [task.cancel() for task in tasks])
            raise
        finally:
            done.stop()
            done.close()
        return tasks[0].result()


class WebSocketUser(User):
    """One connection. Subclass it, set ``url`` and ``settings``, and write tasks with its verbs.

    Every verb fires Locust's request event: type ``WS``, the verb or ``name`` as its name, the time from the
    call to the result in milliseconds. An `ExpectationFailed` becomes a failed request and is not raised
    again, so that one wrong reply does not stop a user; the verb then returns None.
    """

    abstract = True
    url = ""
    settings: dict[str, Any] = {}  # noqa: RUF012 - Locust's way to configure a user: attributes of its class
    client: Client | None = None

    def on_start(self) -> None:
        """Open the connection."""
        self.connect()

    def on_stop(self) -> None:
        """Begin to close the connection."""
        # Locust's master gives its workers half a second to stop all users before it drops their figures.
        if self.client is not None:
            Loop.shared().start(self.client.close())

    def connect(self, name: str = "connect") -> bool:
        """Open the connection, or open it anew; whether it is open now."""

        async def opening() -> Client:
            return await connect(
                self.url, recording=Recording(url=self.url, max_frames=_MOST_FRAMES), **self.settings
            )

        self.client = self._request(name, opening)
        return self.client is not None

    def ask(self, message: Message, expected: Any = None, *, name: str = "ask") -> Message | None:
        """Send ``message`` and return the reply; ``expected`` as in `Client.expect`."""

        async def asking(client: Client) -> Message:
            if expected is None:
                return await client.ask(message)
            await client.send(message)
            return await client.expect(expected)

        return cast(Message | None, self._with_client(name, asking))

    def send(self, message: Message, *, name: str = "send") -> None:
        """Send and wait for nothing."""
        self._with_client(name, lambda client: client.send(message))

    def receive(self, *, name: str = "receive") -> Message | None:
        """The next message."""
        return cast(Message | None, self._with_client(name, lambda client: client.receive()))

    def expect(self, expected: Any, *, name: str = "expect") -> Message | None:
        """The next message, which must equal or match."""
        return cast(Message | None, self._with_client(name, lambda client: client.expect(expected)))

    def wait_for(self, expected: Any, *, name: str = "wait_for") -> Message | None:
        """The first message that matches."""
        return cast(Message | None, self._with_client(name, lambda client: client.wait_for(expected)))

    def collect(self, count: int, *, name: str = "collect") -> list[Message] | None:
        """The next ``count`` messages."""
        return cast(list[Message] | None, self._with_client(name, lambda client: client.collect(count)))

    def _with_client(self, name: str, work: Callable[[Client], Coroutine[Any, Any, Any]]) -> Any:
        client = self.client
        if (client is None or not client.is_open) and not self.connect("reconnect"):
            return None
        open_client = self.client
        assert open_client is not None
        return self._request(name, lambda: work(open_client))

    def _request(self, name: str, work: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        async def timed() -> tuple[Any, Exception | None, float]:
            began = perf_counter()
            try:
                result, failure = await work(), None
            except ExpectationFailed as error:
                # Locust counts failures by their text: the headline is equal for equal failures.
                result, failure = None, AssertionError(error.headline)
            return result, failure, perf_counter() - began

        result, failure, seconds = Loop.shared().run(timed())
        self.environment.events.request.fire(
            request_type="WS",
            name=name,
            response_time=seconds * 1000,
            response_length=len(result) if isinstance(result, str | bytes) else 0,
            exception=failure,
            context={},
        )
        return result


class CrowdUser(User):
    """A whole crowd as one Locust user: the load engine under Locust's control, ten times the load per core.

    Set ``endpoint``, ``connections``, ``rate`` (messages per second of this crowd) and ``mix``; give every
    worker one such user. Its figures go into Locust's statistics once a second.
    """

    abstract = True
    endpoint: Endpoint
    connections = 1000
    rate = 1000.0
    mix: Mix
    _crowd: Crowd | None = None

    @task
    def load(self) -> None:
        """Open the crowd and load the server until Locust stops this user."""
        crowd = Crowd(self.endpoint, self.connections)
        opened: deque[bool] = deque()
        seconds: deque[Second] = deque()
        ends: deque[Exception | None] = deque()
        self._crowd = crowd
        cancel = Loop.shared().start(self._run(crowd, opened.append, seconds.append, ends.append))
        try:
            while True:
                ended = bool(ends)
                while opened:
                    opened.popleft()
                    self._report("connect", crowd.connect.counts(), crowd.errors)
                while seconds:
                    second = seconds.popleft()
                    errors = {"wrong reply": second.wrong, "broken or not sent": second.errors}
                    self._report(f"crowd of {self.mix}", second.latency.counts(), errors, second.lost)
                if ended:
                    break
                gevent.sleep(0.2)
        except BaseException:
            cancel()
            raise
        if ends[0] is not None:
            raise RuntimeError(f"the crowd failed: {ends[0]!r}")
        raise StopUser

    def stop(self, force: bool = False) -> bool:
        """Stop, as Locust asks it to; unless forced, the replies that are on their way are waited for."""
        if not force and self._crowd is not None:
            Loop.shared().call(self._crowd.stop)
        return bool(super().stop(force))

    async def _run(
        self,
        crowd: Crowd,
        opened: Callable[[bool], None],
        progress: Callable[[Second], None],
        ended: Callable[[Exception | None], None],
    ) -> None:
        failure = None
        try:
            await crowd.open()
            opened(True)
            await crowd.run(duration=_DAY, rate=self.rate, mix=self.mix, interval=1.0, progress=progress)
        except Exception as error:
            failure = error
        # The figures are complete; the closing handshakes need not be waited for.
        ended(failure)
        await crowd.close()

    def _report(
        self, name: str, counts: Iterable[tuple[float, int]], errors: Mapping[str, int], lost: int = 0
    ) -> None:
        """What Locust's own entry for a single request does, for many at once."""
        statistics = self.environment.stats
        now = time.time()
        for _ in range(lost):
            # A request without a response time is what Locust calls one that was never answered.
            statistics.log_request("WS", name, None, 0)
            statistics.log_error("WS", name, "lost reply")
        for seconds, count in counts:
            milliseconds = seconds * 1000
            # Locust keeps two significant digits; so must this, or its tables grow without end.
            digits = 1 if milliseconds < 10 else 2 - len(str(int(milliseconds)))
            rounded = round(milliseconds, digits)
            for entry in (statistics.get(name, "WS"), statistics.total):
                entry.num_requests += count
                entry.total_response_time += milliseconds * count
                entry.response_times[rounded] = entry.response_times.get(rounded, 0) + count
                entry.num_reqs_per_sec[int(now)] = entry.num_reqs_per_sec.get(int(now), 0) + count
                entry.last_request_timestamp = now
                least = entry.min_response_time
                entry.min_response_time = milliseconds if least is None else min(least, milliseconds)
                entry.max_response_time = max(entry.max_response_time, milliseconds)
        for words, count in errors.items():
            for _ in range(count):
                statistics.log_error("WS", name, words)
