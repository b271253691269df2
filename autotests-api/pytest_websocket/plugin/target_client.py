"""A client that knows its target: ignores what comes unasked, logs in, puts messages into requests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from pytest_websocket import client as ws_client
from pytest_websocket.client import Client, ConnectFailed, ExpectationFailed
from pytest_websocket.client.expectations import as_it_came
from pytest_websocket.client.failures import failure
from pytest_websocket.protocol.frames import CONTINUATION, TEXT, Frame
from pytest_websocket.target.carrier import Carrying
from pytest_websocket.target.login import Conversation, LoginFailed
from pytest_websocket.target.target import Message, Target


class TargetClient(Client):
    """A client of a target, which `open_client` enters as the target's profile says."""

    _carrying: Carrying | None = None
    says_objects = False
    """Whether a JSON object was sent, so that one that comes may be its echo."""

    def carry(self, carrying: Carrying) -> None:
        """Puts text messages into the target's requests from now on."""
        self._carrying = carrying

    async def send(self, message: Any, *, deadline: float | None = None) -> None:
        """Sends text, binary, or the fragments of one message, see `Client.send`."""
        __tracebackhide__ = True
        await super().send(self._carried(message), deadline=deadline)

    async def ask(self, message: Any, *, deadline: float | None = None) -> Any:
        """Sends ``message`` and returns the next message, see `Client.ask`."""
        __tracebackhide__ = True
        return await super().ask(self._carried(message), deadline=deadline)

    def _carried(self, message: Any) -> Any:
        self.says_objects = self.says_objects or (isinstance(message, str) and message[:1] == "{")
        carrying = self._carrying
        if carrying is None or isinstance(message, bytes):
            return message
        if isinstance(message, str):
            data = carrying.message(message.encode("utf-8", "surrogatepass"))
            return data if carrying.is_binary else data.decode("utf-8", "surrogatepass")
        parts = list(message)
        if not parts or not all(isinstance(part, str) for part in parts):
            return parts
        last = len(parts) - 1
        frames = [
            Frame(CONTINUATION if number else TEXT, part.encode(), fin=number == last)
            for number, part in enumerate(parts)
        ]
        pieces = [frame.payload for frame in carrying.frames(frames)]
        return pieces if carrying.is_binary else [piece.decode() for piece in pieces]


class _Opening(ws_client.connect):
    kind = TargetClient


async def open_client(
    target: Target, url: str, settings: dict[str, Any], *, carries: bool, opened: Callable[[Client], None]
) -> TargetClient:
    """Returns a client of ``target`` after its login and its greetings. Raises ConnectFailed.

    ``settings`` are those of `connect`; ``opened`` gets the client as soon as there is one. A client that
    ``carries`` puts its text into the target's requests, as the cases of the suite want it; a test of one's
    own sends what it says.
    """
    __tracebackhide__ = True
    is_entered, is_greeted = target.login is None, False

    def is_ignored(message: Message) -> bool:
        if carries and is_greeted and not client.says_objects:
            return target.is_unasked(message)
        return is_entered and target.ignores(message)

    more = settings.pop("ignore", ())
    ignore = (as_it_came(is_ignored), *(more if isinstance(more, list | tuple) else (more,)))
    client = cast(TargetClient, await _Opening(url, **settings, ignore=ignore))
    opened(client)
    try:
        if target.login is not None:
            await target.login(Conversation(client.send, client.receive_raw, target.learn_secret))
            is_entered = True
        for _ in range(target.greetings):
            await client.receive_raw()
        is_greeted = True
    except (LoginFailed, ExpectationFailed) as error:
        reason = error.headline if isinstance(error, ExpectationFailed) else str(error)
        headline = f"{target.shown()} was not entered: {target.mask(reason)}"
        raise failure(ConnectFailed, headline, [], client.recording) from error
    if carries and target.carrier:
        client.carry(Carrying(target.carrier))
    return client
