"""Faults in control frames between the fragments of a message (RFC 6455 §5.4)."""

from __future__ import annotations

from pytest_websocket.protocol.frames import CLOSE, CONTINUATION, PING, PONG, Header
from verification.faulty_servers.correct import Connection
from verification.faulty_servers.correct.framing import PROTOCOL_ERROR, Message, Violation
from verification.faulty_servers.registry import fault


@fault(
    "RFC 6455 §5.4",
    caught_by="test_ping_between_fragments_is_answered_and_the_message_is_whole[frame by frame]",
)
class IgnoresPingsInsideAMessage(Connection):
    """A Ping between fragments gets no Pong."""

    def on_ping(self, payload: bytes) -> None:
        if not self.in_message:
            super().on_ping(payload)


@fault("RFC 6455 §5.4", caught_by="test_ping_between_fragments_does_not_wait_for_the_message")
class HoldsPongsUntilTheMessageEnds(Connection):
    """A Ping between fragments is answered only after the message is complete."""

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)  # type: ignore[arg-type]
        self.held: list[bytes] = []

    def on_ping(self, payload: bytes) -> None:
        if self.in_message:
            self.held.append(payload)
        else:
            super().on_ping(payload)

    def frame_ends(self, header: Header) -> None:
        super().frame_ends(header)
        if not self.in_message:
            while self.held:
                super().on_ping(self.held.pop(0))


@fault("RFC 6455 §5.4", caught_by="test_ping_between_fragments_does_not_wait_for_the_message")
class ForgetsTheMessageAtAPing(Connection):
    """A Ping between fragments throws away what came before it."""

    def on_ping(self, payload: bytes) -> None:
        super().on_ping(payload)
        self.parts, self.characters = [], []


@fault("RFC 6455 §5.4", caught_by="test_ping_between_fragments_is_answered_and_the_message_is_whole[whole]")
class EndsTheMessageAtAPing(Connection):
    """A Ping between fragments resets the reader, so that the continuation has nothing to continue."""

    def on_ping(self, payload: bytes) -> None:
        super().on_ping(payload)
        self.in_message = False


@fault("RFC 6455 §5.4", caught_by="test_pong_between_fragments_changes_nothing")
class ForgetsTheMessageAtAPong(Connection):
    """An unsolicited Pong between fragments throws away what came before it."""

    def on_pong(self, payload: bytes) -> None:
        self.parts, self.characters = [], []


@fault("RFC 6455 §5.4", caught_by="test_ping_between_fragments_is_answered_and_the_message_is_whole[whole]")
class RefusesControlFramesInsideAMessage(Connection):
    """A Ping between fragments is a protocol error."""

    def check_control(self, header: Header) -> None:
        if self.in_message and header.opcode in (PING, PONG):
            raise Violation(PROTOCOL_ERROR, "a continuation is expected")
        super().check_control(header)


@fault("RFC 6455 §5.4", caught_by="test_ping_between_fragments_is_answered_and_the_message_is_whole[whole]")
class TakesControlPayloadsIntoTheMessage(Connection):
    """The payload of a Ping between fragments becomes part of the message."""

    def on_ping(self, payload: bytes) -> None:
        super().on_ping(payload)
        if self.in_message:
            self.add(payload)


@fault("RFC 6455 §5.4", caught_by="test_close_between_fragments_closes_the_connection")
class IgnoresACloseInsideAMessage(Connection):
    """A Close between fragments is not looked at."""

    def on_close(self, payload: bytes) -> None:
        if not self.in_message:
            super().on_close(payload)


@fault(
    "RFC 6455 §5.4", caught_by="test_new_message_after_a_ping_inside_an_unfinished_one_fails_the_connection"
)
class AcceptsAMessageInsideAMessageAfterAPing(Connection):
    """A Ping between fragments makes the reader forget that a message is open, but not its fragments."""

    def on_ping(self, payload: bytes) -> None:
        super().on_ping(payload)
        self.interrupted = self.in_message

    interrupted = False

    def check_order(self, header: Header) -> None:
        if not (self.interrupted and header.opcode not in (CONTINUATION, CLOSE)):
            super().check_order(header)
        self.interrupted = False


@fault("RFC 6455 §5.4", caught_by="test_pong_between_fragments_changes_nothing", origin="blind round 3")
class TakesTheTypeFromAPong(Connection):
    """A Pong between a text's fragments overwrites the type, and the reply is binary."""

    retyped = False

    def start_message(self, header: Header) -> None:
        super().start_message(header)
        self.retyped = False

    def on_pong(self, payload: bytes) -> None:
        self.retyped = self.in_message

    def finish_message(self) -> Message:
        message = super().finish_message()
        return message.encode() if self.retyped and isinstance(message, str) else message


@fault("RFC 6455 §5.4", caught_by="test_ping_between_large_fragments_is_answered", origin="blind round 3")
class DropsPingsDeepInAMessage(Connection):
    """A Ping between fragments is not answered once more than 64 KiB of the message have come."""

    def on_ping(self, payload: bytes) -> None:
        if not self.in_message or self.received <= 1 << 16:
            super().on_ping(payload)


@fault(
    "RFC 6455 §5.4", caught_by="test_close_between_fragments_closes_the_connection", origin="blind round 3"
)
class QueuesACloseBehindAnOpenMessage(Connection):
    """A Close between fragments is answered only when the message is complete."""

    queued: bytes | None = None

    def control(self, opcode: int, payload: bytes) -> None:
        if opcode == CLOSE and self.in_message:
            self.queued = payload
        else:
            super().control(opcode, payload)

    def frame_ends(self, header: Header) -> None:
        super().frame_ends(header)
        if self.queued is not None and not self.in_message:
            self.on_close(self.queued)


@fault(
    "RFC 6455 §5.4",
    caught_by="test_close_inside_a_fragmented_message_is_a_normal_closure[text]",
    origin="blind round 4",
)
class RefusesACloseBetweenFragments(Connection):
    """A Close that comes before a message is complete is a protocol error."""

    def check_control(self, header: Header) -> None:
        super().check_control(header)
        if header.opcode == CLOSE and self.in_message:
            raise Violation(PROTOCOL_ERROR, "the message is not complete")
