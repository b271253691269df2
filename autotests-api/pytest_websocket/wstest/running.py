"""Runs the steps of a case over a raw connection in either role, and notes what happens."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

from pytest_websocket.protocol.deflate import Deflater
from pytest_websocket.protocol.frames import BINARY, CLOSE, CONTINUATION, TEXT, Frame, close
from pytest_websocket.protocol.reader import CloseStatus, ReceivedFrame
from pytest_websocket.protocol.rules import Role
from pytest_websocket.raw.ending import NotReceived
from pytest_websocket.raw.framed import FramedConnection
from pytest_websocket.wstest.case import (
    Behavior,
    Case,
    Event,
    RoundTrips,
    Send,
    SendClose,
    SendFragments,
    SendPart,
    Step,
    Wait,
)
from pytest_websocket.wstest.observed import Observed
from pytest_websocket.wstest.settings import Settings

GRACE = 0.5
"""Seconds that a peer has to fail the connection after it sent what the case does not expect."""

SHORTEST = 2.0
"""Seconds that a peer has at least: half a second, as some cases have it, is too little on a busy machine."""

PART_KEY = bytes.fromhex("37fa213d")
"""Mask of a frame that is sent in parts: it has to be the same for each of them."""

_BATCH = 64 << 10
"""Bytes of small fragments that are written at once."""


class Run:
    """One case on one connection, from the opening to the end of TCP."""

    def __init__(
        self, case: Case, connection: FramedConnection, settings: Settings, deflater: Deflater | None = None
    ) -> None:
        self.case = case
        self.connection = connection
        self.observed = Observed(opened=True, started=time.time())
        self._settings = settings
        self._deflater = deflater
        self._masked = connection.role is Role.CLIENT
        self._is_closing = False
        self._closed_at = 0.0
        self._limit = 0.0
        # This side decides itself whether and when it answers a Close frame.
        connection.answers_close = False

    async def __call__(self) -> Observed:
        """Runs the case and returns what was observed; TCP has ended then."""
        began = time.perf_counter()
        self._allow(self.case.limit)
        try:
            await self._run()
        except NotReceived as error:
            self.observed.problem = str(error)
        finally:
            self.connection.abort()
        self.observed.violations = list(self.connection.violations)
        self.observed.duration = time.perf_counter() - began
        return self.observed

    async def _run(self) -> None:
        if self.case.compression is not None:
            self.observed.compressed = self._deflater is not None
        if self.observed.compressed is False:
            await self._close(close(1000))
        else:
            await self._take_all()
        await self._end()

    async def _take_all(self) -> None:
        for step in self.case.steps:
            await self._take(step)
            if self.connection.tcp != "open" or not self._goes_on(step):
                break
        self._allow(self.case.limit)

    def _goes_on(self, step: Step) -> bool:
        """Returns whether more is sent: a connection that closes during a wait ends the case."""
        return not self._is_closing or not isinstance(step, Wait)

    def _allow(self, seconds: float) -> None:
        self._limit = _now() + max(seconds, SHORTEST) * self._settings.scale

    # Sending

    async def _take(self, step: Step) -> None:
        match step:
            case Send(frame, chop):
                data = frame.encode(masked=self._masked)
                await self.connection.send_in_pieces(data, chop or len(data))
            case SendFragments(opcode, data, size):
                await self._send_fragments(opcode, data, size)
            case SendPart(frame, start, end):
                whole = frame.encode(masked=self._masked, mask_key=PART_KEY)
                head = len(whole) - len(frame.payload)
                await self.connection.send_bytes(whole[start + head if start else 0 : end + head])
            case Wait(seconds, name):
                await self._wait(seconds, name)
            case SendClose(body):
                await self._close(Frame(CLOSE, body))
            case RoundTrips():
                await self._exchange(step)

    async def _send_fragments(self, opcode: int, data: bytes, size: int, *, rsv1: bool = False) -> None:
        batch = bytearray()
        for frame in _fragments(opcode, data, size, rsv1=rsv1):
            batch += frame.encode(masked=self._masked)
            if len(batch) >= _BATCH:
                await self.connection.send_bytes(bytes(batch))
                batch.clear()
        await self.connection.send_bytes(bytes(batch))

    async def _wait(self, seconds: float, name: str) -> None:
        until = _now() + seconds
        count = len(self.observed.received)
        while not self._is_closing and len(self.observed.received) == count and await self._comes(until):
            await self._read()
        if name and not self._is_closing and self.connection.tcp == "open":
            self.observed.received.append(Event("timeout", name.encode()))

    async def _close(self, frame: Frame, *, answers: bool = False) -> None:
        """Sends a Close frame, unless one was sent: the connection is closing from then on."""
        if self._is_closing:
            return
        self._is_closing = True
        self._closed_at = _now()
        self.observed.closed_by_us = not answers
        self.observed.local_close = CloseStatus.parse(frame.payload)
        await self.connection.send_frame(frame)

    async def _fail(self, code: int, reason: str) -> None:
        """Fails the connection (RFC 6455 §7.1.7): a Close frame, or the end of TCP where one was sent."""
        self.observed.failed_by_us = True
        if self._is_closing or self._settings.fail_by_drop:
            self._drop(None if self.observed.clean else reason)
        else:
            await self._close(close(code))

    def _drop(self, unclean_because: str | None) -> None:
        if self.connection.tcp != "open":
            return
        self.observed.dropped_by_us = True
        if unclean_because is not None:
            self.observed.clean = False
            self.observed.unclean_because = unclean_because
        self.connection.abort()

    # Messages back and forth

    async def _exchange(self, step: RoundTrips) -> None:
        self._allow(self.case.limit)
        opcode = BINARY if step.binary else TEXT
        observed = self.observed
        whole = "the message has not" if step.count == 1 else "not all messages have"
        observed.round_trips = f"{whole} come back within {self.case.limit:g} s"
        for payload in step.messages(step.count):
            await self._send_message(opcode, payload, step)
            count = len(observed.received)
            while len(observed.received) == count:
                if self._is_closing or not await self._comes(self._limit):
                    return None
                await self._read()
            came = observed.received.pop()
            if came != Event("message", payload, step.binary):
                observed.round_trips = f"sent {_in_words(payload, step.binary)}, got {describe(came)}"
                return await self._close(close(1000))
        observed.round_trips = ""
        return await self._close(close(1000))

    async def _send_message(self, opcode: int, payload: bytes, step: RoundTrips) -> None:
        if step.chop:
            return await self.connection.send_in_pieces(
                Frame(opcode, payload).encode(masked=self._masked), step.chop
            )
        data = payload if self._deflater is None else self._deflater.deflate(payload)
        rsv1 = self._deflater is not None
        await self._send_fragments(opcode, data, step.fragment or max(1, len(data)), rsv1=rsv1)
        return None

    # Reading

    async def _comes(self, until: float) -> bool:
        """Waits until a frame has come; False when TCP has ended, or the time is over."""
        connection = self.connection

        def decided() -> bool:
            return connection.has_data or connection.tcp != "open" or bool(connection.violations)

        if not decided():
            await connection.comes_true(decided, max(0, until - _now()))
        return connection.has_data or (bool(connection.violations) and not self.observed.failed_by_us)

    async def _read(self) -> None:
        """Takes the next frame, and fails the connection where it broke a rule."""
        if self.connection.has_data:
            await self._on_frame(await self.connection.frame())
        elif self.connection.violations and not self.observed.failed_by_us:
            await self._fail_for_violation()

    async def _fail_for_violation(self) -> None:
        violation = self.connection.violations[0]
        await self._fail(1007 if "UTF-8" in violation.words else 1002, str(violation))

    async def _on_frame(self, received: ReceivedFrame) -> None:
        if self.connection.violations and not self.observed.failed_by_us and not self.connection.has_data:
            await self._fail_for_violation()
        if received.close is not None:
            await self._on_close(received.close)
        elif received.message is not None:
            message = received.message
            await self._note(Event("message", message.data, message.opcode == BINARY))
        elif received.is_pong:
            await self._note(Event("pong", received.frame.payload))

    async def _note(self, event: Event) -> None:
        if self.observed.failed_by_us:
            return
        case, received = self.case, self.observed.received
        received.append(event)
        if not case.outcomes:
            return
        if case.closes and case.ends.by_us and tuple(received) == case.outcomes[Behavior.OK]:
            await self._close(close(case.ends.codes[0]))
        elif not any(tuple(received) == wanted[: len(received)] for wanted in case.outcomes.values()):
            # Nothing that may still come makes this right.
            self._limit = min(self._limit, _now() + GRACE)

    async def _on_close(self, status: CloseStatus) -> None:
        observed = self.observed
        if observed.remote_close is None:
            observed.remote_close = status
        observed.clean = observed.unclean_because is None
        if not self._is_closing:
            answer = status.code if status.code in range(1000, 5000) else None
            await self._close(close(answer), answers=True)
        self._closed_at = _now()
        if self.connection.role is Role.SERVER:
            # The end of TCP is the server's (RFC 6455 §7.1.1): what follows is not read.
            self.connection.close_tcp()

    # The end

    async def _end(self) -> None:
        """Reads until TCP has ended, and ends it where the peer has had its time."""
        connection, observed = self.connection, self.observed
        while True:
            if await self._comes(self._time_of_giving_up()):
                await self._read()
            elif connection.tcp != "open" or connection.is_lost:
                break
            elif not self._is_closing:
                await self._give_up()
            elif observed.remote_close is None:
                observed.answer_timed_out = True
                self._drop("the Close frame was not answered in time")
            elif observed.closed_by_us and connection.role is Role.CLIENT:
                observed.drop_timed_out = True
                self._drop("the server did not end TCP in time")
            else:
                self._drop(None)
        if not observed.clean and observed.unclean_because is None:
            observed.unclean_because = "the peer ended TCP without a Close frame"

    def _time_of_giving_up(self) -> float:
        """Returns when this side stops waiting, on the loop's clock."""
        if not self._is_closing:
            return self._limit
        if self.observed.remote_close is None:
            return self._closed_at + self._settings.answer * self._settings.scale
        limit = self._closed_at + self._settings.server_drop * self._settings.scale
        return limit if self.observed.closed_by_us else max(limit, self._limit)

    async def _give_up(self) -> None:
        if self.case.ends_quietly:
            await self._close(Frame(CLOSE))
        else:
            await self._fail(1001, "the case was given up")


def _now() -> float:
    return asyncio.get_running_loop().time()


def _fragments(opcode: int, data: bytes, size: int, *, rsv1: bool) -> Iterator[Frame]:
    last = max(0, len(data) - 1) // size * size
    for start in range(0, last + 1, size):
        is_first = start == 0
        yield Frame(
            opcode if is_first else CONTINUATION,
            data[start : start + size],
            start == last,
            rsv1=rsv1 and is_first,
        )


def describe(event: Event) -> str:
    """Returns an event in words."""
    if event.kind == "message":
        return _in_words(event.data, event.binary)
    if event.kind == "pong":
        return f"a Pong of {len(event.data)} bytes"
    return "nothing in time"


def _in_words(data: bytes, binary: bool) -> str:
    kind = "binary" if binary else "text"
    shown = data.hex() if binary else data.decode(errors="backslashreplace")
    if len(shown) > 60:
        shown = shown[:60] + "…"
    return f"{kind} of {len(data)} bytes" + (f" {shown!r}" if data else "")
