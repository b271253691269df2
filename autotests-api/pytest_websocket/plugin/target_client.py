"""A client that knows its target: ignores what comes unasked, logs in, puts messages into requests."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pytest_websocket import client as ws_client
from pytest_websocket.client import Client
from pytest_websocket.protocol.frames import CONTINUATION, TEXT, Frame
from pytest_websocket.target.carrier import Carrying
from pytest_websocket.target.login import Conversation
from pytest_websocket.target.target import Message, Target


class TargetClient(Client):
    """A client of a target, entered as its profile says.

    With ``carrying`` its text messages are put into the target's requests, as the cases of the suite want
    it; a test of one's own sends what it says.
    """

    def __init__(self, opened: Client, target: Target, carrying: Carrying | None, ignore: Any) -> None:
        more = ignore if isinstance(ignore, list | tuple) else (ignore,)
        super().__init__(
            opened._connection, opened.recording, opened.deadline, (self._is_to_be_ignored, *more)
        )
        self._target = target
        self._carrying: Carrying | None = None
        self._carries_later = carrying
        self._is_entered = target.login is None

    async def enter(self) -> None:
        """Logs in where the target wants it, and passes over its greetings. Raises LoginFailed."""
        __tracebackhide__ = True
        if self._target.login is not None:
            await self._target.login(Conversation(self.send, self.receive, self._target.learn_secret))
            self._is_entered = True
        for _ in range(self._target.greetings):
            await self.receive()
        self._carrying = self._carries_later

    async def send(self, message: Message | Iterable[Message], *, deadline: float | None = None) -> None:
        """Sends text, binary, or the fragments of one message, see `Client.send`."""
        __tracebackhide__ = True
        await super().send(self._carried(message), deadline=deadline)

    async def ask(self, message: Message, *, deadline: float | None = None) -> Message:
        """Sends ``message`` and returns the next message, see `Client.ask`."""
        __tracebackhide__ = True
        carried: Any = self._carried(message)
        return await super().ask(carried, deadline=deadline)

    def _is_to_be_ignored(self, message: Message) -> bool:
        return self._is_entered and self._target.ignores(message)

    def _carried(self, message: Message | Iterable[Message]) -> Message | Iterable[Message]:
        if self._carrying is None or isinstance(message, bytes):
            return message
        if isinstance(message, str):
            return self._carrying.message(message.encode("utf-8", "surrogatepass")).decode(
                "utf-8", "surrogatepass"
            )
        parts = list(message)
        if not parts or not all(isinstance(part, str) for part in parts):
            return parts
        frames = [
            Frame(CONTINUATION if number else TEXT, str(part).encode(), fin=number == len(parts) - 1)
            for number, part in enumerate(parts)
        ]
        return [frame.payload.decode() for frame in self._carrying.frames(frames)]


async def open_client(
    target: Target, url: str, carrying: Carrying | None, settings: dict[str, Any]
) -> TargetClient:
    """Returns a client of ``target`` that is not entered yet; ``settings`` are those of `connect`."""
    __tracebackhide__ = True
    ignore = settings.pop("ignore", ())
    return TargetClient(await ws_client.connect(url, **settings), target, carrying, ignore)
