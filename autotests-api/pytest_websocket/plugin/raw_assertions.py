"""`RawConnection`: a raw connection that knows its target, with the assertions of the suite on it."""

from __future__ import annotations

from collections.abc import Collection

import pytest

from pytest_websocket.protocol.close_codes import CloseCode
from pytest_websocket.protocol.frames import Frame, ping, text
from pytest_websocket.protocol.handshake import Request, Response, problems_of_acceptance
from pytest_websocket.protocol.reader import Message as ReceivedMessage
from pytest_websocket.raw.ending import Ending, NotReceived
from pytest_websocket.recording import Recording
from pytest_websocket.target.carrier import CannotCarry
from pytest_websocket.target.connection import TargetConnection
from pytest_websocket.target.foreign import is_own_code
from pytest_websocket.target.target import Abilities, Answer, Message, Target

TOO_BIG = CloseCode.MESSAGE_TOO_BIG
"""Close code of a server to which a message is too big (RFC 6455 §7.4.1)."""

POLICY = CloseCode.POLICY_VIOLATION
"""Close code of a server whose policy a message breaks (RFC 6455 §7.4.1)."""

APPLICATION = 3000
"""The first Close code that is none of the protocol's (RFC 6455 §7.4.2)."""

Codes = int | None | Collection[int | None]
"""Close codes; None stands for a Close frame without a code, or for no Close frame."""


class RawConnection(TargetConnection):
    """A raw connection to the target; each ``expect_…`` raises AssertionError, in words, by the deadline."""

    def __init__(self, recording: Recording, deadline: float, target: Target, abilities: Abilities) -> None:
        super().__init__(recording, deadline, target)
        self.abilities = abilities

    def __repr__(self) -> str:
        return f"<raw connection {self.recording.name!r}: {self._state_in_words()}>"

    # The handshake

    async def expect_accepted(
        self, request: Request, *, data: bytes | None = None, piece: int | None = None
    ) -> Response:
        """Sends an opening handshake; it is accepted, and the response breaks no rule (RFC 6455 §4.2.2).

        ``data`` is sent instead of ``request`` if given, in pieces of ``piece`` bytes if given.
        """
        __tracebackhide__ = True
        self.request = request
        data = request.encode() if data is None else data
        await self.send_in_pieces(data, piece or len(data))
        response = await self.read_response()
        problems = problems_of_acceptance(request, response)
        if problems:
            raise AssertionError(f"expected the opening handshake to be accepted, but {'; '.join(problems)}")
        self.switch_protocols()
        await self.enter()
        return response

    async def expect_rejected(
        self, request: Request | bytes, *, older_protocol: bool = False
    ) -> Response | None:
        """Sends a request; the server answers without switching protocols, or closes TCP (§4.2.1).

        With ``older_protocol`` a 101 without Sec-WebSocket-Accept counts as rejected: it answers a draft
        before RFC 6455. Returns the response, None where there is none.
        """
        __tracebackhide__ = True
        await self.send_bytes(request if isinstance(request, bytes) else request.encode())
        response = await self.refusal()
        of_a_draft = (
            older_protocol and response is not None and response.value("Sec-WebSocket-Accept") is None
        )
        if response is not None and response.accepted and not of_a_draft:
            raise AssertionError(f"expected the handshake to be refused, received {response}")
        return response

    # Messages and pongs

    async def expect_echo(self, *messages: Message, skip_if_too_big: bool = False) -> None:
        """Asserts that the next messages are the answers to ``messages``, in the target's order.

        Skips the test where the target refuses a message with 1009 and did not promise to take it, and
        with ``skip_if_too_big`` wherever it refuses with 1009 or 1008.
        """
        __tracebackhide__ = True
        left = list(messages)
        while left:
            if skip_if_too_big:
                await self._skip_if_refused_as_too_big()
            try:
                received = (await self.message()).content
            except NotReceived:
                size = max(len(encoded(one)) for one in messages)
                if self._close_code == TOO_BIG and not self.target.promises(size):
                    self.needs_size(size)
                raise
            fitting = [one for one in left if self.target.any_order and received == self.target.answer(one)]
            message = fitting[0] if fitting else left[0]
            left.remove(message)
            expected = self.target.answer(message)
            if received != expected:
                raise AssertionError(
                    f"expected the answer {shown(expected)} to {shown(message)}, received {shown(received)}"
                )

    async def expect_served(self, message: str = "still served?") -> None:
        """Asserts that ``message`` is answered; a Ping, where it is not known what would be."""
        __tracebackhide__ = True
        if self.target.answers:
            await self.send(text(message))
            await self.expect_echo(message)
        else:
            await self.send(ping(message.encode()))
            await self.expect_pong(message.encode())

    async def expect_pong(self, *payloads: bytes) -> int:
        """Pings with ``payloads`` are answered in order, the last of them always (RFC 6455 §5.5.3).

        Returns how many were: a server may leave out all but the most recent.
        """
        __tracebackhide__ = True
        remaining = iter(payloads)
        count, received = 0, None
        while received != payloads[-1]:
            received = await self.pong()
            count += 1
            if received not in remaining:
                expected = " then ".join(shown(payload) for payload in payloads[:8])
                raise AssertionError(
                    f"expected the Pongs {expected}, received {shown(received)} as number {count}"
                )
        return count

    def expect_no_message(self, meaning: str, *, after: int = 0) -> None:
        """Asserts that only the first ``after`` messages have come; another means ``meaning``. Does not wait.

        What cannot be an answer of the target is not counted.
        """
        __tracebackhide__ = True
        found = (received.message for received in self._frames)
        waiting = [message for message in found if message is not None and self.counts_as_answer(message)]
        if len(waiting) > after:
            raise AssertionError(f"{meaning}: expected no message, received {waiting[after]}")

    def expect_no_violation(self) -> None:
        """Asserts that no frame of the server so far broke a rule. Does not wait."""
        __tracebackhide__ = True
        if self.violations:
            raise AssertionError(f"the server broke the protocol: {'; '.join(map(str, self.violations[:5]))}")

    # The end

    async def expect_failed(
        self,
        *,
        code: Codes = (),
        not_code: Codes = (),
        answers: int = 0,
        probe_with_ping: bool = True,
    ) -> Ending:
        """Asserts that the server fails the connection (RFC 6455 §7.1.7) after at most ``answers`` answers.

        ``code`` are the Close codes allowed, all by default; ``not_code`` those that are not. For
        ``probe_with_ping`` see `Connection.ending`.
        """
        __tracebackhide__ = True
        ending = await self.ending(probe_with_ping=probe_with_ping, answers=answers)
        if not self.target.answers and ending.code is not None and ending.code >= APPLICATION:
            pytest.skip(
                f"whether the target saw the violation cannot be told from {ending.close}, its own code"
            )
        if self.waiting_answers > answers:
            came = [message for message, is_answer in self._waiting() if is_answer]
            raise AssertionError(
                f"expected the server to fail the connection, but it answered: {came[answers]}"
            )
        if not ending.ended:
            raise AssertionError(f"expected the server to fail the connection, but {ending}")
        _check_code(ending, code, not_code)
        return ending

    async def expect_ended(
        self,
        *,
        code: Codes = (),
        not_code: Codes = (),
        or_no_close: bool = False,
        probe_with_ping: bool = True,
    ) -> Ending:
        """Asserts that the server ends the connection, by Close, FIN or RST, whatever it sends before.

        With ``or_no_close`` the Close frame, whose code may be ``code``, may be missing.
        """
        __tracebackhide__ = True
        ending = await self.ending(probe_with_ping=probe_with_ping)
        if not ending.ended:
            raise AssertionError(f"expected the server to end the connection, but {ending}")
        if not (or_no_close and ending.close is None):
            _check_code(ending, code, not_code)
        return ending

    async def expect_closed(self, *, code: Codes = (), not_code: Codes = ()) -> Ending:
        """Asserts that the server answers the client's Close frame, sent before, with its own (§5.5.1)."""
        __tracebackhide__ = True
        ending = await self.ending(probe_with_ping=False)
        if ending.close is None:
            raise AssertionError(f"expected a Close frame in answer to the client's, but {ending}")
        _check_code(ending, code, not_code)
        return ending

    async def expect_tcp_closed(self, *, cleanly: bool = False) -> Ending:
        """Asserts that TCP ends (RFC 6455 §7.1.1), ``cleanly``: with FIN and not with RST."""
        __tracebackhide__ = True
        ending = await self.tcp_ending()
        if ending.tcp == "open":
            raise AssertionError(f"expected the server to close TCP, but {ending}")
        if cleanly and ending.tcp != "closed":
            raise AssertionError(f"expected FIN, received RST: {ending}")
        return ending

    # What the target can do

    @property
    def refused_words(self) -> str:
        """Why a failure on this connection says nothing: the target ended it over a text of the suite's own.

        Such a text is no request of an API that does not echo, and to end the connection is its right. Empty
        where that is not so.
        """
        status = self.close_status
        is_understood = self.target.echo and not self.target.is_asked_in_binary
        if is_understood or not self.has_sent_message or not self._has_ended():
            return ""
        if status is not None and not is_own_code(status.code):
            return ""
        return (
            "the target ended the connection over a text of the suite's own, which is no request of it: "
            f"{status or self.tcp}; --ws-exchange tells one"
        )

    def needs_size(self, size: int) -> None:
        """Skips the test where the target takes no message of ``size`` bytes."""
        skip_above_limit(self.abilities, size)

    async def _skip_if_refused_as_too_big(self) -> None:
        await self.message_or_ending(take=False)
        if not self.waiting_messages and self._close_code in (TOO_BIG, POLICY):
            pytest.skip(f"the target has a limit for this: {self.close_status}")

    def _carried(self, frames: tuple[Frame, ...]) -> list[Frame]:
        try:
            return super()._carried(frames)
        except CannotCarry as error:
            pytest.skip(str(error))

    def _waiting(self) -> list[tuple[ReceivedMessage, bool]]:
        """Returns the messages that were not taken, each with whether it may be an answer."""
        messages = [received.message for received in self._frames if received.message is not None]
        return list(zip(messages, self._are_answers, strict=True))

    @property
    def _close_code(self) -> int | None:
        return self.close_status.code if self.close_status else None


def skip_above_limit(abilities: Abilities, size: int) -> None:
    """Skips the test where a message of ``size`` bytes is larger than the target takes."""
    if size > abilities.max_message:
        pytest.skip(f"a message of {size} bytes is above the target's limit of {abilities.max_message}")


def encoded(message: Message) -> bytes:
    """Returns the bytes of a message, as its size is counted."""
    return message.encode() if isinstance(message, str) else message


def shown(message: Answer | None) -> str:
    """Returns a message for a failure: escaped, and shortened above 160 characters."""
    escaped = ascii(message) if isinstance(message, str) and not message.isprintable() else repr(message)
    return escaped if len(escaped) <= 160 else f"{escaped[:120]}… ({len(message or b'')} long)"


def _check_code(ending: Ending, code: Codes, not_code: Codes) -> None:
    __tracebackhide__ = True
    allowed, forbidden = _as_collection(code), _as_collection(not_code)
    if allowed and ending.code not in allowed:
        raise AssertionError(f"expected {_in_words(allowed)}, received {ending}")
    if ending.code in forbidden:
        raise AssertionError(f"expected anything but {_in_words(forbidden)}, received {ending}")


def _as_collection(code: Codes) -> Collection[int | None]:
    return code if isinstance(code, Collection) else (code,)


def _in_words(codes: Collection[int | None]) -> str:
    return " or ".join("no code" if code is None else f"Close {code}" for code in codes)
