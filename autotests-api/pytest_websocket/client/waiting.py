"""An open connection that waits for messages, and says in words why a wait failed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from websockets.exceptions import ConnectionClosed

from pytest_websocket.client.codecs import Codec
from pytest_websocket.client.connection import RecordedConnection
from pytest_websocket.client.ending import describe_ending, limited_by_client
from pytest_websocket.client.expectations import NOT_GIVEN, Expected, describe_message, matches
from pytest_websocket.client.failures import ConnectionEnded, ExpectationFailed, Row, failure
from pytest_websocket.client.inbox import Inbox, Waiter, Wants
from pytest_websocket.client.open_connection import OpenConnection
from pytest_websocket.client.timer import Timer
from pytest_websocket.recording import Recording
from pytest_websocket.text import Message

_OTHER_LOOP = (
    "this client was opened in another event loop than the one that uses it now: its fixture and the tests "
    "need the same loop_scope, as in @pytest_asyncio.fixture(scope='session', loop_scope='session') and "
    "pytestmark = pytest.mark.asyncio(loop_scope='session')"
)


Result = TypeVar("Result")


@dataclass(frozen=True)
class Waits:
    """How a client waits: ``deadline`` of every wait and ``listen_on`` after a failed one, both in seconds.

    Messages that match one of ``ignore`` go to no wait. ``codec`` decodes messages.
    """

    deadline: float
    listen_on: float = 0.0
    ignore: Sequence[Expected] = ()
    codec: Codec | None = None


class WaitingConnection(OpenConnection):
    """The waits of a `Client`, which has the public methods."""

    def __init__(self, connection: RecordedConnection, recording: Recording, waits: Waits) -> None:
        super().__init__(connection, recording)
        self.deadline = waits.deadline
        self.codec = waits.codec
        self._listen_on = waits.listen_on
        ignores = partial(_matches_one_of, waits.ignore, waits.codec) if waits.ignore else None
        self._loop = asyncio.get_running_loop()
        self._timer = Timer()
        self._inbox = Inbox(connection, self._timer, ignores)

    def _until(self, seconds: float) -> float:
        """Returns the time of the event loop in so many seconds. Raises RuntimeError in another loop."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            raise RuntimeError(_OTHER_LOOP)
        return loop.time() + seconds

    async def _next(self, until: float | None) -> Message:
        return await self._inbox.take(until, Waiter(None))

    async def _ping_until(self, until: float) -> bytes:
        """Returns the payload of the next Ping. Raises TimeoutError, and ConnectionClosed of websockets."""
        arrived: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._connection.awaiting_ping.add(arrived)
        try:
            return await self._while_reading(arrived, until)
        finally:
            self._connection.awaiting_ping.discard(arrived)

    async def _while_reading(self, awaited: asyncio.Future[Result], until: float) -> Result:
        """Returns the result of what comes between messages, which stay to be read. Raises TimeoutError.

        websockets stops to read from the socket where some messages are unread, and Pings and Pongs would
        not arrive.
        """
        reading = asyncio.ensure_future(self._inbox.read_on())
        try:
            async with asyncio.timeout_at(until):
                either: set[asyncio.Future[Any]] = {awaited, reading}
                await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
                if not awaited.done():
                    await reading
                return await awaited
        finally:
            reading.cancel()
            awaited.cancel()
            await asyncio.gather(reading, awaited, return_exceptions=True)

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
        end = self._until(seconds) if until is None else until
        try:
            return await self._next(end)
        except TimeoutError:
            elsewhere = self._elsewhere(expected)
            late = () if elsewhere else await self._late(None, end, expected)
            raise self._failed(f"{headline} within {seconds:g} s", *rows, *elsewhere, *late) from None
        except ConnectionClosed:
            raise self._ended(headline, *rows, *self._elsewhere(expected)) from None

    async def _late(self, wants: Wants | None, end: float, expected: Expected) -> tuple[Row, ...]:
        """Listens on after a wait that failed at ``end``; returns the row that says how late a message came.

        What comes in the meantime is still there for later waits.
        """
        if not self.is_open or self._listen_on <= 0:
            return ()
        try:
            message = await self._inbox.take(self._until(self._listen_on), Waiter(wants))
        except (TimeoutError, ConnectionClosed):
            return ()
        seconds = f"{asyncio.get_running_loop().time() - end:.1f} s too late"
        self._inbox.put_back([message])
        if expected is NOT_GIVEN or self._matches(expected, message):
            return (("late", f"it came {seconds}"),)
        return (("late", f"another message came {seconds}: {self._described(message)}"),)

    def _elsewhere(self, expected: Expected) -> list[Row]:
        """Returns rows that say where messages are that match and that the wait did not get."""
        rows = []
        for label, messages, where in (
            ("skipped", self._inbox.skipped, "passed over by an earlier wait_for: it is in client.skipped"),
            ("ignored", self._inbox.ignored, "ignored, as connect(ignore=…) asks"),
        ):
            fitting = (
                [] if expected is NOT_GIVEN else [one for one in messages if self._matches(expected, one)]
            )
            if fitting:
                count = (
                    "a message that matches was" if len(fitting) == 1 else f"{len(fitting)} that match were"
                )
                rows.append((label, f"{count} {where}: {self._described(fitting[0])}"))
        return rows

    def _matches(self, expected: Expected, message: Message) -> bool:
        return matches(expected, message, self.codec)

    def _described(self, message: Message, around: int = 0) -> str:
        return describe_message(message, around=around, codec=self.codec)

    def _failed(self, headline: str, *rows: Row) -> ExpectationFailed:
        # The first line is what a summary of many failures shows.
        late = "".join(f"; {text}" for label, text in rows if label == "late" and text.startswith("it came"))
        rows = tuple(row for row in rows if not late or row[0] != "late")
        rows = (*rows, *limited_by_client(self.recording))
        return failure(ExpectationFailed, f"{headline}{late}", rows, self.recording)

    def _ended(self, headline: str, *rows: Row) -> ConnectionEnded:
        headline = f"{headline}: the connection was {describe_ending(self.recording)}"
        rows = (*rows, *limited_by_client(self.recording))
        return failure(ConnectionEnded, headline, rows, self.recording)


def _matches_one_of(several: Sequence[Expected], codec: Codec | None, message: Any) -> bool:
    return any(matches(one, message, codec) for one in several)
