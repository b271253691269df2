"""Faults in reserved bits and opcodes (RFC 6455 §5.2)."""

from __future__ import annotations

from pytest_websocket.protocol.frames import BINARY, CLOSE, CONTINUATION, PING, PONG, Frame, Header
from verification.faulty_servers.correct import Connection
from verification.faulty_servers.registry import fault


@fault("RFC 6455 §5.2", caught_by="test_reserved_bit_of_a_data_frame_fails_the_connection[rsv 001-text]")
class IgnoresReservedBits(Connection):
    """RSV1, RSV2 and RSV3 are not looked at."""

    def check_reserved_bits(self, header: Header) -> None:
        pass


@fault("RFC 6455 §5.2", caught_by="test_reserved_bit_of_a_control_frame_fails_the_connection[rsv 100-ping]")
class AcceptsRsv1WithoutCompression(Connection):
    """RSV1 is accepted though no extension gave it a meaning."""

    def check_reserved_bits(self, header: Header) -> None:
        if header.rsv2 or header.rsv3 or self.inflater is not None:
            super().check_reserved_bits(header)

    def start_message(self, header: Header) -> None:
        super().start_message(header)
        self.compressed = header.rsv1 and self.inflater is not None


@fault("RFC 6455 §5.2", caught_by="test_reserved_bit_of_a_data_frame_fails_the_connection[rsv 010-text]")
class AcceptsRsv2(Connection):
    """RSV2 is not looked at."""

    def check_reserved_bits(self, header: Header) -> None:
        if header.rsv1 or header.rsv3:
            super().check_reserved_bits(header)


@fault("RFC 6455 §5.2", caught_by="test_reserved_bit_of_a_data_frame_fails_the_connection[rsv 001-text]")
class AcceptsRsv3(Connection):
    """RSV3 is not looked at."""

    def check_reserved_bits(self, header: Header) -> None:
        if header.rsv1 or header.rsv2:
            super().check_reserved_bits(header)


@fault("RFC 6455 §5.2", caught_by="test_reserved_bit_of_a_data_frame_fails_the_connection[rsv 011-text]")
class AcceptsReservedBitsInPairs(Connection):
    """The bits are compared with 1, 2 and 4, so that two of them at once pass."""

    def check_reserved_bits(self, header: Header) -> None:
        if header.rsv1 + header.rsv2 + header.rsv3 == 1:
            super().check_reserved_bits(header)


@fault("RFC 6455 §5.2", caught_by="test_reserved_bit_of_a_control_frame_fails_the_connection[rsv 100-ping]")
class AcceptsReservedBitsOnControlFrames(Connection):
    """The bits are checked on data frames only."""

    def check_reserved_bits(self, header: Header) -> None:
        if header.opcode < CLOSE:
            super().check_reserved_bits(header)


@fault("RFC 6455 §5.2", caught_by="test_reserved_bit_of_a_continuation_fails_the_connection[rsv 010]")
class AcceptsReservedBitsOnContinuations(Connection):
    """The bits are checked on a message's first frame only."""

    def check_reserved_bits(self, header: Header) -> None:
        if header.opcode != CONTINUATION:
            super().check_reserved_bits(header)


@fault(
    "RFC 6455 §5.2", caught_by="test_reserved_bit_after_a_good_message_fails_the_connection[rsv 010-whole]"
)
class ChecksReservedBitsUntilTheFirstMessage(Connection):
    """After one good message the bits are not looked at any more."""

    seen = False

    def message(self, message: str | bytes) -> None:
        self.seen = True
        super().message(message)

    def check_reserved_bits(self, header: Header) -> None:
        if not self.seen:
            super().check_reserved_bits(header)


@fault("RFC 6455 §5.2", caught_by="test_text_length_is_read_at_every_boundary[1]")
class SetsRsv2InReplies(Connection):
    """Every reply has RSV2 set."""

    def encode_frame(self, frame: Frame) -> bytes:
        data = super().encode_frame(frame)
        return bytes([data[0] | 0x20]) + data[1:] if frame.opcode < CLOSE else data


@fault("RFC 6455 §5.2", caught_by="test_binary_length_is_read_at_every_boundary[1]")
class SetsRsv1WithoutCompression(Connection):
    """Binary replies have RSV1 set though nothing was negotiated."""

    def encode_frame(self, frame: Frame) -> bytes:
        data = super().encode_frame(frame)
        return bytes([data[0] | 0x40]) + data[1:] if frame.opcode == BINARY else data


@fault("RFC 6455 §5.2", caught_by="test_reserved_data_opcode_fails_the_connection[3-empty]")
class TakesReservedDataOpcodesForBinary(Connection):
    """Opcodes 3 to 7 are served as if they were 2."""

    def check_opcode(self, header: Header) -> None:
        if header.opcode >= CLOSE:
            super().check_opcode(header)

    def frame_begins(self, header: Header) -> None:
        if header.opcode > BINARY:
            self.in_message = True
            self.start_message(header)
        super().frame_begins(header)


@fault("RFC 6455 §5.2", caught_by="test_reserved_control_opcode_fails_the_connection[11-with payload]")
class SkipsReservedControlOpcodes(Connection):
    """Opcodes 11 to 15 are read and forgotten."""

    def check_opcode(self, header: Header) -> None:
        if header.opcode < CLOSE:
            super().check_opcode(header)


@fault("RFC 6455 §5.2", caught_by="test_reserved_control_opcode_fails_the_connection[11-with payload]")
class AcceptsOpcodeEleven(Connection):
    """The range check of control opcodes is off by one."""

    def check_opcode(self, header: Header) -> None:
        if header.opcode != PONG + 1:
            super().check_opcode(header)


@fault("RFC 6455 §5.2", caught_by="test_reserved_control_opcode_fails_the_connection[15-empty]")
class AcceptsOpcodeFifteen(Connection):
    """The range check of opcodes leaves out the last one."""

    def check_opcode(self, header: Header) -> None:
        if header.opcode != 15:
            super().check_opcode(header)


@fault("RFC 6455 §5.2", caught_by="test_reserved_data_opcode_fails_the_connection[3-empty]")
class TakesOpcodeThreeForText(Connection):
    """The range check of data opcodes is off by one."""

    def check_opcode(self, header: Header) -> None:
        if header.opcode != BINARY + 1:
            super().check_opcode(header)

    def frame_begins(self, header: Header) -> None:
        if header.opcode == BINARY + 1:
            self.in_message = True
            self.start_message(header)
            self.is_text = True
        super().frame_begins(header)


@fault("RFC 6455 §5.2", caught_by="test_reserved_opcode_inside_a_message_fails_the_connection[15]")
class ChecksOpcodesBetweenMessagesOnly(Connection):
    """Inside a fragmented message a reserved control opcode is skipped."""

    def check_opcode(self, header: Header) -> None:
        if not (self.in_message and header.opcode >= CLOSE):
            super().check_opcode(header)


@fault("RFC 6455 §5.2", caught_by="test_reserved_control_opcode_fails_the_connection[12-with payload]")
class DropsFramesWithReservedOpcodes(Connection):
    """A frame with a reserved opcode that is short is thrown away instead of ending the connection."""

    def check_opcode(self, header: Header) -> None:
        if header.opcode == PING + 3 or header.opcode == BINARY + 2:
            return
        super().check_opcode(header)

    def step_data(self, header: Header) -> bool:
        if header.opcode > BINARY:
            if len(self.buffer) < header.length:
                return False
            self.take(header.length)
            self.header = None
            return True
        return super().step_data(header)
