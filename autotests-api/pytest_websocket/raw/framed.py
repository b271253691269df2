"""The frames of a raw connection, in either role: sends any, reads strictly, reports how the peer ends it."""

from __future__ import annotations

import contextlib
import time
from collections import deque
from collections.abc import Callable

from pytest_websocket.protocol.close_codes import may_be_sent
from pytest_websocket.protocol.deflate import Inflater
from pytest_websocket.protocol.frames import CLOSE, PING, Frame, FrameParser, LengthBits, close, ping, pong
from pytest_websocket.protocol.reader import CloseStatus, Message, Reader, ReceivedFrame
from pytest_websocket.protocol.rules import Role, Violation
from pytest_websocket.raw.ending import Ending, NotReceived
from pytest_websocket.raw.stream import Stream
from pytest_websocket.recording import Recording

MAX_BACKLOG = 32 << 20
"""Bytes of frames received and not yet taken; above it reading is paused, so that memory stays bounded."""

MAX_WAITING = 50_000
"""Frames received and not yet taken; above it reading is paused as well."""

MAX_UNSENT = 1 << 20
"""Bytes that the peer has not read, from which on its Pings are not answered."""

MAX_DISCARDED = 1 << 20
"""Bytes that are read after what is no frame, so that the end of TCP is noticed; then reading is paused."""

PROBE = b"still there?"
"""Payload of the Ping that shows whether the server still processes frames after a violation."""


def _none(_: Message) -> bool:
    return False


def _every(_: Message) -> bool:
    return True


class FramedConnection(Stream):
    """One side of a connection that speaks frames, after `switch_protocols`.

    Received frames are kept until they are taken; `message` and `pong` each take only their own kind.
    A Ping is answered at once and not kept, unless ``answers_pings`` is false; a Close is answered
    unless ``answers_close`` is false, and a server closes TCP after it (RFC 6455 §7.1.1). The first
    ``initial_messages`` messages, which some servers send on every new connection, are dropped, and so is
    at any time a message for which ``ignores`` is true. ``counts_as_answer`` says which messages may be
    answers; those that came after the last sending began are the ``waiting_answers``.
    """

    def __init__(self, recording: Recording, deadline: float, role: Role = Role.CLIENT) -> None:
        super().__init__(recording, deadline, role)
        self.answers_pings = True
        self.answers_close = True
        self.initial_messages = 0
        self.ignores: Callable[[Message], bool] = _none
        self.counts_as_answer: Callable[[Message], bool] = _every
        self.reader: Reader | None = None
        self.close_status: CloseStatus | None = None
        self.sent_close = False
        self.waiting_messages = 0
        self.waiting_answers = 0
        self._are_answers: deque[bool] = deque()
        self._head = bytearray()
        self._frames: deque[ReceivedFrame] = deque()
        self._backlog = 0
        self._discarded = 0
        self._written = FrameParser()
        self._pending_pongs = b""

    def data_received(self, data: bytes) -> None:
        """Reads what came; asyncio calls this."""
        self._record(data)
        if self.reader is None:
            self._take_head(data)
        else:
            self._feed(data)
        self._changed.set()

    # Writing

    async def send_frame(
        self,
        *frames: Frame,
        masked: bool | None = None,
        mask_key: bytes | None = None,
        length: int | None = None,
        length_bits: LengthBits | None = None,
    ) -> None:
        """Sends frames, each in a write of its own; for the arguments see `protocol.frames.Frame.encode`.

        They are masked if this side is a client, unless ``masked`` says otherwise.
        """
        self._begin_sending()
        if masked is None:
            masked = self.role is Role.CLIENT
        for frame in frames:
            self.sent_close = self.sent_close or frame.opcode == CLOSE
            await self._send_bytes(
                frame.encode(masked=masked, mask_key=mask_key, length=length, length_bits=length_bits)
            )

    async def send_together(self, *frames: Frame) -> None:
        """Sends several frames in one write."""
        self.sent_close = self.sent_close or any(frame.opcode == CLOSE for frame in frames)
        await self.send_bytes(b"".join(map(self._encoded, frames)))

    # Reading

    def switch_protocols(self, inflate: Inflater | None = None) -> None:
        """Reads what the peer sends as frames from now on, what came after its head included."""
        self.reader = Reader(inflate, sender=self.peer)
        early, self._head = bytes(self._head), bytearray()
        if early:
            self._feed(early)

    async def message(self, *, deadline: float | None = None) -> Message:
        """Returns the next whole data message (RFC 6455 §5.4) and leaves control frames where they are."""
        await self._until(lambda: self.waiting_messages > 0, "a message", deadline)
        while True:
            message = self._take(lambda received: received.is_data).message
            if message is not None:
                return message

    async def message_or_ending(self, *, take: bool = True, deadline: float | None = None) -> Message | None:
        """Returns the next message, or None when the connection ends first; ``take=False`` leaves it."""
        await self._until(
            lambda: self.waiting_messages > 0 or self._has_ended(), "a message or an ending", deadline
        )
        return await self.message() if take and self.waiting_messages else None

    async def pong(self, payload: bytes | None = None, *, deadline: float | None = None) -> bytes:
        """Returns the payload of the next Pong (RFC 6455 §5.5.3) and leaves messages where they are.

        With ``payload`` waits for the Pong that carries it and drops those before.
        """
        limit = self.deadline if deadline is None else deadline
        began = time.monotonic()
        while time.monotonic() - began <= limit:
            await self._until(self.has_pong, "a Pong", deadline)
            came = self._take(lambda received: received.is_pong).frame.payload
            if payload in (None, came):
                return came
        raise NotReceived(f"expected a Pong with {payload!r}, but only others came for {limit:g} s")

    async def frame(self, *, deadline: float | None = None) -> ReceivedFrame:
        """Returns the next frame of any kind but a Ping, as it was sent."""
        await self._until(lambda: bool(self._frames), "a frame", deadline)
        return self._take(lambda _: True)

    @property
    def has_data(self) -> bool:
        """Returns whether anything has come that was not taken."""
        return bool(self._head or self._frames)

    @property
    def violations(self) -> list[Violation]:
        """Returns the rules that the peer's frames broke, in words."""
        return self.reader.violations if self.reader else []

    async def ending(
        self, *, probe_with_ping: bool = True, answers: int | None = None, deadline: float | None = None
    ) -> Ending:
        """Waits for the peer to end the connection, by a Close frame, FIN or RST, and says whether it did.

        With ``answers`` the wait is over as soon as more answers than that have come since the last sending
        began: a peer that answers has not failed the connection. After a tenth of the deadline it sends a
        Ping, and a peer that answers it gets another tenth only. ``probe_with_ping=False`` is for
        connections where a Ping would be read as payload.
        """
        began = time.monotonic()
        limit = self.deadline if deadline is None else deadline
        answered = False

        def is_decided() -> bool:
            ended = self.close_status is not None or self.tcp != "open"
            return ended or (answers is not None and self.waiting_answers > answers)

        if not await self.comes_true(is_decided, limit / 10) and probe_with_ping and not self.sent_close:
            await self._send_bytes(self._encoded(ping(PROBE)))
            await self.comes_true(lambda: is_decided() or self.has_pong(PROBE), limit * 0.8)
            answered = self.has_pong(PROBE)
            if answered:
                # A peer may answer Pings before it has validated the messages before them.
                await self.comes_true(is_decided, limit / 10)
        elif not is_decided():
            # A peer's own timer may run as long as the deadline: it is given a little more.
            await self.comes_true(
                lambda: is_decided() or (answers is not None and self.has_pong()), limit * 1.1
            )
            answered = self.has_pong()
            if answered:
                await self.comes_true(is_decided, limit / 10)
        return self._ending(began, answered)

    async def tcp_ending(self, *, deadline: float | None = None) -> Ending:
        """Waits until TCP has ended (RFC 6455 §7.1.1), whatever was received before."""
        began = time.monotonic()
        with contextlib.suppress(NotReceived):
            await self._until(lambda: self.tcp != "open", "", deadline, ends=False)
        return self._ending(began, False)

    async def after_closing(self) -> Ending:
        """Waits for what comes after the Close frames: until TCP ends, or for a tenth of the deadline."""
        return await self.tcp_ending(deadline=self.deadline / 10)

    # Inside

    def _take_head(self, data: bytes) -> None:
        """Keeps what came before the connection speaks frames."""
        self._head += data

    def _encoded(self, frame: Frame) -> bytes:
        return frame.encode(masked=self.role is Role.CLIENT)

    def _has_ended(self) -> bool:
        return self.close_status is not None or self._is_unreadable or super()._has_ended()

    @property
    def _is_unreadable(self) -> bool:
        return self.reader is not None and self.reader.unreadable

    def _end_in_words(self) -> str:
        if self._is_unreadable and self.violations and self.close_status is None:
            return f"what the {self.peer} sends cannot be read: {self.violations[-1]}"
        return super()._end_in_words()

    def _ending(self, began: float, answered: bool) -> Ending:
        return Ending(self.close_status, self.tcp, time.monotonic() - began, answered)

    def _feed(self, data: bytes) -> None:
        assert self.reader is not None
        for received in self.reader.feed(data):
            self._frame_came(received)
            if received.close is not None and self.close_status is None:
                self._on_close(received.close)
            if received.frame.opcode == PING:
                # Only the most recent of several Pings need be answered (RFC 6455 §5.5.3).
                if self.answers_pings and self.unsent + len(self._pending_pongs) < MAX_UNSENT:
                    self._pending_pongs += self._encoded(pong(received.frame.payload))
                    self._flush_pongs()
                continue
            self._keep(received)
        if self.reader.unreadable:
            self._discarded += len(data)
        is_full = self._backlog > MAX_BACKLOG or len(self._frames) > MAX_WAITING
        if is_full or self._discarded > MAX_DISCARDED:
            self.pause_reading()

    def _keep(self, received: ReceivedFrame) -> None:
        message = received.message
        if message is not None and self.ignores(message):
            self._drop_fragments(message.frames - 1)
            return
        if self.initial_messages and received.is_data:
            self.initial_messages -= message is not None
            return
        self._frames.append(received)
        self._backlog += received.header.length
        if message is not None:
            self._are_answers.append(self.counts_as_answer(message))
            self.waiting_messages += 1
            self.waiting_answers += self._are_answers[-1]

    def _sort_out(self) -> None:
        """Drops those of the kept messages that are now ignored."""
        kept, self._frames, self._backlog = self._frames, deque(), 0
        self.waiting_messages, self.waiting_answers, self._are_answers = 0, 0, deque()
        for received in kept:
            self._keep(received)

    def _drop_fragments(self, count: int) -> None:
        """Drops the fragments that came last: they belong to a message that is ignored."""
        at = len(self._frames)
        while count and at:
            at -= 1
            if self._frames[at].is_data:
                self._backlog -= self._frames[at].header.length
                del self._frames[at]
                count -= 1

    def _begin_sending(self) -> None:
        # What has come before is no answer to what follows.
        self.waiting_answers = 0
        self._are_answers = deque([False] * len(self._are_answers))

    def _frame_came(self, received: ReceivedFrame) -> None:
        """Notices a frame before anything answers it."""

    def _on_close(self, status: CloseStatus) -> None:
        self.close_status = status
        if self.answers_close and not self.sent_close:
            self.sent_close = True
            code = status.code if status.code is not None and may_be_sent(status.code) else None
            self._write(self._encoded(close(code)))
            if self.role is Role.SERVER:
                self.close_tcp()

    def _write(self, data: bytes) -> bool:
        written = super()._write(data)
        if written and self.reader is not None:
            for _ in self._written.feed(data):
                pass
            self._flush_pongs()
        return written

    def _flush_pongs(self) -> None:
        """Sends the pending Pongs, unless part of a frame has been sent: they would become payload of it."""
        if self._pending_pongs and not self._written.is_inside:
            pongs, self._pending_pongs = self._pending_pongs, b""
            super()._write(pongs)

    def has_pong(self, payload: bytes | None = None) -> bool:
        """Returns whether a Pong waits, with this payload where given."""
        return any(r.is_pong and payload in (None, r.frame.payload) for r in self._frames)

    def _take(self, wanted: Callable[[ReceivedFrame], bool]) -> ReceivedFrame:
        index = next(index for index, received in enumerate(self._frames) if wanted(received))
        received = self._frames[index]
        del self._frames[index]
        if received.message is not None:
            self.waiting_messages -= 1
            self.waiting_answers -= self._are_answers.popleft()
        self._backlog -= received.header.length
        has_room = self._backlog < MAX_BACKLOG // 2 and len(self._frames) <= MAX_WAITING // 2
        if has_room and not self._is_unreadable:
            self.resume_reading()
        return received

    def _state_in_words(self) -> str:
        if self.reader is None and self._head:
            return f"it has sent {bytes(self._head[:80])!r}"
        if self.close_status is not None:
            return f"it sent {self.close_status}"
        words = super()._state_in_words()
        if self.violations:
            # A message that cannot be inflated, say, has come, and is none.
            words += f", and what came breaks the protocol: {self.violations[-1]}"
        return words
