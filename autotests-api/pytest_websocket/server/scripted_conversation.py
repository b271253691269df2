"""What a test does with one client of its scripted server: the test client's verbs, from the other side."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Collection
from typing import Any, TypeVar

from pytest_websocket.client import Closing, ConnectionEnded, ExpectationFailed, Expected
from pytest_websocket.client.expectations import (
    describe_expected,
    describe_expected_closing,
    describe_message,
    find_difference,
    first_difference,
    reason_matches,
)
from pytest_websocket.client.failures import failure
from pytest_websocket.protocol.close_codes import describe_code
from pytest_websocket.protocol.frames import binary, close, ping, text
from pytest_websocket.raw.accepted import AcceptedConnection
from pytest_websocket.raw.framed import PROBE
from pytest_websocket.recording import Recording
from pytest_websocket.text import Message, printable

Taken = TypeVar("Taken")


class Conversation(AcceptedConnection):
    """An open connection of the client under test. Made by `ScriptedServer.accept`.

    Every wait takes a ``deadline`` in seconds (the server's own by default) and fails with
    `ExpectationFailed` when it passes; with `ConnectionEnded`, a kind of it, when the client has ended the
    connection. Both show the conversation, from the client's side. Messages that came before a wait are kept
    in order.
    """

    def __init__(self, recording: Recording, deadline: float) -> None:
        super().__init__(recording, deadline)
        self.taken = False

    # Sending

    async def send(self, message: Message) -> None:
        """Sends text (str) or binary (bytes) as one frame. Raises ConnectionEnded when TCP has ended."""
        __tracebackhide__ = True
        if self.tcp != "open":
            raise self._ended("a message could not be sent")
        await self.send_frame(text(message) if isinstance(message, str) else binary(message))

    async def send_json(self, value: Any) -> None:
        """Sends ``value`` as JSON text."""
        __tracebackhide__ = True
        await self.send(json.dumps(value, ensure_ascii=False, allow_nan=False))

    async def ping(self, payload: bytes = b"", *, deadline: float | None = None) -> float:
        """Sends a Ping (RFC 6455 §5.5.2), waits for its Pong and returns the round trip in seconds."""
        __tracebackhide__ = True
        began = asyncio.get_running_loop().time()
        await self.send_frame(ping(payload))
        await self._obtain(lambda: self.take_pong(payload), "no Pong came", (), deadline)
        return asyncio.get_running_loop().time() - began

    # Receiving

    async def receive(self, *, deadline: float | None = None) -> Message:
        """Returns the client's next message: str when it was text, bytes when it was binary."""
        __tracebackhide__ = True
        message = await self._obtain(self.take_message, "no message came", (), deadline)
        return message.content

    async def receive_json(self, *, deadline: float | None = None) -> Any:
        """Returns the client's next message, read as JSON."""
        __tracebackhide__ = True
        message = await self.receive(deadline=deadline)
        try:
            return json.loads(message)
        except (ValueError, RecursionError) as error:
            raise self._failure(
                "the client's next message is not JSON",
                ("the client sent", describe_message(message)),
                ("because", printable(str(error))),
            ) from None

    async def expect(self, expected: Expected, *, deadline: float | None = None) -> Message:
        """Returns the client's next message, which must equal or match ``expected`` (see `Expected`)."""
        __tracebackhide__ = True
        wanted = ("expected", describe_expected(expected))
        message = (await self._obtain(self.take_message, "no message came", (wanted,), deadline)).content
        if difference := find_difference(expected, message):
            raise self._failure(
                "the client's next message is not the expected one",
                wanted,
                ("the client sent", describe_message(message, around=first_difference(expected, message))),
                ("because", difference),
            )
        return message

    async def expect_echo(self, message: Message, *, deadline: float | None = None) -> None:
        """Sends ``message``, which the client must send back next; for a client that echoes."""
        __tracebackhide__ = True
        await self.send(message)
        await self.expect(message, deadline=deadline)

    # The end

    async def expect_failed(
        self, code: int | Collection[int] | None = None, *, deadline: float | None = None
    ) -> Closing:
        """Asserts that the client fails the connection (RFC 6455 §7.1.7) and answers nothing before.

        It ends TCP, with or without a Close frame before; a Close frame must have this code (or one of these)
        where given. A client that does nothing is not given the whole deadline: after a tenth of it comes a
        Ping, and a client that answers it goes on with the connection.
        """
        __tracebackhide__ = True
        seconds = self.deadline if deadline is None else deadline
        codes = {code} if isinstance(code, int) else None if code is None else set(code)
        wanted = ("expected", f"the client to fail the connection{describe_expected_closing(codes, None)}")

        def decided() -> bool:
            return self.over or bool(self.unread)

        pong = None
        if not await self.comes_true(decided, seconds / 10):
            await self.send_frame(ping(PROBE))
            await self.comes_true(lambda: decided() or self.has_pong(PROBE), seconds * 0.8)
            pong = self.take_pong(PROBE)
            # The frame layer may run ahead of a validator after it.
            await self.comes_true(decided, seconds / 10)
        if self.unread:
            sent = describe_message(self.unread[0].content)
            raise self._failure("the client answered instead", wanted, ("the client sent", sent))
        if not self.over:
            how = "nothing" if pong is None else "a Pong: it goes on with the connection"
            raise self._failure(
                f"the connection is still open after {seconds:g} s", wanted, ("the client sent", how)
            )
        if codes is not None and self.closing.code not in {*codes, 1006}:
            raise self._failure(
                "the connection ended in another way", wanted, ("the client sent", self._how_it_ended())
            )
        return self.closing

    async def expect_not_opened(self, *, deadline: float | None = None) -> None:
        """Asserts that the client takes the connection for not opened after what the server answered.

        It must end TCP, and answer neither a message nor a Ping that come after the answer.
        """
        __tracebackhide__ = True
        seconds = self.deadline if deadline is None else deadline
        wanted = ("expected", "the client not to open the connection (RFC 6455 §4.1)")
        await self.send_frame(text("is this open?"), ping(PROBE))

        def opened() -> bool:
            return bool(self.unread) or self.has_pong(PROBE)

        await self.comes_true(lambda: self.tcp != "open" or opened(), seconds)
        if opened():
            raise self._failure("the client opened the connection", wanted, ("the client sent", "frames"))
        if self.tcp == "open":
            raise self._failure(f"the client has not ended TCP within {seconds:g} s", wanted)

    async def stay_open(self, seconds: float) -> None:
        """Does nothing for that long; fails where the client ends the connection meanwhile."""
        __tracebackhide__ = True
        if await self.comes_true(lambda: self.over, seconds):
            raise self._ended(f"the client did not wait for {seconds:g} s")

    async def expect_closed(
        self,
        code: int | Collection[int] | None = None,
        reason: str | re.Pattern[str] | None = None,
        *,
        deadline: float | None = None,
    ) -> Closing:
        """Waits until the client has closed, with this code (or one of these) and reason where given.

        Code 1005 stands for a Close frame without a code, 1006 for no Close frame at all (RFC 6455 §7.1.5).
        Messages that came before the end stay to be read.
        """
        __tracebackhide__ = True
        seconds = self.deadline if deadline is None else deadline
        codes = {code} if isinstance(code, int) else None if code is None else set(code)
        wanted = ("expected", f"the end of the connection{describe_expected_closing(codes, reason)}")
        if not await self.comes_true(lambda: self.over, seconds):
            raise self._failure(f"the client has not closed within {seconds:g} s", wanted)
        closing = self.closing
        if (codes is not None and closing.code not in codes) or not reason_matches(reason, closing.reason):
            raise self._failure(
                "the connection ended in another way", wanted, ("the client sent", self._how_it_ended())
            )
        return closing

    async def close(
        self, code: int | None = 1000, reason: str = "", *, deadline: float | None = None
    ) -> None:
        """Closes the connection (RFC 6455 §7.1.2): a Close frame, the client's answer to it, then TCP.

        After the deadline TCP is closed without the answer; `expect_closed` tells whether it came. Closing
        twice does no harm.
        """
        if not self.sent_close and self.tcp == "open":
            await self.send_frame(close(code, reason))
        await self.comes_true(lambda: self.over, self.deadline if deadline is None else deadline)
        self.close_tcp()

    @property
    def closing(self) -> Closing:
        """How the client ended the connection, see `expect_closed`."""
        if self.close_status is None:
            return Closing(1006, "")
        code = 1005 if self.close_status.code is None else self.close_status.code
        return Closing(code, self.close_status.reason.decode(errors="replace"))

    # Inside

    async def _obtain(
        self,
        take: Callable[[], Taken | None],
        headline: str,
        rows: tuple[tuple[str, str], ...],
        deadline: float | None,
    ) -> Taken:
        """Returns what ``take`` finds, once it does; fails when deadline or connection end first."""
        __tracebackhide__ = True
        seconds = self.deadline if deadline is None else deadline
        taken: list[Taken] = []

        def decided() -> bool:
            found = take()
            if found is not None:
                taken.append(found)
            return found is not None or self.over

        if not await self.comes_true(decided, seconds):
            raise self._failure(f"{headline} from the client within {seconds:g} s", *rows)
        if not taken:
            raise self._ended(headline, *rows)
        return taken[0]

    def _unfulfilled(self, words: str) -> Exception:
        return self._failure(words)

    def _failure(self, headline: str, *rows: tuple[str, str]) -> ExpectationFailed:
        return failure(ExpectationFailed, headline, rows, self.recording)

    def _how_it_ended(self) -> str:
        if self.close_status is None:
            return f"no Close frame (1006); {self.recording.ended or 'TCP is still open'}"
        return f"a Close frame with {describe_code(*self.closing)}"

    def _ended(self, headline: str, *rows: tuple[str, str]) -> ExpectationFailed:
        return failure(
            ConnectionEnded,
            f"{headline}: the connection is over",
            (*rows, ("the client sent", self._how_it_ended())),
            self.recording,
        )
