"""Faults in answering Ping and Pong (RFC 6455 §5.5.2, §5.5.3)."""

from __future__ import annotations

import asyncio

from pytest_websocket.protocol.frames import CLOSE, PING, PONG, Frame, ping, pong
from verification.faulty_servers.correct import Connection
from verification.faulty_servers.correct.framing import PROTOCOL_ERROR, Violation
from verification.faulty_servers.registry import fault


@fault("RFC 6455 §5.5.2", caught_by="test_pings_between_messages_disturb_none")
class IgnoresPings(Connection):
    """A Ping gets no Pong."""

    def on_ping(self, payload: bytes) -> None:
        pass


@fault("RFC 6455 §5.5.3", caught_by="test_ping_is_answered_with_a_pong_of_the_same_payload[empty]")
class IgnoresEmptyPings(Connection):
    """A Ping without payload gets no Pong."""

    def on_ping(self, payload: bytes) -> None:
        if payload:
            super().on_ping(payload)


@fault("RFC 6455 §5.5.2", caught_by="test_ping_after_ping_is_answered")
class ForgetsEveryTenthPing(Connection):
    """The tenth Ping on a connection gets no Pong."""

    count = 0

    def on_ping(self, payload: bytes) -> None:
        self.count += 1
        if self.count % 10:
            super().on_ping(payload)


@fault("RFC 6455 §5.5.2", caught_by="test_ping_is_not_answered_with_a_message")
class AnswersPingWithPing(Connection):
    """A Ping is answered with a Ping."""

    def on_ping(self, payload: bytes) -> None:
        self.send_frame(ping(payload))


@fault("RFC 6455 §5.5.2", caught_by="test_pings_between_messages_disturb_none")
class AnswersPingTwice(Connection):
    """The library and the handler both answer a Ping."""

    def on_ping(self, payload: bytes) -> None:
        super().on_ping(payload)
        super().on_ping(payload)


@fault("RFC 6455 §5.5.2", caught_by="test_pings_between_messages_disturb_none")
class StopsAnsweringPingsAfterAMessage(Connection):
    """Pings are answered only until the first message."""

    busy = False

    def message(self, message: str | bytes) -> None:
        self.busy = True
        super().message(message)

    def on_ping(self, payload: bytes) -> None:
        if not self.busy:
            super().on_ping(payload)


@fault("RFC 6455 §5.5.3", caught_by="test_ping_is_answered_with_a_pong_of_the_same_payload[one byte]")
class SendsEmptyPongs(Connection):
    """A Pong does not carry the Ping's payload."""

    def on_ping(self, payload: bytes) -> None:
        super().on_ping(b"")


@fault("RFC 6455 §5.5.3", caught_by="test_ping_of_every_length_is_answered_with_the_same_payload")
class SendsPongsOneByteShort(Connection):
    """The last byte of a payload of 125 bytes is cut off in the Pong."""

    def on_ping(self, payload: bytes) -> None:
        super().on_ping(payload[:124])


@fault("RFC 6455 §5.5.3", caught_by="test_ping_is_answered_with_a_pong_of_the_same_payload[zeros]")
class CutsPongsAtNul(Connection):
    """The payload of a Ping is kept as a C string."""

    def on_ping(self, payload: bytes) -> None:
        super().on_ping(payload.split(b"\0")[0])


@fault("RFC 6455 §5.5.3", caught_by="test_ping_is_answered_with_a_pong_of_the_same_payload[binary]")
class TakesPingPayloadsForText(Connection):
    """The payload of a Ping is decoded as UTF-8 with replacement and encoded again."""

    def on_ping(self, payload: bytes) -> None:
        super().on_ping(payload.decode(errors="replace").encode()[:125])


@fault("RFC 6455 §5.5.3", caught_by="test_ping_is_answered_with_a_pong_of_the_same_payload[binary]")
class RefusesPingsThatAreNotText(Connection):
    """A Ping whose payload is not UTF-8 ends the connection."""

    def on_ping(self, payload: bytes) -> None:
        self.check_close_reason(payload)
        super().on_ping(payload)


@fault("RFC 6455 §5.5.3", caught_by="test_ping_is_answered_with_a_pong_of_the_same_payload[text]")
class SendsThePongOfThePingBefore(Connection):
    """A Pong carries the payload of the Ping before."""

    last = b""

    def on_ping(self, payload: bytes) -> None:
        super().on_ping(self.last)
        self.last = payload


@fault("RFC 6455 §5.4", caught_by="test_pings_between_many_fragments_cost_no_data[100]")
class SendsPongsInReverse(Connection):
    """Pings that come in one segment are answered last first."""

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)  # type: ignore[arg-type]
        self.stack: list[bytes] = []

    def on_ping(self, payload: bytes) -> None:
        self.stack.append(payload)

    def feed(self) -> None:
        super().feed()
        while self.stack:
            self.send_frame(pong(self.stack.pop()))


@fault("RFC 6455 §5.5.3", caught_by="test_unsolicited_pong_is_not_answered[text]")
class AnswersUnsolicitedPongs(Connection):
    """A Pong is answered with a Pong."""

    def on_pong(self, payload: bytes) -> None:
        self.send_frame(pong(payload))


@fault("RFC 6455 §5.5.3", caught_by="test_unsolicited_pong_is_not_answered[text]")
class EndsAtAnUnsolicitedPong(Connection):
    """A Pong that answers no Ping is a protocol error."""

    def on_pong(self, payload: bytes) -> None:
        raise Violation(PROTOCOL_ERROR, "unexpected Pong")


@fault("RFC 6455 §5.5.3", caught_by="test_unsolicited_pong_is_not_answered[text]")
class EndsAtAnUnsolicitedPongWithPayload(Connection):
    """A Pong with a payload that answers no Ping is a protocol error; an empty one is not."""

    def on_pong(self, payload: bytes) -> None:
        if payload:
            raise Violation(PROTOCOL_ERROR, "unexpected Pong")


@fault("RFC 6455 §5.5.3", caught_by="test_row_of_unsolicited_pongs_harms_nothing")
class EchoesPongsAsMessages(Connection):
    """The payload of a Pong is answered like a binary message."""

    def on_pong(self, payload: bytes) -> None:
        self.message(payload)


@fault("RFC 6455 §5.5.2", caught_by="test_pings_between_messages_disturb_none")
class EchoesPingsAsMessages(Connection):
    """The handler sees Pings, too, and answers them."""

    def on_ping(self, payload: bytes) -> None:
        super().on_ping(payload)
        self.message(payload)


@fault("RFC 6455 §5.5.2", caught_by="test_pings_in_a_row_are_answered_in_order[in one segment]")
class AnswersOnlyTheFirstPingOfASegment(Connection):
    """Of several Pings in one segment only the first gets a Pong, so that the last stays open."""

    answered = False

    def feed(self) -> None:
        self.answered = False
        super().feed()

    def on_ping(self, payload: bytes) -> None:
        if not self.answered:
            super().on_ping(payload)
        self.answered = True


@fault("RFC 6455 §5.5.2", caught_by="test_pings_in_a_row_are_answered_in_order[frame by frame]")
class AnswersPingsWhenItIsIdle(Connection):
    """A Pong waits until nothing has come for ten seconds."""

    def on_ping(self, payload: bytes) -> None:
        asyncio.get_running_loop().call_later(10, self.send_frame, pong(payload))


@fault("RFC 6455 §5.5", caught_by="test_ping_is_answered_with_a_pong_of_the_same_payload[empty]")
class SwapsPingAndPong(Connection):
    """The two opcodes are mixed up: a Pong is answered, a Ping is not."""

    def control(self, opcode: int, payload: bytes) -> None:
        if opcode in (PING, PONG):
            opcode = PING if opcode == PONG else PONG
        super().control(opcode, payload)


@fault("RFC 6455 §5.4", caught_by="test_ping_after_a_message_in_one_segment_spoils_no_answer[40000]")
class SendsPongsInsideAFrame(Connection):
    """A long reply is written in two halves, and a Pong gets between them."""

    rest = b""

    def send_frame(self, frame: Frame) -> None:
        if frame.opcode < CLOSE and len(frame.payload) > 1 << 15 and not self.rest:
            data = self.encode_frame(frame)
            self.write(data[: 1 << 14])
            self.rest = data[1 << 14 :]
        else:
            if frame.opcode != PONG:
                self.write_rest()
            super().send_frame(frame)

    def write_rest(self) -> None:
        """Writes the second half."""
        rest, self.rest = self.rest, b""
        self.write(rest)

    def feed(self) -> None:
        super().feed()
        self.write_rest()


@fault(
    "RFC 6455 §5.5.3",
    caught_by="test_shorter_ping_after_a_longer_one_is_answered_with_its_own_payload[one by one]",
    origin="blind round 3",
)
class AnswersAnEmptyPingWithTheLast(Connection):
    """A Ping without payload is answered with the payload of the Ping before."""

    last = b""

    def on_ping(self, payload: bytes) -> None:
        self.last = payload or self.last
        super().on_ping(self.last)
