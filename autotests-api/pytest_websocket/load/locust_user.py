"""Locust users: one connection with the verbs of the test client, or many connections of the load engine."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Coroutine, Iterable, Mapping
from time import perf_counter
from typing import Any, cast

import gevent
from locust import User, task
from locust.exception import StopUser

from pytest_websocket.client import Client, ExpectationFailed, connect
from pytest_websocket.load.connection import Endpoint
from pytest_websocket.load.connections import Connections
from pytest_websocket.load.locust_loop import Loop
from pytest_websocket.load.result import Second
from pytest_websocket.load.workload import Workload
from pytest_websocket.recording import Recording
from pytest_websocket.text import Message

_MAX_FRAMES = 16
"""Frames that the recording of each connection keeps."""

_DAY = 24 * 3600.0


class WebSocketUser(User):
    """One connection. Subclass it, set ``url`` and ``settings``, and write tasks with its verbs.

    Every verb fires Locust's request event: type ``WS``, the verb or ``name`` as its name, the time from the
    call to the result in milliseconds. An `ExpectationFailed` becomes a failed request and is not raised,
    so that one wrong reply does not stop a user; the verb then returns None.
    """

    abstract = True
    url = ""
    settings: dict[str, Any] = {}  # noqa: RUF012 - Locust configures users by attributes of their class
    client: Client | None = None

    def on_start(self) -> None:
        """Opens the connection."""
        self.connect()

    def on_stop(self) -> None:
        """Starts to close the connection."""
        # Locust's master would drop the figures of users that take half a second to stop.
        if self.client is not None:
            Loop.shared().start(self.client.close())

    def connect(self, name: str = "connect") -> bool:
        """Opens a connection in place of the one before; returns whether it is open."""

        async def opening() -> Client:
            recording = Recording(url=self.url, max_frames=_MAX_FRAMES)
            # A user who listens on after a failed wait would send less than the load that was asked for.
            return await connect(self.url, recording=recording, **{"listen_on": 0, **self.settings})

        self.client = self._request(name, opening)
        return self.client is not None

    def ask(self, message: Message, expected: Any = None, *, name: str = "ask") -> Message | None:
        """Sends ``message`` and returns the reply; ``expected`` as in `Client.expect`."""

        async def asking(client: Client) -> Message:
            if expected is None:
                reply: Message = await client.ask(message)
            else:
                await client.send(message)
                reply = await client.expect(expected)
            return reply

        return cast(Message | None, self._with_client(name, asking))

    def send(self, message: Message, *, name: str = "send") -> None:
        """Sends ``message`` and waits for no reply."""
        self._with_client(name, lambda client: client.send(message))

    def receive(self, *, name: str = "receive") -> Message | None:
        """Returns the next message."""
        return cast(Message | None, self._with_client(name, lambda client: client.receive()))

    def expect(self, expected: Any, *, name: str = "expect") -> Message | None:
        """Returns the next message, which must be ``expected``; see `Client.expect`."""
        return cast(Message | None, self._with_client(name, lambda client: client.expect(expected)))

    def wait_for(self, expected: Any, *, name: str = "wait_for") -> Message | None:
        """Returns the first message that matches; see `Client.wait_for`."""
        return cast(Message | None, self._with_client(name, lambda client: client.wait_for(expected)))

    def collect(self, count: int, *, name: str = "collect") -> list[Message] | None:
        """Returns the next ``count`` messages."""
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
                # Locust groups failures by their text; the headline is equal for equal failures.
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


class ConnectionsUser(User):
    """Many connections as one Locust user: the load engine, with ten times the load per core.

    Set ``endpoint``, ``count`` (connections), ``rate`` (messages per second over all of them) and
    ``workload``; give every worker one such user. Its figures go into Locust's statistics once a second.
    """

    abstract = True
    endpoint: Endpoint
    count = 1000
    rate = 1000.0
    workload: Workload
    _connections: Connections | None = None

    @task
    def load(self) -> None:
        """Opens the connections and puts the load on the server until Locust stops this user."""
        connections = Connections(self.endpoint, self.count)
        opened: deque[bool] = deque()
        seconds: deque[Second] = deque()
        ends: deque[Exception | None] = deque()
        self._connections = connections
        cancel = Loop.shared().start(self._run(connections, opened.append, seconds.append, ends.append))
        try:
            while True:
                ended = bool(ends)
                while opened:
                    opened.popleft()
                    self._report("connect", connections.connect.counts(), connections.errors)
                while seconds:
                    second = seconds.popleft()
                    errors = {"wrong reply": second.wrong, "broken or not sent": second.errors}
                    self._report(f"load of {self.workload}", second.latency.counts(), errors, second.lost)
                if ended:
                    break
                gevent.sleep(0.2)
        except BaseException:
            cancel()
            raise
        if ends[0] is not None:
            raise RuntimeError(f"the load failed: {ends[0]!r}")
        raise StopUser

    def stop(self, force: bool = False) -> bool:
        """Stops the user, as Locust asks; waits for pending replies unless ``force`` is set."""
        if not force and self._connections is not None:
            Loop.shared().call(self._connections.stop)
        return bool(super().stop(force))

    async def _run(
        self,
        connections: Connections,
        opened: Callable[[bool], None],
        progress: Callable[[Second], None],
        ended: Callable[[Exception | None], None],
    ) -> None:
        failure = None
        try:
            await connections.open()
            opened(True)
            await connections.run(
                duration=_DAY, rate=self.rate, workload=self.workload, interval=1.0, progress=progress
            )
        except Exception as error:
            failure = error
        # The figures are complete; the closing handshakes need not be waited for.
        ended(failure)
        await connections.close()

    def _report(
        self, name: str, counts: Iterable[tuple[float, int]], errors: Mapping[str, int], lost: int = 0
    ) -> None:
        """Adds many requests to Locust's statistics at once, as its own entry does with one."""
        statistics = self.environment.stats
        now = time.time()
        for _ in range(lost):
            # Locust records a request without a response time for one that was not answered.
            statistics.log_request("WS", name, None, 0)
            statistics.log_error("WS", name, "lost reply")
        for seconds, count in counts:
            milliseconds = seconds * 1000
            # Locust keeps two significant digits; more would make its tables grow with every request.
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
        for description, count in errors.items():
            for _ in range(count):
                statistics.log_error("WS", name, description)
