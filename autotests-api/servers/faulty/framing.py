"""Faults in frames: masking, reserved bits, opcodes, lengths, fragments (RFC 6455 §5.1 to §5.4)."""

from __future__ import annotations

from servers.faulty.correct import Connection
from servers.faulty.registry import fault
from wire.frames import CONTINUATION, Frame, Header, Opcode


@fault("RFC 6455 §5.1")
class AcceptsUnmaskedFrames(Connection):
    """A client frame without a mask is served like any other."""

    def check_masked(self, header: Header) -> None:
        pass


@fault("RFC 6455 §5.1")
class MasksItsFrames(Connection):
    """The server masks the frames that it sends."""

    def encode_frame(self, frame: Frame) -> bytes:
        return frame.encode(masked=True)


@fault("RFC 6455 §5.2")
class AcceptsLongLengths(Connection):
    """A length that is not in its shortest encoding is accepted."""

    def check_length_encoding(self, header: Header) -> None:
        pass


@fault("RFC 6455 §5.2")
class IgnoresReservedBits(Connection):
    """RSV1, RSV2 and RSV3 are not looked at."""

    def check_reserved_bits(self, header: Header) -> None:
        pass


@fault("RFC 6455 §5.4")
class AcceptsContinuationOfNothing(Connection):
    """A continuation frame without a message before it is taken for a message."""

    def check_order(self, header: Header) -> None:
        if header.opcode != CONTINUATION:
            super().check_order(header)


@fault("RFC 6455 §5.5")
class AcceptsFragmentedControlFrames(Connection):
    """A control frame without FIN is served as if it were whole."""

    def check_control(self, header: Header) -> None:
        if header.length > self.control_limit:
            super().check_control(header)


@fault("RFC 6455 §5.5")
class AcceptsLongControlFrames(Connection):
    """A Ping of 126 bytes is served; the limit is one too high."""

    control_limit = 126


@fault("RFC 6455 §5.2")
class WritesLengthOneHundredTwentySixIn64Bits(Connection):
    """A payload of exactly 126 bytes is announced in 64 bits, because the comparison is off by one."""

    def encode_frame(self, frame: Frame) -> bytes:
        return frame.encode(masked=False, length_bits=64 if len(frame.payload) == 126 else None)


@fault("RFC 6455 §5.2")
class WritesEveryLengthIn64Bits(Connection):
    """Every payload of 126 bytes or more is announced in 64 bits."""

    def encode_frame(self, frame: Frame) -> bytes:
        return frame.encode(masked=False, length_bits=64 if len(frame.payload) >= 126 else None)


@fault("RFC 6455 §5.6")
class AnswersBinaryAsText(Connection):
    """The reply to a binary message is a text frame."""

    def encode_frame(self, frame: Frame) -> bytes:
        if frame.opcode == Opcode.BINARY:
            frame = Frame(Opcode.TEXT, frame.payload, rsv1=frame.rsv1)
        return super().encode_frame(frame)
