"""Faults thought of without knowing the suite: frames, fragments, control frames (RFC 6455 §5)."""

from __future__ import annotations

import asyncio
import dataclasses

from pytest_websocket.protocol.frames import CLOSE, CONTINUATION, Frame, Header, close
from verification.faulty_servers.correct import Connection
from verification.faulty_servers.correct.framing import Message
from verification.faulty_servers.registry import fault


class Idler(Connection):
    """Knows for how long nothing had come before the newest segment."""

    idle = 0.0

    async def fill(self) -> bool:
        clock = asyncio.get_running_loop().time
        began = clock()
        try:
            return await super().fill()
        finally:
            self.idle = clock() - began
            self.woken()

    def woken(self) -> None:
        """Something came."""


@fault(
    "RFC 6455 §5.2",
    caught_by="tests/conformance/rfc6455/test_05_2_base_framing.py::"
    "test_server_writes_lengths_at_every_boundary[65534]",
    origin="blind round 3",
)
class WritesLengthsWithASignedShort(Connection):
    """Replies of 32,768 to 65,535 bytes have their length in 64 bits, which is not the shortest form."""

    def encode_frame(self, frame: Frame) -> bytes:
        if 1 << 15 <= len(frame.payload) < 1 << 16:
            return frame.encode(masked=False, length_bits=64)
        return super().encode_frame(frame)


@fault(
    "RFC 6455 §5.2",
    caught_by="tests/conformance/rfc6455/test_05_2_base_framing.py::"
    "test_high_bits_of_a_length_are_not_dropped[2^32+5]",
    origin="blind round 3",
)
class ReadsLengthsModulo32Bits(Connection):
    """Of a 64-bit length only the lower half is looked at."""

    announced: Header | None = None

    def parse_header(self) -> Header | None:
        self.announced = header = super().parse_header()
        return None if header is None else dataclasses.replace(header, length=header.length & 0xFFFFFFFF)

    def check_length_encoding(self, header: Header) -> None:
        super().check_length_encoding(self.announced or header)


@fault(
    "RFC 6455 §5.2",
    caught_by="tests/conformance/rfc6455/test_05_2_base_framing.py::"
    "test_frame_and_a_half_in_one_segment_are_told_apart[5]",
    origin="blind round 3",
)
class ReadsATornMaskKeyAsZeros(Connection):
    """When a segment ends inside the masking key, the key's other bytes stay zero."""

    known = 4

    def parse_header(self) -> Header | None:
        header = super().parse_header()
        if header is None:
            if len(self.buffer) >= 2:
                size = 2 + {126: 2, 127: 8}.get(self.buffer[1] & 0x7F, 0)
                self.known = len(self.buffer) - size if len(self.buffer) > size else 4
            return None
        known, self.known = self.known, 4
        return dataclasses.replace(header, mask_key=header.mask_key[:known].ljust(4, b"\x00"))


@fault(
    "RFC 6455 §5.2",
    caught_by="tests/conformance/rfc6455/test_05_2_base_framing.py::"
    "test_frames_cut_anywhere_are_put_together[7]",
    origin="blind round 3",
)
class LosesASingleTrailingByte(Connection):
    """A header's first byte that comes behind another frame, and alone, is thrown away."""

    def feed(self) -> None:
        before = len(self.buffer)
        super().feed()
        if self.header is None and len(self.buffer) == 1 < before:
            self.buffer.clear()


@fault(
    "RFC 6455 §5.4",
    caught_by="tests/conformance/rfc6455/test_05_4_fragmentation.py::"
    "test_empty_fragments_add_nothing[empty last]",
    origin="blind round 3",
)
class MissesAnEmptyFinalFrame(Connection):
    """An empty last fragment ends the message only when further bytes come."""

    def step_data(self, header: Header) -> bool:
        if header.opcode == CONTINUATION and header.fin and not header.length and not self.buffer:
            return False
        return super().step_data(header)


@fault(
    "RFC 6455 §5.4",
    caught_by="tests/conformance/rfc6455/test_05_4_fragmentation.py::"
    "test_empty_fragments_add_nothing[three empty]",
    origin="blind round 3",
)
class IgnoresAnEmptyFirstFrame(Connection):
    """A first fragment without payload begins no message, and the rest has nothing to continue."""

    def frame_begins(self, header: Header) -> None:
        if header.fin or header.length:
            super().frame_begins(header)


@fault(
    "contract",
    caught_by="tests/contract/test_lifetime.py::test_idle_connection_stays_open",
    origin="blind round 3",
)
class ForgetsAMessageThatPauses(Idler):
    """When nothing comes for a second between two fragments, the message is given up."""

    def woken(self) -> None:
        if self.idle > 1.0 and self.header is None:
            self.in_message = False


@fault(
    "RFC 6455 §5.4",
    caught_by="tests/conformance/rfc6455/test_05_4_fragmentation.py::"
    "test_pong_between_fragments_changes_nothing",
    origin="blind round 3",
)
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


@fault(
    "RFC 6455 §5.4",
    caught_by="tests/conformance/rfc6455/test_05_4_fragmentation.py::"
    "test_ping_between_large_fragments_is_answered",
    origin="blind round 3",
)
class DropsPingsDeepInAMessage(Connection):
    """A Ping between fragments is not answered once more than 64 KiB of the message have come."""

    def on_ping(self, payload: bytes) -> None:
        if not self.in_message or self.received <= 1 << 16:
            super().on_ping(payload)


@fault(
    "RFC 6455 §5.5.3",
    caught_by="tests/conformance/rfc6455/test_05_5_control_frames.py::"
    "test_shorter_ping_after_a_longer_one_is_answered_with_its_own_payload[one by one]",
    origin="blind round 3",
)
class AnswersAnEmptyPingWithTheLast(Connection):
    """A Ping without payload is answered with the payload of the Ping before."""

    last = b""

    def on_ping(self, payload: bytes) -> None:
        self.last = payload or self.last
        super().on_ping(self.last)


@fault(
    "RFC 6455 §5.4",
    caught_by="tests/conformance/rfc6455/test_05_4_fragmentation.py::"
    "test_close_between_fragments_closes_the_connection",
    origin="blind round 3",
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
    "contract",
    caught_by="tests/contract/test_lifetime.py::test_idle_connection_stays_open",
    origin="blind round 3",
)
class DropsACloseAfterIdling(Idler):
    """A Close that comes after a second of silence finds the session gone: TCP ends without an answer."""

    def on_close(self, payload: bytes) -> None:
        if self.idle > 1.0:
            self.finished = True
        else:
            super().on_close(payload)


@fault(
    "RFC 6455 §7.4",
    caught_by="tests/conformance/rfc6455/test_07_4_status_codes.py::"
    "test_undefined_code_is_refused_with_1002[65535]",
    origin="blind round 3",
)
class ReadsHighCloseCodesAsNone(Connection):
    """A close code above 32,767 is negative, and taken for a Close without a code."""

    def parse_close(self, payload: bytes) -> int | None:
        if len(payload) >= 2 and payload[0] & 0x80:
            self.check_close_reason(payload[2:])
            return None
        return super().parse_close(payload)


@fault(
    "RFC 6455 §5.5.1",
    caught_by="tests/conformance/rfc6455/test_05_5_1_close.py::"
    "test_close_with_a_reason_is_answered[122 bytes of cyrillic]",
    origin="blind round 3",
)
class EchoesAReasonCutInsideACharacter(Connection):
    """The close reason is sent back from a buffer of 64 bytes, with half a character at its end."""

    def close_reply(self, code: int | None, reason: bytes) -> Frame:
        return close(code, reason[:61])
