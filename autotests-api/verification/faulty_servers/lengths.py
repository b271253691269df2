"""Faults in payload lengths and in how frames lie in the byte stream (RFC 6455 §5.2)."""

from __future__ import annotations

import struct
from dataclasses import replace

from pytest_websocket.protocol.frames import CLOSE, Frame, Header, LengthBits, parse_header
from verification.faulty_servers.correct import Connection
from verification.faulty_servers.correct.framing import PROTOCOL_ERROR, Violation
from verification.faulty_servers.registry import fault


def _with_length_bits(frame: Frame, bits: LengthBits | None) -> bytes:
    return frame.encode(masked=False, length_bits=bits)


@fault(
    "RFC 6455 §5.2",
    caught_by="tests/conformance/rfc6455/test_05_2_base_framing.py::"
    "test_length_in_a_longer_form_is_refused[0-16]",
)
class AcceptsLongLengths(Connection):
    """A length that is not in its shortest encoding is accepted."""

    def check_length_encoding(self, header: Header) -> None:
        if header.is_minimal:
            super().check_length_encoding(header)


@fault(
    "RFC 6455 §5.2",
    caught_by="tests/conformance/rfc6455/test_05_2_base_framing.py::"
    "test_length_in_a_longer_form_is_refused[0-16]",
)
class AcceptsShortLengthsIn16Bits(Connection):
    """A length below 126 may be written in 16 bits."""

    def check_length_encoding(self, header: Header) -> None:
        if header.length_bits != 16:
            super().check_length_encoding(header)


@fault(
    "RFC 6455 §5.2",
    caught_by="tests/conformance/rfc6455/test_05_2_base_framing.py::"
    "test_length_in_a_longer_form_is_refused[0-64]",
)
class AcceptsShortLengthsIn64Bits(Connection):
    """A length below 65,536 may be written in 64 bits."""

    def check_length_encoding(self, header: Header) -> None:
        if header.length_bits != 64 or header.length >= 1 << 16:
            super().check_length_encoding(header)


@fault(
    "RFC 6455 §5.2",
    caught_by="tests/conformance/rfc6455/test_05_2_base_framing.py::"
    "test_length_in_a_longer_form_is_refused[125-16]",
)
class AcceptsLength125In16Bits(Connection):
    """The check for the shortest encoding is off by one at 125."""

    def check_length_encoding(self, header: Header) -> None:
        if (header.length, header.length_bits) != (125, 16):
            super().check_length_encoding(header)


@fault(
    "RFC 6455 §5.2",
    caught_by="tests/conformance/rfc6455/test_05_2_base_framing.py::"
    "test_length_in_a_longer_form_is_refused[65535-64]",
)
class AcceptsLength65535In64Bits(Connection):
    """The check for the shortest encoding is off by one at 65,535."""

    def check_length_encoding(self, header: Header) -> None:
        if (header.length, header.length_bits) != (65535, 64):
            super().check_length_encoding(header)


@fault(
    "RFC 6455 §5.5",
    caught_by="tests/conformance/rfc6455/test_05_2_base_framing.py::"
    "test_ping_with_a_longer_length_is_refused[64]",
)
class AcceptsLongLengthsOnControlFrames(Connection):
    """The shortest encoding is demanded of data frames only."""

    def check_length_encoding(self, header: Header) -> None:
        if header.opcode < CLOSE:
            super().check_length_encoding(header)


@fault(
    "RFC 6455 §5.2",
    caught_by="tests/conformance/rfc6455/test_05_2_base_framing.py::"
    "test_text_length_is_read_at_every_boundary[126]",
)
class RefusesLength126(Connection):
    """A payload of 126 bytes is taken for a length that needs no extra bytes."""

    def check_length_encoding(self, header: Header) -> None:
        if header.length == 126:
            raise Violation(PROTOCOL_ERROR, "the length is not in its shortest encoding")
        super().check_length_encoding(header)


@fault(
    "RFC 6455 §5.2",
    caught_by="tests/conformance/rfc6455/test_05_2_base_framing.py::"
    "test_text_length_is_read_at_every_boundary[65536]",
)
class RefusesLength65536(Connection):
    """A payload of 65,536 bytes is taken for a length that fits into 16 bits."""

    def check_length_encoding(self, header: Header) -> None:
        if header.length == 1 << 16:
            raise Violation(PROTOCOL_ERROR, "the length is not in its shortest encoding")
        super().check_length_encoding(header)


@fault(
    "RFC 6455 §5.2",
    caught_by="tests/conformance/rfc6455/test_05_2_base_framing.py::"
    "test_length_with_its_top_bit_set_fails_the_connection[text-2^63]",
)
class IgnoresTheTopBitOfTheLength(Connection):
    """The top bit of a 64-bit length is cut off and the rest is believed."""

    cut = False

    def parse_header(self) -> Header | None:
        header = super().parse_header()
        self.cut = header is not None and header.length >= 1 << 63
        return header and replace(header, length=header.length & ~(1 << 63))

    def check_length_encoding(self, header: Header) -> None:
        if not self.cut:
            super().check_length_encoding(header)


@fault(
    "RFC 6455 §5.2",
    caught_by="tests/conformance/rfc6455/test_05_2_base_framing.py::"
    "test_length_with_its_top_bit_set_fails_the_connection[text-2^63]",
)
class WaitsForANegativeLength(Connection):
    """A length with its top bit set is negative, and the frame never begins or ends."""

    def parse_header(self) -> Header | None:
        header = super().parse_header()
        return None if header is not None and header.length >= 1 << 63 else header


@fault(
    "RFC 6455 §5.2",
    caught_by="tests/conformance/rfc6455/test_05_2_base_framing.py::"
    "test_text_length_is_read_at_every_boundary[65534]",
)
class ReadsLengthsOf16BitsAsSigned(Connection):
    """A length of 32,768 or more in 16 bits is negative and refused."""

    def check_length_encoding(self, header: Header) -> None:
        if header.length_bits == 16 and header.length >= 1 << 15:
            raise Violation(PROTOCOL_ERROR, "negative length")
        super().check_length_encoding(header)


@fault(
    "RFC 6455 §5.2",
    caught_by="tests/conformance/rfc6455/test_05_2_base_framing.py::"
    "test_high_bits_of_a_length_are_not_dropped[2^32+5]",
)
class ReadsOnly32BitsOfTheLength(Connection):
    """A length of 2^32 + n is read as n."""

    cut = False

    def parse_header(self) -> Header | None:
        header = super().parse_header()
        self.cut = header is not None and 1 << 32 <= header.length < 1 << 63
        return replace(header, length=header.length & 0xFFFFFFFF) if header and self.cut else header

    def check_length_encoding(self, header: Header) -> None:
        if not self.cut:
            super().check_length_encoding(header)


@fault(
    "RFC 6455 §5.2",
    caught_by="tests/conformance/rfc6455/test_05_2_base_framing.py::"
    "test_server_writes_lengths_at_every_boundary[125]",
)
class WritesLength125In16Bits(Connection):
    """A payload of exactly 125 bytes is announced in 16 bits."""

    def encode_frame(self, frame: Frame) -> bytes:
        return _with_length_bits(frame, 16 if len(frame.payload) == 125 else None)


@fault(
    "RFC 6455 §5.2",
    caught_by="tests/conformance/rfc6455/test_05_2_base_framing.py::"
    "test_server_writes_lengths_at_every_boundary[126]",
)
class WritesLength126In64Bits(Connection):
    """A payload of exactly 126 bytes is announced in 64 bits."""

    def encode_frame(self, frame: Frame) -> bytes:
        return _with_length_bits(frame, 64 if len(frame.payload) == 126 else None)


@fault(
    "RFC 6455 §5.2",
    caught_by="tests/conformance/rfc6455/test_05_2_base_framing.py::"
    "test_server_writes_lengths_at_every_boundary[65535]",
)
class WritesLength65535In64Bits(Connection):
    """A payload of exactly 65,535 bytes is announced in 64 bits."""

    def encode_frame(self, frame: Frame) -> bytes:
        return _with_length_bits(frame, 64 if len(frame.payload) == 65535 else None)


@fault(
    "RFC 6455 §5.2",
    caught_by="tests/conformance/rfc6455/test_05_2_base_framing.py::"
    "test_server_writes_lengths_at_every_boundary[128]",
)
class WritesMiddleLengthsIn64Bits(Connection):
    """Every payload of 126 bytes or more is announced in 64 bits."""

    def encode_frame(self, frame: Frame) -> bytes:
        return _with_length_bits(frame, 64 if len(frame.payload) >= 126 else None)


@fault(
    "RFC 6455 §5.2",
    caught_by="tests/conformance/rfc6455/test_05_2_base_framing.py::"
    "test_server_writes_lengths_at_every_boundary[128]",
)
class WritesShortLengthsIn16Bits(Connection):
    """Every payload below 65,536 bytes is announced in 16 bits."""

    def encode_frame(self, frame: Frame) -> bytes:
        return _with_length_bits(frame, 16 if len(frame.payload) < 1 << 16 else None)


@fault(
    "RFC 6455 §5.2",
    caught_by="tests/conformance/rfc6455/test_05_2_base_framing.py::"
    "test_server_writes_lengths_at_every_boundary[65536]",
)
class WritesLength65536In16Bits(Connection):
    """A payload of exactly 65,536 bytes is announced as 0, because 16 bits overflow."""

    def encode_frame(self, frame: Frame) -> bytes:
        data = super().encode_frame(frame)
        if len(frame.payload) != 1 << 16:
            return data
        return data[:1] + struct.pack("!BH", 126, 0) + frame.payload


@fault(
    "RFC 6455 §5.2",
    caught_by="tests/conformance/rfc6455/test_05_2_base_framing.py::"
    "test_server_writes_lengths_at_every_boundary[65537]",
)
class WritesLongLengthsInLittleEndian(Connection):
    """A 64-bit length is sent with its bytes the wrong way round."""

    def encode_frame(self, frame: Frame) -> bytes:
        data = super().encode_frame(frame)
        if len(frame.payload) < 1 << 16:
            return data
        return data[:2] + data[2:10][::-1] + data[10:]


@fault(
    "RFC 6455 §5.2",
    caught_by="tests/conformance/rfc6455/test_05_2_base_framing.py::"
    "test_length_is_read_in_network_byte_order[66051]",
)
class AnnouncesOneByteTooMany(Connection):
    """The length of a payload above 65,536 bytes counts one byte that is not sent."""

    def encode_frame(self, frame: Frame) -> bytes:
        size = len(frame.payload)
        return frame.encode(masked=False, length=size + 1 if size > 1 << 16 else size)


@fault(
    "RFC 6455 §5.2",
    caught_by="tests/conformance/rfc6455/test_05_2_base_framing.py::"
    "test_server_writes_lengths_at_every_boundary[65536]",
)
class CutsPayloadsOf64Kib(Connection):
    """The last byte of a payload of exactly 65,536 bytes is not sent, nor announced."""

    def encode_frame(self, frame: Frame) -> bytes:
        if len(frame.payload) == 1 << 16:
            frame = replace(frame, payload=frame.payload[:-1])
        return super().encode_frame(frame)


@fault(
    "RFC 6455 §5.2",
    caught_by="tests/conformance/rfc6455/test_05_2_base_framing.py::"
    "test_frame_and_a_half_in_one_segment_are_told_apart[2]",
)
class NeedsTheHeaderInOneSegment(Connection):
    """A frame whose header comes in two segments is malformed."""

    def parse_header(self) -> Header | None:
        header = super().parse_header()
        if header is None and self.buffer:
            raise Violation(PROTOCOL_ERROR, "incomplete header")
        return header


@fault(
    "RFC 6455 §5.2",
    caught_by="tests/conformance/rfc6455/test_05_2_base_framing.py::"
    "test_frames_cut_anywhere_are_put_together[2]",
)
class LosesAByteWhenTheHeaderIsSplit(Connection):
    """The first byte of a frame is forgotten when it comes alone."""

    def parse_header(self) -> Header | None:
        if len(self.buffer) == 1:
            self.buffer.clear()
        return super().parse_header()


@fault(
    "RFC 6455 §5.4",
    caught_by="tests/conformance/rfc6455/test_05_4_fragmentation.py::"
    "test_ping_between_fragments_is_answered_and_the_message_is_whole[octet by octet]",
)
class NeedsControlFramesInOneSegment(Connection):
    """A control frame whose payload is still on its way is malformed."""

    def step_control(self, header: Header) -> bool:
        if len(self.buffer) < header.length:
            raise Violation(PROTOCOL_ERROR, "incomplete control frame")
        return super().step_control(header)


@fault(
    "RFC 6455 §5.2",
    caught_by="tests/conformance/rfc6455/test_05_2_base_framing.py::"
    "test_payload_in_two_segments_is_one_message",
)
class TakesOneSegmentForTheWholePayload(Connection):
    """A payload that comes in two segments is taken to end with the first."""

    def step_data(self, header: Header) -> bool:
        if self.buffer and len(self.buffer) < header.length:
            header = replace(header, length=len(self.buffer))
        return super().step_data(header)


@fault(
    "RFC 6455 §5.2",
    caught_by="tests/conformance/rfc6455/test_05_2_base_framing.py::"
    "test_frames_in_one_segment_are_each_answered[2]",
)
class HandlesOneFramePerSegment(Connection):
    """The second frame of a segment waits until another segment comes."""

    def feed(self) -> None:
        while not self.finished and self.step():
            if self.header is None:
                break


@fault(
    "RFC 6455 §5.2",
    caught_by="tests/conformance/rfc6455/test_05_2_base_framing.py::"
    "test_frames_cut_anywhere_are_put_together[2]",
)
class DropsTheSecondFrameOfASegment(Connection):
    """What follows a frame in the same segment is thrown away."""

    def frame_ends(self, header: Header) -> None:
        super().frame_ends(header)
        self.buffer.clear()


@fault(
    "RFC 6455 §5.2",
    caught_by="tests/conformance/rfc6455/test_05_2_base_framing.py::test_half_a_frame_is_not_answered",
)
class DropsWhatFollowsAControlFrame(Connection):
    """What follows a Ping in the same segment is thrown away."""

    def step_control(self, header: Header) -> bool:
        handled = super().step_control(header)
        if handled:
            self.buffer.clear()
        return handled


@fault(
    "RFC 6455 §5.2",
    caught_by="tests/conformance/rfc6455/test_05_2_base_framing.py::"
    "test_text_length_is_read_at_every_boundary[65534]",
)
class LosesBytesAtTheBoundaryOfItsReads(Connection):
    """When a read fills the 64 KiB buffer to the last byte, that byte is lost."""

    async def fill(self) -> bool:
        before = len(self.buffer)
        more = await super().fill()
        if len(self.buffer) - before == 1 << 16:
            del self.buffer[-1]
        return more


@fault(
    "RFC 6455 §5.4",
    caught_by="tests/conformance/rfc6455/test_05_4_fragmentation.py::"
    "test_empty_fragments_add_nothing[only the middle]",
)
class NeverEndsAnEmptyFrame(Connection):
    """A data frame without payload is noticed only when the next bytes come."""

    def step_data(self, header: Header) -> bool:
        return bool(self.buffer) and super().step_data(header)


@fault(
    "RFC 6455 §5.2",
    caught_by="tests/conformance/rfc6455/test_05_2_base_framing.py::"
    "test_text_length_is_read_at_every_boundary[65535]",
)
class ReadsTheNextFrameAsPayload(Connection):
    """The payload of a frame of exactly 65,535 bytes is read one byte too long."""

    def parse_header(self) -> Header | None:
        header = parse_header(self.buffer)
        if header is None or header.length != 65535:
            return header
        return replace(header, length=1 << 16, length_bits=64)


@fault(
    "RFC 6455 §5.2",
    caught_by="tests/conformance/rfc6455/test_05_2_base_framing.py::"
    "test_binary_length_is_read_at_every_boundary[65536]",
)
class ReadsOnly16BitsOfTheLength(Connection):
    """A length of 2^16 + n is read as n."""

    cut = False

    def parse_header(self) -> Header | None:
        header = super().parse_header()
        self.cut = header is not None and 1 << 16 <= header.length < 1 << 63
        return replace(header, length=header.length & 0xFFFF) if header and self.cut else header

    def check_length_encoding(self, header: Header) -> None:
        if not self.cut:
            super().check_length_encoding(header)
