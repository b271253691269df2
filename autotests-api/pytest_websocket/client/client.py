"""The test client: an open connection that loses nothing, never hangs and explains every failure."""

from __future__ import annotations

import asyncio
import json
import re
from collections import deque
from collections.abc import Collection, Sequence
from functools import partial
from time import perf_counter
from types import TracebackType
from typing import Any, NamedTuple, cast

from websockets.exceptions import ConnectionClosed

from pytest_websocket.client.collected import Collected
from pytest_websocket.client.ending import describe_ending, half_closed
from pytest_websocket.client.expectations import (
    NOT_GIVEN,
    Expected,
    as_it_came,
    describe_expected,
    describe_expected_closing,
    describe_message,
    find_difference,
    first_difference,
    reason_matches,
    value_of,
)
from pytest_websocket.client.failures import Row
from pytest_websocket.client.inbox import Waiter, is_too_much
from pytest_websocket.client.nearest import describe_miss
from pytest_websocket.client.waiting import WaitingConnection
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


class Client(WaitingConnection):
    """An open WebSocket connection with the waits and expectations of a test.

    Made by `connect`. Every wait takes a ``deadline`` in seconds (the connection's own by default) and
    fails with `ExpectationFailed`, an AssertionError, when it passes; with `ConnectionEnded`, a kind of
    it, when the connection is over. Messages that arrive before a wait are kept in order.

    ``skipped`` holds what `wait_for` went past; ``recording`` every frame in both directions. Several
    tasks may wait at once: a message goes to the first `wait_for` that wants it, else to the first of the
    other waits. Messages that match one of ``ignore`` go to none.
    """

    @property
    def skipped(self) -> Sequence[Any]:
        """What `wait_for` went past, oldest first: messages, or with a codec what it makes of them."""
        skipped = self._inbox.skipped
        return skipped if self.codec is None else [self._shown(message) for message in skipped]

    # Sending.

    async def send(self, message: Any, *, deadline: float | None = None) -> None:
        """Sends text (str) or binary (bytes); an iterable goes as the fragments of one message.

        With a codec, anything but str and bytes is a value that it encodes.
        """
        __tracebackhide__ = True
        seconds = self.deadline if deadline is None else deadline
        encoded = self._encoded(message)
        try:
            with self._timer.until(self._until(seconds)):
                await self._connection.send(encoded)
        except TimeoutError:
            raise self._failed(f"the server did not take a message within {seconds:g} s") from None
        except ConnectionClosed:
            raise self._ended("a message could not be sent") from None

    async def send_json(self, value: Any, *, deadline: float | None = None) -> None:
        """Sends ``value`` as JSON text."""
        __tracebackhide__ = True
        await self.send(json.dumps(value, ensure_ascii=False, allow_nan=False), deadline=deadline)

    async def ask(self, message: Any, *, deadline: float | None = None) -> Any:
        """Sends ``message`` as `send` does, returns the next; ``deadline`` is for both together."""
        __tracebackhide__ = True
        seconds = self.deadline if deadline is None else deadline
        until = self._until(seconds)
        encoded = self._encoded(message)
        try:
            with self._timer.until(until):
                await self._connection.send(encoded)
                reply = await self._next(None)
        except TimeoutError:
            late = await self._late(None, until, NOT_GIVEN)
            raise self._failed(f"no reply came within {seconds:g} s", self._sent(encoded), *late) from None
        except ConnectionClosed:
            raise self._ended("no reply came", self._sent(encoded)) from None
        return self._decoded(reply)

    async def ping(self, payload: Message | None = None, *, deadline: float | None = None) -> float:
        """Sends a Ping (RFC 6455 §5.5.2), waits for its Pong and returns the round trip in seconds.

        A Pong shows that the connection works. It does not show that the server has processed the
        messages before it: libraries answer a Ping before the application sees the message.
        """
        __tracebackhide__ = True
        seconds = self.deadline if deadline is None else deadline
        until = self._until(seconds)
        try:
            async with asyncio.timeout_at(until):
                pong = await self._connection.ping(payload)
            return await self._while_reading(asyncio.ensure_future(pong), until)
        except TimeoutError:
            raise self._failed(f"no Pong came within {seconds:g} s") from None
        except ConnectionClosed:
            raise self._ended("no Pong came") from None

    async def expect_ping(self, *, within: float | None = None) -> bytes:
        """Waits for the server's next Ping (RFC 6455 §5.5.2) and returns its payload.

        It has to come ``within`` seconds from now (the deadline by default); one that came before the call
        does not count. Messages that come in the meantime stay to be read. A Ping is answered unless the
        client was opened with ``answer_pings=False``.
        """
        __tracebackhide__ = True
        seconds = self.deadline if within is None else within
        try:
            return await self._ping_until(self._until(seconds))
        except TimeoutError:
            pings = [frame.at for frame in self.recording.frames if frame.name == "PING" and not frame.sent]
            ago = perf_counter() - self.recording.started - pings[-1] if pings else 0.0
            last = ("the last", f"{ago:.1f} s ago, {quantity(len(pings), 'Ping')} so far") if pings else ()
            raise self._failed(f"no Ping came within {seconds:g} s", *([last] if last else [])) from None
        except ConnectionClosed:
            raise self._ended("no Ping came") from None

    # Receiving.

    async def receive(self, *, deadline: float | None = None) -> Any:
        """Returns the next message: str when it was text, bytes when it was binary; decoded by a codec."""
        __tracebackhide__ = True
        return self._decoded(await self.receive_raw(deadline=deadline))

    async def receive_raw(self, *, deadline: float | None = None) -> Message:
        """Returns the next message as it came, whatever the codec."""
        __tracebackhide__ = True
        return await self._obtain("no message came", deadline)

    async def receive_json(self, *, deadline: float | None = None) -> Any:
        """Returns the next message, read as JSON."""
        __tracebackhide__ = True
        message = await self.receive_raw(deadline=deadline)
        try:
            return json.loads(message)
        except (ValueError, RecursionError) as error:
            raise self._failed(
                "the next message is not JSON",
                ("received", describe_message(message)),
                ("because", printable(str(error))),
            ) from None

    async def expect(self, expected: Expected, *, deadline: float | None = None) -> Any:
        """Returns the next message, which must equal or match ``expected`` (see `Expected`).

        With a codec that is the decoded value, unless text or bytes are expected as they came.
        """
        __tracebackhide__ = True
        wanted = ("expected", describe_expected(expected))
        message = await self._obtain("no message came", deadline, wanted, expected=expected)
        difference = find_difference(expected, message, self.codec)
        if difference:
            raise self._failed(
                "the next message is not the expected one",
                wanted,
                ("received", self._described(message, first_difference(expected, message))),
                ("because", difference),
                *self._elsewhere(expected),
            )
        return self._matched(expected, message)

    async def wait_for(self, expected: Expected, *, deadline: float | None = None) -> Any:
        """Returns the first message that matches ``expected`` (see `expect`).

        Messages before it are moved to ``skipped``, where later calls look first: answers that come
        in another order than they are waited for are found.
        """
        __tracebackhide__ = True
        wants = partial(self._matches, expected)
        if (kept := self._inbox.take_skipped(wants)) is not None:
            return self._matched(expected, kept)
        seconds = self.deadline if deadline is None else deadline
        until = self._until(seconds)
        waiter = Waiter(wants)
        headline = "no message that matches came"
        try:
            return self._matched(expected, await self._inbox.take(until, waiter))
        except TimeoutError:
            rows = [*describe_miss(expected, waiter.passed, self.codec), *self._elsewhere(expected)]
            rows += await self._late(wants, until, expected)
            raise self._failed(f"{headline} within {seconds:g} s", *rows) from None
        except ConnectionClosed:
            rows = [*describe_miss(expected, waiter.passed, self.codec), *self._elsewhere(expected)]
            raise self._ended(headline, *rows) from None

    async def collect(
        self,
        count: int | None = None,
        *,
        until: Expected = NOT_GIVEN,
        quiet: float | None = None,
        deadline: float | None = None,
    ) -> list[Any]:
        """Returns the next ``count`` messages, or all up to the one that matches ``until``, that included.

        With neither, all until ``quiet`` seconds bring no other; the end of the connection is quiet, too.
        Of several, whichever comes first. Fails when what ends the collection does not come within the
        deadline; what had come is then still there to be read.
        """
        __tracebackhide__ = True
        seconds = self.deadline if deadline is None else deadline
        end = self._until(seconds)
        pause = DEFAULT_QUIET if quiet is None and count is None and until is NOT_GIVEN else quiet
        got = Collected(count, until, self.codec)
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
        return [self._decoded(message) for message in got.messages]

    async def expect_silence(self, marker: Any, answer: Expected, *, deadline: float | None = None) -> Any:
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
        if difference := find_difference(answer, message, self.codec):
            raise self._failed(
                "a message came where silence was expected",
                wanted,
                ("received", self._described(message)),
                ("because", difference),
            )
        return self._matched(answer, message)

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

    def _sent(self, encoded: Any) -> Row:
        return ("sent", self._described(encoded) if isinstance(encoded, str | bytes) else "fragments")

    def _encoded(self, message: Any) -> Any:
        return (
            message if self.codec is None or isinstance(message, str | bytes) else self.codec.encode(message)
        )

    def _decoded(self, message: Message) -> Any:
        __tracebackhide__ = True
        try:
            return value_of(message, self.codec)
        except Exception as error:
            because = ("because", printable(repr(error)))
            headline = "the codec cannot decode the next message"
            raise self._failed(headline, ("received", describe_message(message)), because) from error

    def _matched(self, expected: Expected, message: Message) -> Any:
        is_raw = isinstance(expected, str | bytes | re.Pattern | as_it_came)
        return message if is_raw else value_of(message, self.codec)

    def _shown(self, message: Message) -> Any:
        try:
            return value_of(message, self.codec)
        except Exception:
            # What cannot be decoded stays as it came: looking at it is no failure.
            return message
