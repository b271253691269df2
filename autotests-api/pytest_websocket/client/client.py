"""The test client: an open connection that loses nothing, never hangs and explains every failure."""

from __future__ import annotations

import asyncio
import json
import re
from collections import deque
from collections.abc import Collection, Iterable, Sequence
from functools import partial
from types import TracebackType
from typing import Any, NamedTuple, cast

from websockets.exceptions import ConnectionClosed

from pytest_websocket.client.collected import Collected
from pytest_websocket.client.connection import RecordedConnection
from pytest_websocket.client.ending import describe_ending, half_closed, limited_by_client
from pytest_websocket.client.expectations import (
    NOT_GIVEN,
    Expected,
    any_of,
    describe_expected,
    describe_expected_closing,
    describe_message,
    describe_miss,
    find_difference,
    first_difference,
    matches,
    reason_matches,
)
from pytest_websocket.client.failures import ConnectionEnded, ExpectationFailed, Row, failure
from pytest_websocket.client.inbox import Inbox, Waiter, is_too_much
from pytest_websocket.client.open_connection import OpenConnection
from pytest_websocket.recording import Recording
from pytest_websocket.text import Message, printable, quantity

DEFAULT_DEADLINE = 5.0
"""Seconds that any wait may take unless the connection or the call says otherwise."""

DEFAULT_QUIET = 0.2
"""Seconds without a message after which `Client.collect` takes the server to have finished."""


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

    ``skipped`` holds what `wait_for` went past; ``recording`` every frame in both directions. Several
    tasks may wait at once: a message goes to the first `wait_for` that wants it, else to the first of the
    other waits. Messages that match one of ``ignore`` go to none.
    """

    def __init__(
        self,
        connection: RecordedConnection,
        recording: Recording,
        deadline: float,
        ignore: Sequence[Expected] = (),
    ) -> None:
        super().__init__(connection, recording)
        self.deadline = deadline
        self._inbox = Inbox(connection, any_of(ignore) if ignore else None)
        self.skipped = self._inbox.skipped

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
                return await self._next(self._until(seconds))
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
        message = await self._obtain("no message came", deadline, wanted, expected=expected)
        difference = find_difference(expected, message)
        if difference:
            raise self._failed(
                "the next message is not the expected one",
                wanted,
                ("received", describe_message(message, around=first_difference(expected, message))),
                ("because", difference),
                *self._elsewhere(expected),
            )
        return message

    async def wait_for(self, expected: Expected, *, deadline: float | None = None) -> Message:
        """Returns the first message that matches ``expected`` (see `Expected`).

        Messages before it are moved to ``skipped``, where later calls look first: answers that come
        in another order than they are waited for are found.
        """
        __tracebackhide__ = True
        wants = partial(matches, expected)
        if (message := self._inbox.take_skipped(wants)) is not None:
            return message
        seconds = self.deadline if deadline is None else deadline
        waiter = Waiter(wants)
        try:
            return await self._inbox.take(self._until(seconds), waiter)
        except TimeoutError:
            headline = f"no message that matches came within {seconds:g} s"
            raise self._failed(headline, *self._missed(expected, waiter.passed)) from None
        except ConnectionClosed:
            rows = self._missed(expected, waiter.passed)
            raise self._ended("no message that matches came", *rows) from None

    async def collect(
        self,
        count: int | None = None,
        *,
        until: Expected = NOT_GIVEN,
        quiet: float | None = None,
        deadline: float | None = None,
    ) -> list[Message]:
        """Returns the next ``count`` messages, or all up to the one that matches ``until``, that included.

        With neither, all until ``quiet`` seconds bring no other; the end of the connection is quiet, too.
        Of several, whichever comes first. Fails when what ends the collection does not come within the
        deadline; what had come is then still there to be read.
        """
        __tracebackhide__ = True
        seconds = self.deadline if deadline is None else deadline
        end = self._until(seconds)
        pause = DEFAULT_QUIET if quiet is None and count is None and until is NOT_GIVEN else quiet
        got = Collected(count, until)
        while not got.is_complete:
            limit = end if pause is None else min(end, self._until(pause))
            try:
                got.add(await self._next(limit))
            except TimeoutError:
                if pause is not None and limit < end:
                    break
                self._inbox.put_back(got.messages)
                raise self._failed(*got.described(f" within {seconds:g} s")) from None
            except ConnectionClosed:
                if pause is not None:
                    break
                self._inbox.put_back(got.messages)
                raise self._ended(*got.described("")) from None
            if got.is_too_much:
                raise self._failed(*got.described(""))
        return got.messages

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
                if is_too_much(len(kept), size):
                    raise self._failed("the server goes on sending instead of closing", wanted)
        except TimeoutError:
            raise self._failed(
                f"the connection is still open after {seconds:g} s", wanted, *half_closed(self.recording)
            ) from None
        except ConnectionClosed:
            pass
        finally:
            self._inbox.put_back(kept)
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
                await self._inbox.read_to_the_end()
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
        return await self._inbox.take(until, Waiter(None))

    async def _obtain(
        self,
        headline: str,
        deadline: float | None,
        *rows: Row,
        until: float | None = None,
        expected: Expected = NOT_GIVEN,
    ) -> Message:
        __tracebackhide__ = True
        seconds = self.deadline if deadline is None else deadline
        try:
            return await self._next(self._until(seconds) if until is None else until)
        except TimeoutError:
            rows = (*rows, *self._elsewhere(expected))
            raise self._failed(f"{headline} within {seconds:g} s", *rows) from None
        except ConnectionClosed:
            raise self._ended(headline, *rows, *self._elsewhere(expected)) from None

    def _missed(self, expected: Expected, passed: Collection[Message]) -> list[Row]:
        return [*describe_miss(expected, list(passed)), *self._elsewhere(expected)]

    def _elsewhere(self, expected: Expected) -> list[Row]:
        """Returns rows that say where messages are that match and that the wait did not get."""
        rows = []
        for label, messages, where in (
            ("skipped", self.skipped, "was passed over by an earlier wait_for and is in client.skipped"),
            ("ignored", self._inbox.ignored, "was ignored, as connect(ignore=…) asks"),
        ):
            fitting = [] if expected is NOT_GIVEN else [one for one in messages if matches(expected, one)]
            if fitting:
                count = quantity(len(fitting), "message")
                rows.append((label, f"{count} that matches {where}: {describe_message(fitting[0])}"))
        return rows

    def _failed(self, headline: str, *rows: Row) -> ExpectationFailed:
        return failure(
            ExpectationFailed, headline, [*rows, *limited_by_client(self.recording)], self.recording
        )

    def _ended(self, headline: str, *rows: Row) -> ConnectionEnded:
        headline = f"{headline}: the connection was {describe_ending(self.recording)}"
        rows = (*rows, *limited_by_client(self.recording))
        return failure(ConnectionEnded, headline, rows, self.recording)
