"""Takes what arrives over a connection to those who wait: any number of tasks, each its own message."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

from websockets.exceptions import ConcurrencyError, ConnectionClosed

from pytest_websocket.client.connection import RecordedConnection
from pytest_websocket.client.timer import Timer
from pytest_websocket.text import Message

MAX_KEPT_MESSAGES = 10_000
MAX_KEPT_BYTES = 64 << 20

MAX_COMPARED = 50
"""Messages that passed a wait and are compared with what it wanted, for the text of its failure."""


def is_too_much(count: int, size: int) -> bool:
    """Returns whether so many messages, of so many bytes together, are more than a client keeps."""
    return count > MAX_KEPT_MESSAGES or size > MAX_KEPT_BYTES


Wants = Callable[[Message], bool]


class Waiter:
    """One wait for a message: for one that ``wants`` accepts, or for the next where it is None.

    ``passed`` holds the last messages that were not wanted.
    """

    def __init__(self, wants: Wants | None) -> None:
        self.wants = wants
        self.passed: deque[Message] = deque(maxlen=MAX_COMPARED)
        self.message: Message | None = None
        self.wake = asyncio.Event()


class Inbox:
    """The messages of a connection that were received and not yet taken.

    Of several tasks that wait, one reads for all. A message goes to the first wait that wants just such a
    one, else to the first that takes any, else to ``skipped``. A message that ``ignores`` accepts goes to
    none of them; the recording marks it, and the last of them are in ``ignored``.
    """

    def __init__(self, connection: RecordedConnection, timer: Timer, ignores: Wants | None = None) -> None:
        self.unread: deque[Message] = deque()
        self.skipped: deque[Message] = deque(maxlen=MAX_KEPT_MESSAGES)
        self.ignored: deque[Message] = deque(maxlen=MAX_COMPARED)
        self._connection = connection
        self._timer = timer
        self._ignores = ignores
        self._waiters: list[Waiter] = []
        self._is_read = False
        self._skipped_size = 0
        self._count = 0
        if ignores is not None:
            connection.recording.ignore_unread(
                lambda number, message: number > self._count and bool(ignores(message))
            )

    async def take(self, until: float | None, waiter: Waiter) -> Message:
        """Returns the message that ``waiter`` gets, at the latest at ``until``, a time of the event loop.

        Without ``until`` the caller limits the time. Raises TimeoutError, and ConnectionClosed of websockets.
        """
        self._waiters.append(waiter)
        try:
            self._deliver_unread(waiter)
            if waiter.message is not None or until is None:
                return await self._wait(waiter)
            with self._timer.until(until):
                return await self._wait(waiter)
        except TimeoutError:
            if waiter.message is None:
                raise
            return waiter.message
        except asyncio.CancelledError:
            if waiter.message is not None:
                self.unread.appendleft(waiter.message)
            raise
        finally:
            self._waiters.remove(waiter)
            self._wake_another()

    def take_skipped(self, wants: Wants) -> Message | None:
        """Returns the first skipped message that is wanted, which is skipped no longer; None without one."""
        self._skipped_size = sum(map(len, self.skipped))
        for index, message in enumerate(self.skipped):
            if wants(message):
                del self.skipped[index]
                return message
        return None

    def put_back(self, messages: Sequence[Message]) -> None:
        """Makes messages that were taken the next to be taken."""
        self.unread.extendleft(reversed(messages))

    async def read_on(self) -> None:
        """Reads until it is cancelled; what comes and is not wanted by others stays to be read.

        Raises ConnectionClosed of websockets.
        """
        kept: list[Message] = []
        size = 0
        try:
            while not is_too_much(len(kept), size):
                kept.append(await self.take(None, Waiter(None)))
                size += len(kept[-1])
        finally:
            self.put_back(kept)

    async def read_to_the_end(self) -> None:
        """Reads until the connection has ended; what there is room for stays to be read."""
        if self._is_read:
            # Another task is reading, and so the Close frame will be read.
            await self._connection.wait_closed()
            return
        self._is_read = True
        size = 0
        try:
            while True:
                message = await self._receive()
                size += 0 if message is None else len(message)
                if message is not None and len(self.unread) < MAX_KEPT_MESSAGES and size < MAX_KEPT_BYTES:
                    self.unread.append(message)
        except (ConnectionClosed, AssertionError):
            # websockets asserts that no fragment follows a message that it has refused.
            return
        except ConcurrencyError:
            await self._connection.wait_closed()
        finally:
            self._is_read = False
            self._wake_another()

    async def _wait(self, waiter: Waiter) -> Message:
        while waiter.message is None:
            await self._advance(waiter)
        return waiter.message

    async def _advance(self, waiter: Waiter) -> None:
        if self._is_read:
            waiter.wake.clear()
            await waiter.wake.wait()
            self._deliver_unread(waiter)
            return
        self._is_read = True
        try:
            message = await self._receive()
        finally:
            self._is_read = False
        if message is not None:
            self._deliver(message)

    async def _receive(self) -> Message | None:
        """Returns the next message of the connection; None for one that is ignored."""
        message = await self._connection.recv()
        self._count += 1
        if self._ignores is None or not self._ignores(message):
            return message
        self.ignored.append(message)
        self._connection.recording.ignore(self._count)
        return None

    def _deliver_unread(self, waiter: Waiter) -> None:
        while self.unread and waiter.message is None:
            self._deliver(self.unread.popleft())

    def _deliver(self, message: Message) -> None:
        waiting = [waiter for waiter in self._waiters if waiter.message is None]
        for waiter in sorted(waiting, key=lambda waiter: waiter.wants is None):
            if waiter.wants is None or waiter.wants(message):
                waiter.message = message
                waiter.wake.set()
                return
            waiter.passed.append(message)
        self.skipped.append(message)
        self._skipped_size += len(message)
        while self._skipped_size > MAX_KEPT_BYTES and self.skipped:
            self._skipped_size -= len(self.skipped.popleft())

    def _wake_another(self) -> None:
        """Lets the next of the tasks that wait do the reading."""
        for waiter in self._waiters:
            if waiter.message is None:
                waiter.wake.set()
                return
