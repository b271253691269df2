"""CLIENT: a WebSocket client for tests that loses nothing, never hangs and explains every failure.

    async with connect("ws://localhost:8765") as client:
        assert await client.ask("Привет, сервер!") == "Сервер получил: Привет, сервер!"

In order of appearance: failures, expectations, the client, opening and refusal, words for the terminal,
the command line.
"""

from __future__ import annotations

import argparse
import asyncio
import difflib
import errno
import http
import ipaddress
import json
import re
import socket
import ssl as tls
import sys
from collections import deque
from collections.abc import Callable, Collection, Generator, Iterable, Mapping, Sequence
from functools import partial
from types import TracebackType
from typing import Any, NamedTuple, TypeVar, cast
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as websockets_connect
from websockets.client import ClientProtocol
from websockets.exceptions import (
    ConcurrencyError,
    ConnectionClosed,
    InvalidHandshake,
    InvalidMessage,
    InvalidProxy,
    InvalidStatus,
    InvalidURI,
    ProxyError,
)
from websockets.http11 import Request, Response
from websockets.protocol import State
from websockets.typing import Origin, Subprotocol

from pytest_websocket.protocol.close_codes import describe_code
from pytest_websocket.protocol.credentials import masked_url
from pytest_websocket.recording import FrameRecord, Note, Recording, Totals
from pytest_websocket.text import Message, preview, printable, quantity

__all__ = [
    "DEFAULT_DEADLINE",
    "Client",
    "Closing",
    "ConnectFailed",
    "ConnectionEnded",
    "ExpectationFailed",
    "FrameRecord",
    "Message",
    "Note",
    "Recording",
    "Totals",
    "connect",
    "expect_rejected",
    "json_with",
    "masked_url",
    "printable",
]

Headers = Mapping[str, str] | Iterable[tuple[str, str]]

DEFAULT_URL = "ws://localhost:8765"
DEFAULT_MESSAGE = "Привет, сервер!"

DEFAULT_DEADLINE = 5.0
"""Seconds that any wait may take unless the connection or the call says otherwise."""

DEFAULT_QUIET = 0.2
"""Seconds without a message after which `Client.collect` takes the server to have finished."""

DEFAULT_MAX_SIZE = 16 * 2**20
"""Bytes of the largest message that the client accepts; a larger one is refused with close code 1009."""

MAX_KEPT_MESSAGES = 10_000
MAX_KEPT_BYTES = 64 * 2**20


# ------------------------------------------------------------------------------------------------ failures


class ExpectationFailed(AssertionError):
    """What the test expected did not happen; the text carries the end of the conversation.

    ``headline`` is the first line; ``expected`` and ``actual`` are the two sides in words (empty where
    there is none), so that a report can show them next to each other.
    """

    def __init__(self, text: str, *, expected: str = "", actual: str = "") -> None:
        super().__init__(text)
        self.headline = text.partition("\n")[0]
        self.expected = expected
        self.actual = actual


class ConnectionEnded(ExpectationFailed):
    """The connection was over when the test still wanted something from it."""


class ConnectFailed(ExpectationFailed):
    """The connection did not open; ``response`` is the server's HTTP answer where it gave one."""

    def __init__(
        self, text: str, *, expected: str = "", actual: str = "", response: Response | None = None
    ) -> None:
        super().__init__(text, expected=expected, actual=actual)
        self.response = response


_Failure = TypeVar("_Failure", bound=ExpectationFailed)


# -------------------------------------------------------------------------------------------- expectations


class json_with:  # noqa: N801 - reads as a phrase: expect(json_with(type="ack"))
    """Matches a JSON object that has at least these members; nested objects are compared the same way."""

    def __init__(self, members: Mapping[str, Any] | None = None, /, **named: Any) -> None:
        self.members = {**(members or {}), **named}

    def __repr__(self) -> str:
        return f"json_with({json.dumps(self.members, ensure_ascii=False, default=repr)})"


Expected = str | bytes | re.Pattern[str] | re.Pattern[bytes] | json_with | Callable[[Any], Any] | Any
"""What a message may be compared with.

Text and bytes must be equal, in type too. A compiled pattern must be found in the message. `json_with`
wants some members of a JSON object. A callable is asked. Anything else (dict, list, number, None) must be
equal to the message read as JSON.
"""


def _difference(expected: Expected, message: Message) -> str:
    """Why ``message`` is not what was expected, in words; empty when it is."""
    if isinstance(expected, str | bytes):
        return _unequal(expected, message)
    if isinstance(expected, re.Pattern):
        if isinstance(expected.pattern, str) != isinstance(message, str):
            return f"expected {_kind(expected.pattern)}, got {_kind(message)}"
        return "" if expected.search(cast(Any, message)) else "the pattern is not found in it"
    if callable(expected):
        try:
            return "" if expected(message) else "the condition is false for it"
        except Exception as error:
            # A condition meets messages that it was not written for; that is no match, and is said.
            return f"the condition raised {printable(repr(error))}"
    try:
        value = json.loads(message)
    except (ValueError, RecursionError) as error:
        return f"it is not JSON: {printable(str(error))}"
    if isinstance(expected, json_with):
        return _json_difference(expected.members, value, "$", partly=True)
    return _json_difference(expected, value, "$", partly=False)


def _unequal(expected: Message, message: Message) -> str:
    if isinstance(expected, str) != isinstance(message, str):
        return f"expected {_kind(expected)}, got {_kind(message)}"
    if expected == message:
        return ""
    at = _place(expected, message)
    unit = "character" if isinstance(expected, str) else "byte"
    return f"at {unit} {at + 1}: expected {_unit(expected, at)}, got {_unit(message, at)}"


def _unit(message: Message, at: int) -> str:
    if at >= len(message):
        return "the end of the message"
    if isinstance(message, str):
        return f"“{printable(message[at])}” (U+{ord(message[at]):04X})"
    return f"0x{message[at]:02x}"


def _json_difference(expected: Any, value: Any, path: str, *, partly: bool) -> str:
    if isinstance(expected, Mapping) and isinstance(value, dict):
        for name, wanted in expected.items():
            if name not in value:
                return f"{path}.{name} is missing"
            found = _json_difference(wanted, value[name], f"{path}.{name}", partly=partly)
            if found:
                return found
        extra = [] if partly else [name for name in value if name not in expected]
        return f"{path}.{extra[0]} was not expected" if extra else ""
    if isinstance(expected, list | tuple) and isinstance(value, list):
        for index, (wanted, got) in enumerate(zip(expected, value, strict=False)):
            found = _json_difference(wanted, got, f"{path}[{index}]", partly=partly)
            if found:
                return found
        if len(expected) != len(value):
            return f"{path} has {quantity(len(value), 'item')}, expected {len(expected)}"
        return ""
    # JSON tells true from 1; Python does not.
    same = expected == value and isinstance(expected, bool) == isinstance(value, bool)
    return "" if same else f"{path}: expected {preview(_json(expected))}, got {preview(_json(value))}"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=repr)


def _wanted(expected: Expected) -> str:
    if isinstance(expected, str | bytes):
        return _describe(expected)
    if isinstance(expected, re.Pattern):
        return f"{_kind(expected.pattern)} with the pattern {preview(expected.pattern)}"
    if isinstance(expected, json_with):
        return f"a JSON object with {printable(_json(expected.members))}"
    if callable(expected):
        name = getattr(expected, "__qualname__", repr(expected))
        code = getattr(expected, "__code__", None)
        place = f", line {code.co_firstlineno} of {code.co_filename}" if code is not None else ""
        return f"a message for which {printable(name)} is true{place}"
    return f"JSON equal to {printable(_json(expected))}"


def _nearest(expected: Expected, messages: Sequence[Message]) -> Message | None:
    """The message that comes nearest to what was expected: the most alike, else the last."""
    recent = list(messages)[-50:]
    if not recent:
        return None
    if isinstance(expected, str | bytes):
        model: Message = expected
    elif isinstance(expected, json_with):
        model = _json(expected.members)
    elif isinstance(expected, re.Pattern) or callable(expected):
        return recent[-1]
    else:
        model = _json(expected)

    def likeness(message: Message) -> float:
        if isinstance(message, str) != isinstance(model, str):
            return -1.0
        # ratio() is quadratic: the first few hundred characters tell enough.
        return difflib.SequenceMatcher(None, model[:300], message[:300], autojunk=False).ratio()

    return max(recent, key=likeness)


# -------------------------------------------------------------------------------------------------- client


class Closing(NamedTuple):
    """How a connection ended: the code and the reason of the Close frame that was received.

    RFC 6455 §7.1.5: 1005 stands for a Close frame without a code, 1006 for no Close frame at all.
    """

    code: int
    reason: str


class _Deadlines:
    """The deadlines of one client's waits, on one timer.

    asyncio.timeout sets and cancels a timer for every wait, which is a tenth of a round trip. Here the
    timer stays set while waits come and go, and looks round when it rings.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._waits: set[_Deadline] = set()
        self._timer: asyncio.TimerHandle | None = None

    def within(self, seconds: float) -> _Deadline:
        return _Deadline(self, self._loop.time() + seconds)

    def until(self, when: float) -> _Deadline:
        return _Deadline(self, when)

    def add(self, wait: _Deadline) -> None:
        self._waits.add(wait)
        if self._timer is None or wait.when < self._timer.when():
            self._set(wait.when)

    def remove(self, wait: _Deadline) -> None:
        self._waits.discard(wait)

    def _set(self, when: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(when, self._ring)

    def _ring(self) -> None:
        self._timer = None
        now = self._loop.time()
        for wait in list(self._waits):
            if wait.when <= now:
                self._waits.discard(wait)
                wait.expire()
        if self._waits:
            self._set(min(wait.when for wait in self._waits))


class _Deadline:
    """A block of one task that raises TimeoutError when it is not done at ``when`` (loop time)."""

    __slots__ = ("_cancelling", "_deadlines", "_expired", "_task", "when")

    def __init__(self, deadlines: _Deadlines, when: float) -> None:
        self.when = when
        self._deadlines = deadlines
        self._expired = False

    def __enter__(self) -> None:
        self._task = cast("asyncio.Task[Any]", asyncio.current_task())
        self._cancelling = self._task.cancelling()
        self._deadlines.add(self)

    def __exit__(self, kind: type[BaseException] | None, error: Any, trace: Any) -> None:
        self._deadlines.remove(self)
        # Somebody else may have cancelled the task, too: then that is what counts.
        if self._expired and self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError from error

    def shorten(self, seconds: float) -> None:
        """Wait no longer than ``seconds`` from now on."""
        self.when = min(self.when, asyncio.get_running_loop().time() + seconds)
        self._deadlines.add(self)

    def expire(self) -> None:
        self._expired = True
        self._task.cancel()


class Client:
    """An open WebSocket connection, as a test wants it.

    Made by `connect`. Every wait takes a ``deadline`` in seconds (the connection's own by default) and
    fails with `ExpectationFailed`, an AssertionError, when it passes; with `ConnectionEnded`, a kind of
    it, when the connection is over. Messages that came before anybody waited are kept in order.

    ``skipped`` holds what `wait_for` went past; ``recording`` every frame in both directions. One task
    at a time may wait for messages.
    """

    def __init__(self, connection: _RecordedConnection, recording: Recording, deadline: float) -> None:
        self.recording = recording
        self.deadline = deadline
        self.skipped: deque[Message] = deque(maxlen=MAX_KEPT_MESSAGES)
        self._connection = connection
        self._unread: deque[Message] = deque()
        self._deadlines = _Deadlines()

    # What the handshake agreed on, and how it all ended.

    @property
    def url(self) -> str:
        """Where the connection goes to."""
        return self.recording.url

    @property
    def request(self) -> Request:
        """The handshake request: path and headers."""
        return cast(Request, self._connection.request)

    @property
    def response(self) -> Response:
        """The handshake response: status_code and headers."""
        return cast(Response, self._connection.response)

    @property
    def subprotocol(self) -> str | None:
        """The subprotocol that the server chose (RFC 6455 §1.9), or None."""
        return self._connection.subprotocol

    @property
    def extensions(self) -> tuple[str, ...]:
        """The extensions that the server agreed to, with their parameters (RFC 6455 §9.1)."""
        values = self.response.headers.get_all("Sec-WebSocket-Extensions")
        return tuple(part.strip() for value in values for part in value.split(","))

    @property
    def is_open(self) -> bool:
        """Whether messages can still be sent."""
        return self._connection.state is State.OPEN

    @property
    def close_code(self) -> int | None:
        """The code of the server's Close frame; 1005 and 1006 as in `Closing`; None while open."""
        return self._connection.close_code

    @property
    def close_reason(self) -> str | None:
        """The reason of the server's Close frame; None while open."""
        return self._connection.close_reason

    # Sending.

    async def send(self, message: Message | Iterable[Message], *, deadline: float | None = None) -> None:
        """Send text (str) or binary (bytes); an iterable goes as the fragments of one message."""
        __tracebackhide__ = True
        seconds = self.deadline if deadline is None else deadline
        try:
            with self._deadlines.within(seconds):
                await self._connection.send(message)
        except TimeoutError:
            raise self._failed(f"the server did not take a message within {_seconds(seconds)}") from None
        except ConnectionClosed:
            raise self._ended("a message could not be sent") from None

    async def send_json(self, value: Any, *, deadline: float | None = None) -> None:
        """Send ``value`` as JSON text."""
        __tracebackhide__ = True
        await self.send(json.dumps(value, ensure_ascii=False, allow_nan=False), deadline=deadline)

    async def ask(self, message: Message, *, deadline: float | None = None) -> Message:
        """Send ``message`` and return the next message; ``deadline`` is for both together."""
        __tracebackhide__ = True
        seconds = self.deadline if deadline is None else deadline
        try:
            with self._deadlines.within(seconds):
                await self._connection.send(message)
                return self._unread.popleft() if self._unread else await self._receive()
        except TimeoutError:
            raise self._failed(
                f"no reply came within {_seconds(seconds)}", ("sent", _describe(message))
            ) from None
        except ConnectionClosed:
            raise self._ended("no reply came", ("sent", _describe(message))) from None

    async def ping(self, payload: Message | None = None, *, deadline: float | None = None) -> float:
        """Send a Ping (RFC 6455 §5.5.2), wait for its Pong and return the round trip in seconds.

        A Pong says that the connection lives. It does not say that the server has finished with the
        messages before it: libraries answer a Ping before the application sees the message.
        """
        __tracebackhide__ = True
        seconds = self.deadline if deadline is None else deadline
        try:
            with self._deadlines.within(seconds):
                return await (await self._connection.ping(payload))
        except TimeoutError:
            raise self._failed(f"no Pong came within {_seconds(seconds)}") from None
        except ConnectionClosed:
            raise self._ended("no Pong came") from None

    # Receiving.

    async def receive(self, *, deadline: float | None = None) -> Message:
        """The next message: str when it was text, bytes when it was binary."""
        __tracebackhide__ = True
        seconds = self.deadline if deadline is None else deadline
        try:
            return await self._next(self._until(seconds))
        except TimeoutError:
            raise self._failed(f"no message came within {_seconds(seconds)}") from None
        except ConnectionClosed:
            raise self._ended("no message came") from None

    async def receive_json(self, *, deadline: float | None = None) -> Any:
        """The next message, read as JSON."""
        __tracebackhide__ = True
        message = await self.receive(deadline=deadline)
        try:
            return json.loads(message)
        except (ValueError, RecursionError) as error:
            raise self._failed(
                "the next message is not JSON",
                ("received", _describe(message)),
                ("because", printable(str(error))),
            ) from None

    async def expect(self, expected: Expected, *, deadline: float | None = None) -> Message:
        """The next message, which must equal or match ``expected`` (see `Expected`)."""
        __tracebackhide__ = True
        seconds = self.deadline if deadline is None else deadline
        wanted = ("expected", _wanted(expected))
        try:
            message = await self._next(self._until(seconds))
        except TimeoutError:
            raise self._failed(f"no message came within {_seconds(seconds)}", wanted) from None
        except ConnectionClosed:
            raise self._ended("no message came", wanted) from None
        difference = _difference(expected, message)
        if difference:
            raise self._failed(
                "the next message is not the expected one",
                wanted,
                ("received", _describe(message, around=_place(expected, message))),
                ("because", difference),
            )
        return message

    async def wait_for(self, expected: Expected, *, deadline: float | None = None) -> Message:
        """The first message that matches ``expected`` (see `Expected`).

        Messages before it are moved to ``skipped``, where later calls look first: answers that come
        in another order than they are waited for are found.
        """
        __tracebackhide__ = True
        seconds = self.deadline if deadline is None else deadline
        for index, message in enumerate(self.skipped):
            if not _difference(expected, message):
                del self.skipped[index]
                return message
        until = self._until(seconds)
        size = sum(map(len, self.skipped))
        passed: deque[Message] = deque(maxlen=50)
        try:
            while _difference(expected, message := await self._next(until)):
                passed.append(message)
                self.skipped.append(message)
                size += len(message)
                while size > MAX_KEPT_BYTES:
                    size -= len(self.skipped.popleft())
        except TimeoutError:
            headline = f"no message that matches came within {_seconds(seconds)}"
            raise self._failed(headline, *self._miss(expected, passed)) from None
        except ConnectionClosed:
            raise self._ended("no message that matches came", *self._miss(expected, passed)) from None
        return message

    async def collect(
        self, count: int | None = None, *, quiet: float | None = None, deadline: float | None = None
    ) -> list[Message]:
        """The next ``count`` messages; without it all messages until ``quiet`` seconds bring no other.

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
            patience = until if pause is None else min(until, self._until(pause))
            try:
                message = await self._next(patience)
            except TimeoutError:
                if pause is not None and patience < until:
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
        """Prove that nothing was on its way: send ``marker`` and demand that its answer comes next.

        Servers answer in order, so a message that was due before must come before the marker's
        ``answer`` (see `Expected`). No time is spent on waiting. A Ping would prove nothing, see `ping`.
        """
        __tracebackhide__ = True
        seconds = self.deadline if deadline is None else deadline
        until = self._until(seconds)
        wanted = ("expected", f"silence, then the answer to the marker: {_wanted(answer)}")
        await self.send(marker, deadline=seconds)
        try:
            message = await self._next(until)
        except TimeoutError:
            raise self._failed(f"the marker was not answered within {_seconds(seconds)}", wanted) from None
        except ConnectionClosed:
            raise self._ended("the marker was not answered", wanted) from None
        if difference := _difference(answer, message):
            raise self._failed(
                "a message came where silence was expected",
                wanted,
                ("received", _describe(message)),
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
        """Wait until the server has closed, with this code (or one of these) and reason where given.

        A pattern must be found in the reason. Messages that come before the end stay to be read.
        """
        __tracebackhide__ = True
        seconds = self.deadline if deadline is None else deadline
        until = self._until(seconds)
        codes = {code} if isinstance(code, int) else None if code is None else set(code)
        wanted = ("expected", f"the end of the connection{_wanted_closing(codes, reason)}")
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
                f"the connection is still open after {_seconds(seconds)}", wanted, *self._half_closed()
            ) from None
        except ConnectionClosed:
            pass
        finally:
            self._unread.extendleft(reversed(kept))
        closing = Closing(cast(int, self.close_code), self.close_reason or "")
        if (codes is not None and closing.code not in codes) or not _reason_fits(reason, closing.reason):
            raise self._failed("the connection ended in another way", wanted, ("received", self._ending()))
        return closing

    async def close(self, code: int = 1000, reason: str = "", *, deadline: float | None = None) -> None:
        """Close the connection (RFC 6455 §7.1.2); after the deadline, without waiting for the server.

        A server that has answered the Close has a tenth of the deadline to close TCP. What was not read
        stays to be read. Closing twice does no harm.
        """
        seconds = self.deadline if deadline is None else deadline
        closing = asyncio.ensure_future(self._connection.close(code, reason))
        is_answered = self._connection.protocol.close_rcvd is not None
        waiting = self._deadlines.within(seconds / 10 if is_answered else seconds)
        self._connection.on_close = lambda: waiting.shorten(seconds / 10)
        try:
            with waiting:
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

    def abort(self) -> None:
        """Drop the TCP connection without a Close frame, as a crash of the client would."""
        self._connection.transport.abort()

    async def __aenter__(self) -> Client:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"<{self.recording.name}: {masked_url(self.url)}, {self._connection.state.name}>"

    # Inside.

    def _until(self, seconds: float) -> float:
        return asyncio.get_running_loop().time() + seconds

    async def _next(self, until: float) -> Message:
        if self._unread:
            return self._unread.popleft()
        with self._deadlines.until(until):
            return await self._receive()

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
        except ConnectionClosed:
            return
        except ConcurrencyError:
            # Another task is reading, and so the Close frame will be read.
            await self._connection.wait_closed()

    def _miss(self, expected: Expected, passed: Sequence[Message]) -> list[tuple[str, str]]:
        rows = [("expected", _wanted(expected))]
        nearest = _nearest(expected, passed)
        if nearest is None:
            return [*rows, ("received", "no message at all")]
        rows.append(("nearest", _describe(nearest, around=_place(expected, nearest))))
        rows.append(("because", _difference(expected, nearest)))
        return rows

    def _not_collected(self, got: Sequence[Message], count: int | None, seconds: float | None) -> Any:
        within = "" if seconds is None else f" within {_seconds(seconds)}"
        if count is None:
            return (f"no quiet came{within}: {quantity(len(got), 'message')} and more",)
        last = [("the last", _describe(got[-1]))] if got else []
        return (f"only {len(got)} of {quantity(count, 'message')} came{within}", *last)

    def _half_closed(self) -> list[tuple[str, str]]:
        received = [frame for frame in self.recording.frames if not frame.sent and frame.opcode == 8]
        if not received:
            return []
        return [("but", "the server sent a Close frame and did not close TCP after it (RFC 6455 §7.1.1)")]

    def _ending(self) -> str:
        protocol = self._connection.protocol
        sent, received = protocol.close_sent, protocol.close_rcvd
        ours = describe_code(sent.code, sent.reason) if sent is not None else ""
        if received is not None:
            theirs = describe_code(received.code, received.reason)
            if protocol.close_rcvd_then_sent is False:
                return f"closed by the test with {ours}; the server answered {theirs}"
            return f"closed by the server with {theirs}"
        how = self.recording.ended or "TCP is still open"
        if sent is not None:
            return f"closed by the client with {ours}; the server did not answer; {how}"
        return f"ended without a Close frame (1006), {how}"

    def _failed(self, headline: str, *rows: tuple[str, str]) -> ExpectationFailed:
        return _failure(ExpectationFailed, headline, rows, self.recording)

    def _ended(self, headline: str, *rows: tuple[str, str]) -> ConnectionEnded:
        ending = self._ending()
        return _failure(ConnectionEnded, f"{headline}: the connection was {ending}", [*rows], self.recording)


class _Recorder(ClientProtocol):
    """The protocol of `websockets` with a recording on its two ends."""

    recording: Recording

    def receive_data(self, data: bytes | bytearray) -> None:
        self.recording.received(bytes(data))
        super().receive_data(data)

    def data_to_send(self) -> list[bytes]:
        # Asked after every chunk that is read, and mostly there is nothing.
        if not self.writes:
            return []
        writes = super().data_to_send()
        for data in writes:
            if data:
                self.recording.sent(data)
        return writes


class _RecordedConnection(ClientConnection):
    def __init__(self, protocol: ClientProtocol, *, recording: Recording, **settings: Any) -> None:
        recorder = _Recorder(
            protocol.uri,
            origin=protocol.origin,
            extensions=protocol.available_extensions,
            subprotocols=protocol.available_subprotocols,
            max_size=(protocol.max_message_size, protocol.max_fragment_size),
            logger=protocol.logger,
        )
        recorder.recording = self.recording = recording
        self._peer_closed = False
        self.on_close: Callable[[], None] | None = None
        super().__init__(recorder, **settings)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.on_close is not None and self.protocol.close_rcvd is not None:
            self.on_close()
            self.on_close = None

    def eof_received(self) -> None:
        self._peer_closed = True
        super().eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        if exc is not None:
            self.recording.end(f"TCP broken: {exc}")
        else:
            self.recording.end(f"TCP closed by the {'server' if self._peer_closed else 'client'}")
        super().connection_lost(exc)


class _Opening(websockets_connect):
    def process_redirect(self, exc: Exception) -> Exception | str:
        # A redirect is the server's answer: a test wants to see it, and not to carry its credentials on.
        return exc


# ------------------------------------------------------------------------------------- opening and refusal


class connect:  # noqa: N801 - a verb, awaited or entered: await connect(url), async with connect(url)
    """Open a WebSocket connection: ``await connect(url)`` or ``async with connect(url) as client``.

    ``headers`` are added to the handshake; ``subprotocols`` are offered in this order; ``ssl`` is for
    wss URLs; ``compression`` offers permessage-deflate (RFC 7692). ``proxy`` is an address, True (as
    the environment says), False (none) or None: as the environment says, but none for a loopback
    address. ``deadline`` is for opening, in seconds, and becomes the default of every wait;
    ``max_size`` bounds a received message in bytes. Redirects are not followed. A ``recording`` of your
    own can be passed in, to have it when the connection does not open.

    Raises `ConnectFailed`.
    """

    def __init__(
        self,
        url: str = DEFAULT_URL,
        *,
        headers: Headers | None = None,
        origin: str | None = None,
        subprotocols: Sequence[str] | None = None,
        ssl: tls.SSLContext | None = None,
        proxy: str | bool | None = None,
        compression: bool = True,
        deadline: float = DEFAULT_DEADLINE,
        max_size: int | None = DEFAULT_MAX_SIZE,
        recording: Recording | None = None,
    ) -> None:
        self.url = url
        self.deadline = deadline
        self.recording = Recording(url=url) if recording is None else recording
        self._settings: dict[str, Any] = {
            "additional_headers": list(headers.items()) if isinstance(headers, Mapping) else headers,
            "origin": None if origin is None else Origin(origin),
            "subprotocols": [Subprotocol(name) for name in subprotocols] if subprotocols else None,
            "proxy": _proxy(url, proxy),
            "compression": "deflate" if compression else None,
            "open_timeout": deadline,
            "close_timeout": deadline,
            "max_size": max_size,
            # The recording shall hold what the test did: no pings of the library's own.
            "ping_interval": None,
            "create_connection": partial(_RecordedConnection, recording=self.recording),
        }
        if ssl is not None:
            self._settings["ssl"] = ssl
        self._client: Client | None = None

    def __await__(self) -> Generator[Any, None, Client]:
        return self._open().__await__()

    async def __aenter__(self) -> Client:
        self._client = await self._open()
        return self._client

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._client is not None:
            await self._client.close()

    async def _open(self) -> Client:
        __tracebackhide__ = True
        try:
            connection = await _Opening(self.url, **self._settings)
        except (OSError, InvalidHandshake, InvalidURI, InvalidProxy, ProxyError) as error:
            response = error.response if isinstance(error, InvalidStatus) else None
            why = _why_not_opened(error, self.deadline)
            self.recording.note(f"not opened: {why}")
            raise _failure(
                partial(ConnectFailed, response=response),
                f"{masked_url(self.url)} did not open: {why}",
                _answer_rows(response),
                self.recording,
            ) from error
        return Client(cast(_RecordedConnection, connection), self.recording, self.deadline)


async def expect_rejected(url: str, status: int | Collection[int] | None = None, **settings: Any) -> Response:
    """The server must refuse the handshake with this HTTP status (or one of these; None is for any).

    ``settings`` are those of `connect`. Returns the HTTP answer: status_code, headers, body. Raises
    `ExpectationFailed` when the connection opens, the status is another, or no HTTP answer comes.
    """
    __tracebackhide__ = True
    statuses = {status} if isinstance(status, int) else None if status is None else set(status)
    in_words = "any HTTP error" if statuses is None else _any_of([_words_of_status(one) for one in statuses])
    wanted = ("expected", f"the handshake to be refused with {in_words}")
    opening = connect(url, **settings)
    try:
        client = await opening
    except ConnectFailed as failure:
        if failure.response is not None and (statuses is None or failure.response.status_code in statuses):
            return failure.response
        rows = [wanted, *_answer_rows(failure.response)]
        raise _failure(
            partial(ConnectFailed, response=failure.response), failure.headline, rows, opening.recording
        ) from failure
    await client.close()
    raise _failure(
        ExpectationFailed,
        f"{masked_url(url)} accepted the handshake",
        [wanted, ("received", "101 Switching Protocols")],
        opening.recording,
    )


def _proxy(url: str, wish: str | bool | None) -> str | bool | None:
    if wish is None:
        return None if _is_loopback(url) else True
    return wish or None


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _why_not_opened(error: Exception, deadline: float) -> str:
    if isinstance(error, TimeoutError) and not isinstance(error, ConnectionError):
        return f"the handshake was not answered within {_seconds(deadline)}"
    if isinstance(error, socket.gaierror):
        return f"the host name is not known ({error.strerror})"
    if isinstance(error, tls.SSLCertVerificationError):
        return f"the server's certificate is not trusted ({printable(error.verify_message)})"
    if isinstance(error, tls.SSLError):
        return f"TLS failed ({printable(str(error))})"
    if isinstance(error, InvalidStatus):
        return f"the server refused the handshake with {_words_of_status(error.response.status_code)}"
    if isinstance(error, InvalidMessage):
        if isinstance(error.__cause__, EOFError):
            return "the server closed the connection without an HTTP answer"
        return f"the server did not answer with HTTP ({printable(str(error.__cause__ or error))})"
    if isinstance(error, ConnectionRefusedError) or "refused" in str(error).lower():
        return "nobody listens there (connection refused)"
    if isinstance(error, ConnectionResetError | BrokenPipeError):
        return "the server broke the TCP connection during the handshake"
    if isinstance(error, InvalidURI):
        return "that is not the URL of a WebSocket server"
    if isinstance(error, InvalidHandshake):
        return f"the server's answer breaks the handshake ({printable(str(error))})"
    if isinstance(error, OSError) and error.errno is not None and error.errno in errno.errorcode:
        return f"{error.strerror or error} ({errno.errorcode[error.errno]})"
    return printable(str(error))


def _answer_rows(response: Response | None) -> list[tuple[str, str]]:
    if response is None:
        return []
    rows = [("received", _words_of_status(response.status_code))]
    if response.body:
        rows.append(("body", preview(bytes(response.body).decode(errors="replace"))))
    return rows


# ---------------------------------------------------------------------------------- words for the terminal


def _failure(
    kind: Callable[..., _Failure], headline: str, rows: Iterable[tuple[str, str]], recording: Recording
) -> _Failure:
    sides = dict(rows)
    width = max((len(label) for label in sides), default=0)
    lines = [headline, *(f"  {label + ':':<{width + 1}} {text}" for label, text in sides.items())]
    return kind(
        "\n".join([*lines, "", recording.tail()]),
        expected=sides.get("expected", ""),
        actual=sides.get("received", sides.get("nearest", "")),
    )


def _kind(message: Message) -> str:
    return "a text message" if isinstance(message, str) else "a binary message"


def _describe(message: Message, *, around: int = 0) -> str:
    if isinstance(message, str):
        return f"text, {quantity(len(message), 'character')}: {preview(message, around=around)}"
    return f"binary, {quantity(len(message), 'byte')}: {preview(message, around=around)}"


def _place(expected: Expected, message: Message) -> int:
    """Where a message begins to differ, to show that part of a long one."""
    if not isinstance(expected, str | bytes) or type(expected) is not type(message):
        return 0
    shorter = min(len(expected), len(message))
    return next((at for at in range(shorter) if expected[at] != message[at]), shorter)


def _words_of_status(status: int) -> str:
    try:
        return f"HTTP {status} {http.HTTPStatus(status).phrase}"
    except ValueError:
        return f"HTTP {status}"


def _wanted_closing(codes: Collection[int] | None, reason: str | re.Pattern[str] | None) -> str:
    words = "" if codes is None else f" with {_any_of([describe_code(one) for one in sorted(codes)])}"
    if isinstance(reason, str):
        words += f" and the reason {preview(reason)}"
    elif reason is not None:
        words += f" and a reason with the pattern {preview(reason.pattern)}"
    return words


def _reason_fits(wanted: str | re.Pattern[str] | None, reason: str) -> bool:
    if wanted is None:
        return True
    return wanted == reason if isinstance(wanted, str) else bool(wanted.search(reason))


def _any_of(words: Sequence[str]) -> str:
    return " or ".join(words)


def _seconds(seconds: float) -> str:
    return f"{seconds:g} s"


# ---------------------------------------------------------------------------------------- the command line


async def _converse(url: str, messages: Sequence[str]) -> None:
    async with connect(url) as client:
        for message in messages:
            print(f"Отправка: {printable(message)}", flush=True)
            reply = await client.ask(message)
            shown = printable(reply) if isinstance(reply, str) else preview(reply)
            print(f"Ответ от сервера: {shown}", flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Send messages to a server and print its replies; 0 when all were answered, 1 when not."""
    parser = argparse.ArgumentParser(
        prog="python -m websocket_client",
        description="Send messages to a WebSocket server and print the replies.",
    )
    parser.add_argument("url", nargs="?", default=DEFAULT_URL, help="where to connect (%(default)s)")
    parser.add_argument("messages", nargs="*", metavar="message", help=f"what to send ({DEFAULT_MESSAGE})")
    options = parser.parse_args(arguments)
    try:
        asyncio.run(_converse(options.url, options.messages or [DEFAULT_MESSAGE]))
    except ExpectationFailed as failure:
        print(f"websocket_client: {failure.headline}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
