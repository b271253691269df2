"""Clients that read or write frames wrongly (RFC 6455 §5.2, §5.4)."""

from __future__ import annotations

import struct

from verification.faulty_clients.correct import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    EchoClient,
    Frame,
)
from verification.faulty_clients.opening import Ended
from verification.faulty_clients.registry import fault

FILE = "rfc6455/test_05_2_base_framing.py"
FRAGMENTS = "rfc6455/test_05_4_fragmentation.py"
BITS = f"{FILE}::test_reserved_bit_fails_the_connection"
OPCODE = f"{FILE}::test_reserved_opcode_fails_the_connection"


@fault("6455 5.2", caught_by=BITS)
class IgnoresReservedBits(EchoClient):
    """Takes frames with any reserved bit."""

    def check_bits(self, frame: Frame) -> None:
        pass

    def take(self, frame: Frame) -> None:
        super().take(frame._replace(bits=frame.bits if self.deflate else 0))


@fault("6455 5.2", caught_by=BITS)
class IgnoresRsv1(EchoClient):
    """Takes frames with RSV1."""

    def take(self, frame: Frame) -> None:
        super().take(frame._replace(bits=frame.bits if self.deflate else frame.bits & 3))


@fault("6455 5.2", caught_by=BITS)
class IgnoresRsv2(EchoClient):
    """Takes frames with RSV2."""

    def take(self, frame: Frame) -> None:
        super().take(frame._replace(bits=frame.bits & 5))


@fault("6455 5.2", caught_by=BITS)
class IgnoresRsv3(EchoClient):
    """Takes frames with RSV3."""

    def take(self, frame: Frame) -> None:
        super().take(frame._replace(bits=frame.bits & 6))


@fault("6455 5.2", caught_by=BITS)
class IgnoresBitsOfControlFrames(EchoClient):
    """Takes control frames with reserved bits."""

    def check_bits(self, frame: Frame) -> None:
        if frame.opcode < CLOSE:
            super().check_bits(frame)


@fault("6455 5.2", caught_by=f"{FILE}::test_reserved_bit_on_a_continuation_fails_the_connection")
class IgnoresBitsOfContinuations(EchoClient):
    """Takes continuations with reserved bits."""

    def check_bits(self, frame: Frame) -> None:
        if frame.opcode != CONTINUATION:
            super().check_bits(frame)


@fault("6455 5.2", caught_by=OPCODE)
class IgnoresReservedOpcodes(EchoClient):
    """Ignores frames with a reserved opcode."""

    def take(self, frame: Frame) -> None:
        if frame.opcode in (CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG):
            super().take(frame)


@fault("6455 5.2", caught_by=OPCODE)
class IgnoresReservedControlOpcodes(EchoClient):
    """Ignores control frames with a reserved opcode."""

    def take(self, frame: Frame) -> None:
        if frame.opcode <= PONG:
            super().take(frame)


@fault("6455 5.2", caught_by=OPCODE)
class TakesReservedOpcodesForBinary(EchoClient):
    """Takes reserved data opcodes for binary messages."""

    def take(self, frame: Frame) -> None:
        super().take(frame._replace(opcode=BINARY) if 3 <= frame.opcode <= 7 else frame)


@fault("6455 5.2", caught_by=OPCODE)
class IgnoresEmptyReservedOpcodes(EchoClient):
    """Ignores frames with a reserved opcode that are empty."""

    def check_opcode(self, frame: Frame) -> None:
        if frame.payload:
            super().check_opcode(frame)

    def take(self, frame: Frame) -> None:
        if frame.payload or frame.opcode in (CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG):
            super().take(frame)


@fault("6455 5.2", caught_by=f"{FILE}::test_text_of_any_length_is_read")
class WritesLengthsIn16Bits(EchoClient):
    """The length of a short payload is written in 16 bits."""

    def length(self, size: int) -> bytes:
        return struct.pack("!BH", 126, size) if size < 126 else super().length(size)


@fault("6455 5.2", caught_by=f"{FILE}::test_text_of_any_length_is_read")
class WritesLengthsIn64Bits(EchoClient):
    """Lengths from 126 bytes are written in 64 bits."""

    def length(self, size: int) -> bytes:
        return super().length(size) if size < 126 else struct.pack("!BQ", 127, size)


@fault("6455 5.2", caught_by=f"{FILE}::test_text_of_any_length_is_read")
class ReadsLengthsAsSigned(EchoClient):
    """A length in 16 bits from 32,768 on is taken for negative, and the connection for broken."""

    def extended_length(self, short: int) -> int:
        size = super().extended_length(short)
        if short == 126 and size >= 32768:
            raise Ended
        return size


@fault("6455 5.2", caught_by=f"{FILE}::test_frame_in_pieces_is_read")
class WantsAFrameInOneSegment(EchoClient):
    """A frame that TCP cuts is taken for the end."""

    def read(self, size: int) -> bytes:
        if not self.buffer:
            self.receive()
        if len(self.buffer) < size:
            raise Ended
        return super().read(size)


@fault("6455 5.2", caught_by=f"{FILE}::test_frames_in_one_segment_are_read")
class DropsTheRestOfASegment(EchoClient):
    """Of the frames in one segment the first is read."""

    def read_frame(self) -> Frame:
        frame = super().read_frame()
        self.buffer = b""
        return frame


@fault("6455 5.2", caught_by=f"{FILE}::test_reserved_bit_is_refused_with_1002")
class CallsReservedBitsAPolicy(EchoClient):
    """Violations are refused with 1008."""

    def fail(self, code: int) -> None:
        super().fail(1008)


@fault("6455 5.4", caught_by=f"{FRAGMENTS}::test_continuation_of_nothing_fails_the_connection")
class IgnoresContinuationsOfNothing(EchoClient):
    """Ignores a continuation of nothing."""

    def take(self, frame: Frame) -> None:
        if frame.opcode != CONTINUATION or self.kind:
            super().take(frame)


@fault("6455 5.4", caught_by=f"{FRAGMENTS}::test_continuation_of_nothing_fails_the_connection")
class TakesContinuationsForMessages(EchoClient):
    """Takes a continuation of nothing for a text message."""

    def take(self, frame: Frame) -> None:
        alone = frame.opcode == CONTINUATION and not self.kind
        super().take(frame._replace(opcode=TEXT) if alone else frame)


@fault("6455 5.4", caught_by=f"{FRAGMENTS}::test_message_inside_a_message_fails_the_connection")
class TakesMessagesInMessages(EchoClient):
    """A new message replaces one that is not ended."""

    def check_beginning(self) -> None:
        pass


@fault("6455 5.4", caught_by=f"{FRAGMENTS}::test_continuation_after_the_end_fails_the_connection")
class ContinuesEndedMessages(EchoClient):
    """A message can be continued after its end."""

    last = 0

    def check_continuation(self) -> None:
        self.kind = self.kind or self.last
        super().check_continuation()

    def on_message(self, kind: int, data: bytes) -> None:
        self.last = kind
        super().on_message(kind, data)


@fault("6455 5.4", caught_by=f"{FRAGMENTS}::test_fragments_are_one_message")
class TakesFragmentsForMessages(EchoClient):
    """Each fragment is a message."""

    def take(self, frame: Frame) -> None:
        data = frame.opcode < CLOSE
        super().take(frame._replace(fin=True, opcode=frame.opcode or TEXT) if data else frame)


@fault("6455 5.4", caught_by=f"{FRAGMENTS}::test_fragments_are_one_message")
class DropsEmptyFragments(EchoClient):
    """An empty last fragment does not end a message."""

    def take(self, frame: Frame) -> None:
        if frame.opcode != CONTINUATION or frame.payload:
            super().take(frame)


@fault("6455 5.4", caught_by=f"{FRAGMENTS}::test_messages_in_fragments_do_not_mix")
class KeepsOldFragments(EchoClient):
    """The fragments of a message stay and come before those of the next."""

    kept = b""

    def on_message(self, kind: int, data: bytes) -> None:
        before, self.kept = self.kept, self.kept + data if len(self.parts) > 1 else self.kept
        super().on_message(kind, before + data)


@fault("6455 5.4", caught_by=f"{FRAGMENTS}::test_ping_between_fragments_is_answered")
class AnswersPingsAfterTheMessage(EchoClient):
    """A Ping between fragments is answered after the message."""

    def __init__(self) -> None:
        super().__init__()
        self.pings: list[bytes] = []

    def on_ping(self, payload: bytes) -> None:
        if self.kind:
            self.pings.append(payload)
        else:
            super().on_ping(payload)

    def on_message(self, kind: int, data: bytes) -> None:
        super().on_message(kind, data)
        while self.pings:
            super().on_ping(self.pings.pop(0))
