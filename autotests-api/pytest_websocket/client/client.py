"""The test client: an open connection that loses nothing, never hangs and explains every failure."""

from __future__ import annotations

import asyncio
import json
import re
from collections import deque
from collections.abc import Collection, Iterable, Sequence
from types import TracebackType
from typing import Any, NamedTuple, cast

from websockets.exceptions import ConcurrencyError, ConnectionClosed

from pytest_websocket.client.connection import RecordedConnection
from pytest_websocket.client.ending import describe_ending, half_closed, limited_by_client
from pytest_websocket.client.expectations import (
    Expected,
    describe_expected,
    describe_expected_closing,
    describe_message,
    describe_miss,
    find_difference,
    first_difference,
    reason_matches,
)
from pytest_websocket.client.failures import ConnectionEnded, ExpectationFailed, Row, failure
from pytest_websocket.client.open_connection import OpenConnection
from pytest_websocket.recording import Recording
from pytest_websocket.text import Message, printable, quantity

DEFAULT_DEADLINE = 5.0
"""Seconds that any wait may take unless the connection or the call says otherwise."""

DEFAULT_QUIET = 0.2
"""Seconds without a message after which `Client.collect` takes the server to have finished."""

MAX_KEPT_MESSAGES = 10_000
MAX_KEPT_BYTES = 64 << 20


class Closing(NamedTuple):
    """How a connection ended: the code and the reason of the Close frame that was received.

    RFC 6455 §7.1.5: 1005 stands for a Close frame without a code, 1006 for no Close frame at all.
    """

    code: int
    reason: str


class Client(OpenConnection):
    """An open WebSocket connection with the waits and expectations of a test.

    Made by `connect`. Every wait takes a ``deadline`` in seconds (the connection's own by default) and
    fails with `ExpectationFailed`, an AssertionError, when it passes; with `ConnectionEnded`, a kind of
    it, when the connection is over. Messages that arrive before a wait are kept in order.

    ``skipped`` holds what `wait_for` went past; ``recording`` every frame in both directions. One task
    at a time may wait for messages.
    """

    def __init__(self, connection: RecordedConnection, recording: Recording, deadline: float) -> None:
        super().__init__(connection, recording)
        self.deadline = deadline
        self.skipped: deque[Message] = deque(maxlen=MAX_KEPT_MESSAGES)
        self._unread: deque[Message] = deque()

    # Sending.

    async def send(self, message: Message | Iterable[Message], *, deadline: float | None = None) -> None:
        """Sends text (str) or binary (bytes); an iterable goes as the fragments of one message."""
        __tracebackhide__ = True
        seconds = self.deadline if deadline is None else deadline
        try:
            async with asyncio.timeout(seconds):
                await self._connection.send(message)
        except TimeoutError:
            raise self._failed(f"the server did not take a message within {seconds:g} s") from None
        except ConnectionClosed:
            raise self._ended("a message could not be sent") from None

    async def send_json(self, value: Any, *, deadline: float | None = None) -> None:
        """Sends ``value`` as JSON text."""
        __tracebackhide__ = True
        await self.send(json.dumps(value, ensure_ascii=False, allow_nan=False), deadline=deadline)

    async def ask(self, message: Message, *, deadline: float | None = None) -> Message:
        """Sends ``message`` and returns the next message; ``deadline`` is for both together."""
        __tracebackhide__ = True
        seconds = self.deadline if deadline is None else deadline
        try:
            async with asyncio.timeout(seconds):
                await self._connection.send(message)
                return self._unread.popleft() if self._unread else await self._receive()
        except TimeoutError:
            raise self._failed(
                f"no reply came within {seconds:g} s", ("sent", describe_message(message))
            ) from None
        except ConnectionClosed:
            raise self._ended("no reply came", ("sent", describe_message(message))) from None

    async def ping(self, payload: Message | None = None, *, deadline: float | None = None) -> float:
        """Sends a Ping (RFC 6455 §5.5.2), waits for its Pong and returns the round trip in seconds.

        A Pong shows that the connection works. It does not show that the server has processed the
        messages before it: libraries answer a Ping before the application sees the message.
        """
        __tracebackhide__ = True
        seconds = self.deadline if deadline is None else deadline
        try:
            async with asyncio.timeout(seconds):
                return await (await self._connection.ping(payload))
        except TimeoutError:
            raise self._failed(f"no Pong came within {seconds:g} s") from None
        except ConnectionClosed:
            raise self._ended("no Pong came") from None

    # Receiving.

    async def receive(self, *, deadline: float | None = None) -> Message:
        """Returns the next message: str when it was text, bytes when it was binary."""
        __tracebackhide__ = True
        return await self._obtain("no message came", deadline)

    async def receive_json(self, *, deadline: float | None = None) -> Any:
        """Returns the next message, read as JSON."""
        __tracebackhide__ = True
        message = await self.receive(deadline=deadline)
        try:
            return json.loads(message)
        except (ValueError, RecursionError) as error:
            raise self._failed(
                "the next message is not JSON",
                ("received", describe_message(message)),
                ("because", printable(str(error))),
            ) from None

    async def expect(self, expected: Expected, *, deadline: float | None = None) -> Message:
        """Returns the next message, which must equal or match ``expected`` (see `Expected`)."""
        __tracebackhide__ = True
        wanted = ("expected", describe_expected(expected))
        message = await self._obtain("no message came", deadline, wanted)
        difference = find_difference(expected, message)
        if difference:
            raise self._failed(
                "the next message is not the expected one",
                wanted,
                ("received", describe_message(message, around=first_difference(expected, message))),
                ("because", difference),
            )
        return message

    async def wait_for(self, expected: Expected, *, deadline: float | None = None) -> Message:
        """Returns the first message that matches ``expected`` (see `Expected`).

        Messages before it are moved to ``skipped``, where later calls look first: answers that come
        in another order than they are waited for are found.
        """
        __tracebackhide__ = True
        seconds = self.deadline if deadline is None else deadline
        for index, message in enumerate(self.skipped):
            if not find_difference(expected, message):
                del self.skipped[index]
                return message
        until = self._until(seconds)
        size = sum(map(len, self.skipped))
        passed: deque[Message] = deque(maxlen=50)
        try:
            while find_difference(expected, message := await self._next(until)):
                passed.append(message)
                self.skipped.append(message)
                size += len(message)
                while size > MAX_KEPT_BYTES:
                    size -= len(self.skipped.popleft())
        except TimeoutError:
            headline = f"no message that matches came within {seconds:g} s"
            raise self._failed(headline, *describe_miss(expected, passed)) from None
        except ConnectionClosed:
            raise self._ended("no message that matches came", *describe_miss(expected, passed)) from None
        return message

    async def collect(
        self, count: int | None = None, *, quiet: float | None = None, deadline: float | None = None
    ) -> list[Message]:
        """Returns the next ``count`` messages, or all until ``quiet`` seconds bring no other.

        Given both, whichever comes first. The end of the connection is quiet, too. Fails when
        ``count`` messages do not come, or when there is no quiet, within the deadline.
        """
        __tracebackhide__ = True
        seconds = self.deadline if deadline is None else deadline
        until = self._until(seconds)
        pause = DEFAULT_QUIET if quiet is None and count is None else quiet
        got: list[Message] = []
        size = 0
        while count is None or len(got) < count:
            limit = until if pause is None else min(until, self._until(pause))
            try:
                message = await self._next(limit)
            except TimeoutError:
                if pause is not None and limit < until:
                    return got
                raise self._failed(*self._not_collected(got, count, seconds)) from None
            except ConnectionClosed:
                if pause is not None:
                    return got
                raise self._ended(*self._not_collected(got, count, None)) from None
            got.append(message)
            size += len(message)
            if count is None and (len(got) > MAX_KEPT_MESSAGES or size > MAX_KEPT_BYTES):
                raise self._failed(f"no quiet came: {quantity(len(got), 'message')} and more")
        return got

    async def expect_silence(
        self, marker: Message, answer: Expected, *, deadline: float | None = None
    ) -> Message:
        """Proves that nothing was on its way: sends ``marker`` and expects that its answer comes next.

        Servers answer in order, so a message that was due earlier must come before the marker's
        ``answer`` (see `Expected`). No time is spent on waiting. A Ping would prove nothing, see `ping`.
        """
        __tracebackhide__ = True
        seconds = self.deadline if deadline is None else deadline
        until = self._until(seconds)
        wanted = ("expected", f"silence, then the answer to the marker: {describe_expected(answer)}")
        await self.send(marker, deadline=seconds)
        message = await self._obtain("the marker was not answered", seconds, wanted, until=until)
        if difference := find_difference(answer, message):
            raise self._failed(
                "a message came where silence was expected",
                wanted,
                ("received", describe_message(message)),
                ("because", difference),
            )
        return message

    # The end.

    async def expect_closed(
        self,
        code: int | Collection[int] | None = None,
        reason: str | re.Pattern[str] | None = None,
        *,
        deadline: float | None = None,
    ) -> Closing:
        """Waits until the server has closed, with this code (or one of these) and reason where given.

        A pattern must be found in the reason. Messages that come before the end stay to be read.
        """
        __tracebackhide__ = True
        seconds = self.deadline if deadline is None else deadline
        until = self._until(seconds)
        codes = {code} if isinstance(code, int) else None if code is None else set(code)
        wanted = ("expected", f"the end of the connection{describe_expected_closing(codes, reason)}")
        kept: deque[Message] = deque()
        size = 0
        try:
            while True:
                message = await self._next(until)
                kept.append(message)
                size += len(message)
                if len(kept) > MAX_KEPT_MESSAGES or size > MAX_KEPT_BYTES:
                    raise self._failed("the server goes on sending instead of closing", wanted)
        except TimeoutError:
            raise self._failed(
                f"the connection is still open after {seconds:g} s", wanted, *half_closed(self.recording)
            ) from None
        except ConnectionClosed:
            pass
        finally:
            self._unread.extendleft(reversed(kept))
        closing = Closing(cast(int, self.close_code), self.close_reason or "")
        if (codes is not None and closing.code not in codes) or not reason_matches(reason, closing.reason):
            raise self._failed(
                "the connection ended in another way", wanted, ("received", describe_ending(self.recording))
            )
        return closing

    async def close(self, code: int = 1000, reason: str = "", *, deadline: float | None = None) -> None:
        """Closes the connection (RFC 6455 §7.1.2); after the deadline, without waiting for the server.

        A server that has answered the Close has a tenth of the deadline to close TCP. What was not read
        stays to be read. Closing twice does no harm.
        """
        seconds = self.deadline if deadline is None else deadline
        closing = asyncio.ensure_future(self._connection.close(code, reason))
        try:
            async with asyncio.timeout(seconds) as waiting:

                def shorten() -> None:
                    waiting.reschedule(min(cast(float, waiting.when()), self._until(seconds / 10)))

                self._connection.on_close = shorten
                if self.recording.close_received is not None:
                    shorten()
                # Unread messages stop the reading of the socket, and with it the server's Close frame.
                await self._read_to_the_end()
        except TimeoutError:
            self.abort()
        except asyncio.CancelledError:
            self.abort()
            raise
        finally:
            self._connection.on_close = None
        await closing

    async def __aenter__(self) -> Client:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    # Inside.

    def _until(self, seconds: float) -> float:
        return asyncio.get_running_loop().time() + seconds

    async def _next(self, until: float) -> Message:
        if self._unread:
            return self._unread.popleft()
        async with asyncio.timeout_at(until):
            return await self._receive()

    async def _obtain(
        self, headline: str, deadline: float | None, *rows: Row, until: float | None = None
    ) -> Message:
        __tracebackhide__ = True
        seconds = self.deadline if deadline is None else deadline
        try:
            return await self._next(self._until(seconds) if until is None else until)
        except TimeoutError:
            raise self._failed(f"{headline} within {seconds:g} s", *rows) from None
        except ConnectionClosed:
            raise self._ended(headline, *rows) from None

    async def _receive(self) -> Message:
        try:
            return await self._connection.recv()
        except ConcurrencyError:
            raise RuntimeError(f"two tasks wait for a message of {self!r} at once") from None

    async def _read_to_the_end(self) -> None:
        size = 0
        try:
            while True:
                message = await self._connection.recv()
                size += len(message)
                if len(self._unread) < MAX_KEPT_MESSAGES and size < MAX_KEPT_BYTES:
                    self._unread.append(message)
        except (ConnectionClosed, AssertionError):
            # websockets asserts that no fragment follows a message that it has refused.
            return
        except ConcurrencyError:
            # Another task is reading, and so the Close frame will be read.
            await self._connection.wait_closed()

    def _not_collected(self, got: Sequence[Message], count: int | None, seconds: float | None) -> Any:
        within = "" if seconds is None else f" within {seconds:g} s"
        if count is None:
            return (f"no quiet came{within}: {quantity(len(got), 'message')} and more",)
        last = [("the last", describe_message(got[-1]))] if got else []
        return (f"only {len(got)} of {quantity(count, 'message')} came{within}", *last)

    def _failed(self, headline: str, *rows: Row) -> ExpectationFailed:
        return failure(
            ExpectationFailed, headline, [*rows, *limited_by_client(self.recording)], self.recording
        )

    def _ended(self, headline: str, *rows: Row) -> ConnectionEnded:
        headline = f"{headline}: the connection was {describe_ending(self.recording)}"
        rows = (*rows, *limited_by_client(self.recording))
        return failure(ConnectionEnded, headline, rows, self.recording)
