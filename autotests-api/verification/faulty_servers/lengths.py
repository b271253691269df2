"""Faults in the payload length of a frame (RFC 6455 §5.2)."""

from __future__ import annotations

import struct
from dataclasses import replace

from pytest_websocket.protocol.frames import CLOSE, Frame, Header, LengthBits
from verification.faulty_servers.correct import Connection
from verification.faulty_servers.correct.framing import PROTOCOL_ERROR, Violation
from verification.faulty_servers.registry import fault


def _with_length_bits(frame: Frame, bits: LengthBits | None) -> bytes:
    return frame.encode(masked=False, length_bits=bits)


@fault("RFC 6455 §5.2", caught_by="test_length_in_a_longer_form_is_refused[0-16]")
class AcceptsLongLengths(Connection):
    """A length that is not in its shortest encoding is accepted."""

    def check_length_encoding(self, header: Header) -> None:
        if header.is_minimal:
            super().check_length_encoding(header)


@fault("RFC 6455 §5.2", caught_by="test_length_in_a_longer_form_is_refused[0-16]")
class AcceptsShortLengthsIn16Bits(Connection):
    """A length below 126 may be written in 16 bits."""

    def check_length_encoding(self, header: Header) -> None:
        if header.length_bits != 16:
            super().check_length_encoding(header)


@fault("RFC 6455 §5.2", caught_by="test_length_in_a_longer_form_is_refused[0-64]")
class AcceptsShortLengthsIn64Bits(Connection):
    """A length below 65,536 may be written in 64 bits."""

    def check_length_encoding(self, header: Header) -> None:
        if header.length_bits != 64 or header.length >= 1 << 16:
            super().check_length_encoding(header)


@fault("RFC 6455 §5.2", caught_by="test_length_in_a_longer_form_is_refused[125-16]")
class AcceptsLength125In16Bits(Connection):
    """The check for the shortest encoding is off by one at 125."""

    def check_length_encoding(self, header: Header) -> None:
        if (header.length, header.length_bits) != (125, 16):
            super().check_length_encoding(header)


@fault("RFC 6455 §5.2", caught_by="test_length_in_a_longer_form_is_refused[65535-64]")
class AcceptsLength65535In64Bits(Connection):
    """The check for the shortest encoding is off by one at 65,535."""

    def check_length_encoding(self, header: Header) -> None:
        if (header.length, header.length_bits) != (65535, 64):
            super().check_length_encoding(header)


@fault("RFC 6455 §5.5", caught_by="test_ping_with_a_longer_length_is_refused[64]")
class AcceptsLongLengthsOnControlFrames(Connection):
    """The shortest encoding is demanded of data frames only."""

    def check_length_encoding(self, header: Header) -> None:
        if header.opcode < CLOSE:
            super().check_length_encoding(header)


@fault("RFC 6455 §5.2", caught_by="test_text_length_is_read_at_every_boundary[126]")
class RefusesLength126(Connection):
    """A payload of 126 bytes is taken for a length that needs no extra bytes."""

    def check_length_encoding(self, header: Header) -> None:
        if header.length == 126:
            raise Violation(PROTOCOL_ERROR, "the length is not in its shortest encoding")
        super().check_length_encoding(header)


@fault("RFC 6455 §5.2", caught_by="test_text_length_is_read_at_every_boundary[65536]")
class RefusesLength65536(Connection):
    """A payload of 65,536 bytes is taken for a length that fits into 16 bits."""

    def check_length_encoding(self, header: Header) -> None:
        if header.length == 1 << 16:
            raise Violation(PROTOCOL_ERROR, "the length is not in its shortest encoding")
        super().check_length_encoding(header)


@fault("RFC 6455 §5.2", caught_by="test_length_with_its_top_bit_set_fails_the_connection[text-2^63]")
class IgnoresTheTopBitOfTheLength(Connection):
    """The top bit of a 64-bit length is cut off and the rest is believed."""

    cut = False

    def parse_header(self) -> Header | None:
        header = super().parse_header()
        self.cut = header is not None and header.length >= 1 << 63
        return header and header._replace(length=header.length & ~(1 << 63))

    def check_length_encoding(self, header: Header) -> None:
        if not self.cut:
            super().check_length_encoding(header)


@fault("RFC 6455 §5.2", caught_by="test_length_with_its_top_bit_set_fails_the_connection[text-2^63]")
class WaitsForANegativeLength(Connection):
    """A length with its top bit set is negative, and the frame never begins or ends."""

    def parse_header(self) -> Header | None:
        header = super().parse_header()
        return None if header is not None and header.length >= 1 << 63 else header


@fault("RFC 6455 §5.2", caught_by="test_text_length_is_read_at_every_boundary[65534]")
class ReadsLengthsOf16BitsAsSigned(Connection):
    """A length of 32,768 or more in 16 bits is negative and refused."""

    def check_length_encoding(self, header: Header) -> None:
        if header.length_bits == 16 and header.length >= 1 << 15:
            raise Violation(PROTOCOL_ERROR, "negative length")
        super().check_length_encoding(header)


@fault("RFC 6455 §5.2", caught_by="test_high_bits_of_a_length_are_not_dropped[2^32+5]")
class ReadsOnly32BitsOfTheLength(Connection):
    """A length of 2^32 + n is read as n."""

    cut = False

    def parse_header(self) -> Header | None:
        header = super().parse_header()
        self.cut = header is not None and 1 << 32 <= header.length < 1 << 63
        return header._replace(length=header.length & 0xFFFFFFFF) if header and self.cut else header

    def check_length_encoding(self, header: Header) -> None:
        if not self.cut:
            super().check_length_encoding(header)


@fault("RFC 6455 §5.2", caught_by="test_server_writes_lengths_at_every_boundary[125]")
class WritesLength125In16Bits(Connection):
    """A payload of exactly 125 bytes is announced in 16 bits."""

    def encode_frame(self, frame: Frame) -> bytes:
        return _with_length_bits(frame, 16 if len(frame.payload) == 125 else None)


@fault("RFC 6455 §5.2", caught_by="test_server_writes_lengths_at_every_boundary[126]")
class WritesLength126In64Bits(Connection):
    """A payload of exactly 126 bytes is announced in 64 bits."""

    def encode_frame(self, frame: Frame) -> bytes:
        return _with_length_bits(frame, 64 if len(frame.payload) == 126 else None)


@fault("RFC 6455 §5.2", caught_by="test_server_writes_lengths_at_every_boundary[65535]")
class WritesLength65535In64Bits(Connection):
    """A payload of exactly 65,535 bytes is announced in 64 bits."""

    def encode_frame(self, frame: Frame) -> bytes:
        return _with_length_bits(frame, 64 if len(frame.payload) == 65535 else None)


@fault("RFC 6455 §5.2", caught_by="test_server_writes_lengths_at_every_boundary[128]")
class WritesMiddleLengthsIn64Bits(Connection):
    """Every payload of 126 bytes or more is announced in 64 bits."""

    def encode_frame(self, frame: Frame) -> bytes:
        return _with_length_bits(frame, 64 if len(frame.payload) >= 126 else None)


@fault("RFC 6455 §5.2", caught_by="test_server_writes_lengths_at_every_boundary[128]")
class WritesShortLengthsIn16Bits(Connection):
    """Every payload below 65,536 bytes is announced in 16 bits."""

    def encode_frame(self, frame: Frame) -> bytes:
        return _with_length_bits(frame, 16 if len(frame.payload) < 1 << 16 else None)


@fault("RFC 6455 §5.2", caught_by="test_server_writes_lengths_at_every_boundary[65536]")
class WritesLength65536In16Bits(Connection):
    """A payload of exactly 65,536 bytes is announced as 0, because 16 bits overflow."""

    def encode_frame(self, frame: Frame) -> bytes:
        data = super().encode_frame(frame)
        if len(frame.payload) != 1 << 16:
            return data
        return data[:1] + struct.pack("!BH", 126, 0) + frame.payload


@fault("RFC 6455 §5.2", caught_by="test_server_writes_lengths_at_every_boundary[65537]")
class WritesLongLengthsInLittleEndian(Connection):
    """A 64-bit length is sent with its bytes the wrong way round."""

    def encode_frame(self, frame: Frame) -> bytes:
        data = super().encode_frame(frame)
        if len(frame.payload) < 1 << 16:
            return data
        return data[:2] + data[2:10][::-1] + data[10:]


@fault("RFC 6455 §5.2", caught_by="test_length_is_read_in_network_byte_order[66051]")
class AnnouncesOneByteTooMany(Connection):
    """The length of a payload above 65,536 bytes counts one byte that is not sent."""

    def encode_frame(self, frame: Frame) -> bytes:
        size = len(frame.payload)
        return frame.encode(masked=False, length=size + 1 if size > 1 << 16 else size)


@fault("RFC 6455 §5.2", caught_by="test_server_writes_lengths_at_every_boundary[65536]")
class CutsPayloadsOf64Kib(Connection):
    """The last byte of a payload of exactly 65,536 bytes is not sent, nor announced."""

    def encode_frame(self, frame: Frame) -> bytes:
        if len(frame.payload) == 1 << 16:
            frame = replace(frame, payload=frame.payload[:-1])
        return super().encode_frame(frame)


@fault("RFC 6455 §5.2", caught_by="test_binary_length_is_read_at_every_boundary[65536]")
class ReadsOnly16BitsOfTheLength(Connection):
    """A length of 2^16 + n is read as n."""

    cut = False

    def parse_header(self) -> Header | None:
        header = super().parse_header()
        self.cut = header is not None and 1 << 16 <= header.length < 1 << 63
        return header._replace(length=header.length & 0xFFFF) if header and self.cut else header

    def check_length_encoding(self, header: Header) -> None:
        if not self.cut:
            super().check_length_encoding(header)


@fault(
    "RFC 6455 §5.2", caught_by="test_server_writes_lengths_at_every_boundary[65534]", origin="blind round 3"
)
class WritesLengthsWithASignedShort(Connection):
    """Replies of 32,768 to 65,535 bytes have their length in 64 bits, which is not the shortest form."""

    def encode_frame(self, frame: Frame) -> bytes:
        if 1 << 15 <= len(frame.payload) < 1 << 16:
            return frame.encode(masked=False, length_bits=64)
        return super().encode_frame(frame)


@fault(
    "RFC 6455 §5.2", caught_by="test_high_bits_of_a_length_are_not_dropped[2^32+5]", origin="blind round 3"
)
class ReadsLengthsModulo32Bits(Connection):
    """Of a 64-bit length only the lower half is looked at."""

    announced: Header | None = None

    def parse_header(self) -> Header | None:
        self.announced = header = super().parse_header()
        return None if header is None else header._replace(length=header.length & 0xFFFFFFFF)

    def check_length_encoding(self, header: Header) -> None:
        super().check_length_encoding(self.announced or header)


@fault("RFC 6455 §5.2", caught_by="test_true_length_below_a_top_bit_is_no_message[text-65536]")
class DropsTheTopBitOfLongLengths(Connection):
    """The top bit of a 64-bit length is dropped where the length below it needs 64 bits."""

    def parse_header(self) -> Header | None:
        header = super().parse_header()
        if header is None or header.length < (1 << 63) + (1 << 16):
            return header
        return header._replace(length=header.length - (1 << 63))


@fault(
    "RFC 6455 §5.2",
    caught_by="test_high_bits_of_a_length_are_not_dropped[2^32+70000]",
    origin="blind round 6",
)
class DropsTheUpperHalfOfLongLengths(Connection):
    """Of a 64-bit length the lower half is taken, and only that is checked for the shortest form."""

    def parse_header(self) -> Header | None:
        header = super().parse_header()
        return header and header._replace(length=header.length & 0xFFFFFFFF)
