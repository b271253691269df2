"""Faults in control frames, Ping and Pong (RFC 6455 §5.5, §5.5.2, §5.5.3)."""

from __future__ import annotations

import asyncio

from pytest_websocket.protocol.frames import CLOSE, PING, PONG, Frame, Header, ping, pong
from verification.faulty_servers.correct import Connection
from verification.faulty_servers.correct.framing import PROTOCOL_ERROR, Violation
from verification.faulty_servers.registry import fault


@fault("RFC 6455 §5.5")
class AcceptsFragmentedControlFrames(Connection):
    """A control frame without FIN is served as if it were whole."""

    def check_control(self, header: Header) -> None:
        if header.length > self.control_limit:
            super().check_control(header)


@fault("RFC 6455 §5.5")
class AcceptsAFragmentedClose(Connection):
    """Only Ping and Pong are refused without FIN."""

    def check_control(self, header: Header) -> None:
        if header.opcode != CLOSE:
            super().check_control(header)


@fault("RFC 6455 §5.5")
class AcceptsControlFramesOf126Bytes(Connection):
    """The limit of control frames is one byte too high."""

    control_limit = 126


@fault("RFC 6455 §5.5")
class AcceptsControlFramesOfAnyLength(Connection):
    """The length of control frames is not looked at."""

    control_limit = 1 << 62


@fault("RFC 6455 §5.5")
class RefusesControlFramesOf125Bytes(Connection):
    """The limit of control frames is one byte too low."""

    control_limit = 124


@fault("RFC 6455 §5.5")
class CutsLongPings(Connection):
    """A Ping of more than 125 bytes is answered with its first 125."""

    control_limit = 1 << 62

    def on_ping(self, payload: bytes) -> None:
        super().on_ping(payload[:125])


@fault("RFC 6455 §5.5")
class ChecksControlFramesOutsideMessagesOnly(Connection):
    """Between fragments a Ping may be long and lack FIN."""

    def check_control(self, header: Header) -> None:
        if not self.in_message:
            super().check_control(header)


@fault("RFC 6455 §5.5.2")
class IgnoresPings(Connection):
    """A Ping gets no Pong."""

    def on_ping(self, payload: bytes) -> None:
        pass


@fault("RFC 6455 §5.5.3")
class IgnoresEmptyPings(Connection):
    """A Ping without payload gets no Pong."""

    def on_ping(self, payload: bytes) -> None:
        if payload:
            super().on_ping(payload)


@fault("RFC 6455 §5.4")
class IgnoresPingsInsideAMessage(Connection):
    """A Ping between fragments gets no Pong."""

    def on_ping(self, payload: bytes) -> None:
        if not self.in_message:
            super().on_ping(payload)


@fault("RFC 6455 §5.4")
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


@fault("RFC 6455 §5.5.2")
class ForgetsEveryTenthPing(Connection):
    """The tenth Ping on a connection gets no Pong."""

    count = 0

    def on_ping(self, payload: bytes) -> None:
        self.count += 1
        if self.count % 10:
            super().on_ping(payload)


@fault("RFC 6455 §5.5.2")
class AnswersPingWithPing(Connection):
    """A Ping is answered with a Ping."""

    def on_ping(self, payload: bytes) -> None:
        self.send_frame(ping(payload))


@fault("RFC 6455 §5.5.2")
class AnswersPingTwice(Connection):
    """The library and the handler both answer a Ping."""

    def on_ping(self, payload: bytes) -> None:
        super().on_ping(payload)
        super().on_ping(payload)


@fault("RFC 6455 §5.5.2")
class StopsAnsweringPingsAfterAMessage(Connection):
    """Pings are answered only until the first message."""

    busy = False

    def message(self, message: str | bytes) -> None:
        self.busy = True
        super().message(message)

    def on_ping(self, payload: bytes) -> None:
        if not self.busy:
            super().on_ping(payload)


@fault("RFC 6455 §5.5.3")
class SendsEmptyPongs(Connection):
    """A Pong does not carry the Ping's payload."""

    def on_ping(self, payload: bytes) -> None:
        super().on_ping(b"")


@fault("RFC 6455 §5.5.3")
class SendsPongsOneByteShort(Connection):
    """The last byte of a payload of 125 bytes is cut off in the Pong."""

    def on_ping(self, payload: bytes) -> None:
        super().on_ping(payload[:124])


@fault("RFC 6455 §5.5.3")
class CutsPongsAtNul(Connection):
    """The payload of a Ping is kept as a C string."""

    def on_ping(self, payload: bytes) -> None:
        super().on_ping(payload.split(b"\0")[0])


@fault("RFC 6455 §5.5.3")
class TakesPingPayloadsForText(Connection):
    """The payload of a Ping is decoded as UTF-8 with replacement and encoded again."""

    def on_ping(self, payload: bytes) -> None:
        super().on_ping(payload.decode(errors="replace").encode()[:125])


@fault("RFC 6455 §5.5.3")
class RefusesPingsThatAreNotText(Connection):
    """A Ping whose payload is not UTF-8 ends the connection."""

    def on_ping(self, payload: bytes) -> None:
        self.check_close_reason(payload)
        super().on_ping(payload)


@fault("RFC 6455 §5.5.3")
class SendsThePongOfThePingBefore(Connection):
    """A Pong carries the payload of the Ping before."""

    last = b""

    def on_ping(self, payload: bytes) -> None:
        super().on_ping(self.last)
        self.last = payload


@fault("RFC 6455 §5.4")
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


@fault("RFC 6455 §5.5.3")
class AnswersUnsolicitedPongs(Connection):
    """A Pong is answered with a Pong."""

    def on_pong(self, payload: bytes) -> None:
        self.send_frame(pong(payload))


@fault("RFC 6455 §5.5.3")
class EndsAtAnUnsolicitedPong(Connection):
    """A Pong that answers no Ping is a protocol error."""

    def on_pong(self, payload: bytes) -> None:
        raise Violation(PROTOCOL_ERROR, "unexpected Pong")


@fault("RFC 6455 §5.5.3")
class EndsAtAnUnsolicitedPongWithPayload(Connection):
    """A Pong with a payload that answers no Ping is a protocol error; an empty one is not."""

    def on_pong(self, payload: bytes) -> None:
        if payload:
            raise Violation(PROTOCOL_ERROR, "unexpected Pong")


@fault("RFC 6455 §5.5.3")
class EchoesPongsAsMessages(Connection):
    """The payload of a Pong is answered like a binary message."""

    def on_pong(self, payload: bytes) -> None:
        self.message(payload)


@fault("RFC 6455 §5.5.2")
class EchoesPingsAsMessages(Connection):
    """The handler sees Pings, too, and answers them."""

    def on_ping(self, payload: bytes) -> None:
        super().on_ping(payload)
        self.message(payload)


@fault("RFC 6455 §5.5")
class SendsFragmentedPongs(Connection):
    """A Pong is sent without FIN."""

    def encode_frame(self, frame: Frame) -> bytes:
        data = super().encode_frame(frame)
        return bytes([data[0] & 0x7F]) + data[1:] if frame.opcode == PONG else data


@fault("RFC 6455 §5.5")
class WritesControlLengthsIn16Bits(Connection):
    """The length of a Pong is written in 16 bits, always."""

    def encode_frame(self, frame: Frame) -> bytes:
        return frame.encode(masked=False, length_bits=16 if frame.opcode == PONG else None)


@fault("RFC 6455 §5.5.2")
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


@fault("RFC 6455 §5.5.2")
class AnswersPingsWhenItIsIdle(Connection):
    """A Pong waits until nothing has come for ten seconds."""

    def on_ping(self, payload: bytes) -> None:
        asyncio.get_running_loop().call_later(10, self.send_frame, pong(payload))


@fault("RFC 6455 §5.5")
class SwapsPingAndPong(Connection):
    """The two opcodes are mixed up: a Pong is answered, a Ping is not."""

    def control(self, opcode: int, payload: bytes) -> None:
        if opcode in (PING, PONG):
            opcode = PING if opcode == PONG else PONG
        super().control(opcode, payload)


@fault("RFC 6455 §5.4")
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
        """Write the second half."""
        rest, self.rest = self.rest, b""
        self.write(rest)

    def feed(self) -> None:
        super().feed()
        self.write_rest()


@fault("contract")
class PingsIdleClientsWithTooMuch(Connection):
    """A client that is silent for a fifth of a second gets a Ping of 126 bytes."""

    async def fill(self) -> bool:
        timer = asyncio.get_running_loop().call_later(0.2, self.send_frame, ping(bytes(126)))
        try:
            return await super().fill()
        finally:
            timer.cancel()
