"""Faults in what all control frames have in common (RFC 6455 §5.5)."""

from __future__ import annotations

from pytest_websocket.protocol.frames import CLOSE, PONG, Frame, Header
from verification.faulty_servers.correct import Connection
from verification.faulty_servers.registry import fault


@fault("RFC 6455 §5.5", caught_by="test_empty_control_frame_without_fin_fails_the_connection[ping]")
class AcceptsFragmentedControlFrames(Connection):
    """A control frame without FIN is served as if it were whole."""

    def check_control(self, header: Header) -> None:
        if header.length > self.control_limit:
            super().check_control(header)


@fault("RFC 6455 §5.5", caught_by="test_close_with_a_long_reason_fails_the_connection")
class AcceptsAFragmentedClose(Connection):
    """Only Ping and Pong are refused without FIN."""

    def check_control(self, header: Header) -> None:
        if header.opcode != CLOSE:
            super().check_control(header)


@fault("RFC 6455 §5.5", caught_by="test_long_control_frame_fails_the_connection[close-126]")
class AcceptsControlFramesOf126Bytes(Connection):
    """The limit of control frames is one byte too high."""

    control_limit = 126


@fault("RFC 6455 §5.5", caught_by="test_long_control_frame_fails_the_connection[close-126]")
class AcceptsControlFramesOfAnyLength(Connection):
    """The length of control frames is not looked at."""

    control_limit = 1 << 62


@fault("RFC 6455 §5.5", caught_by="test_unsolicited_pong_is_not_answered[125 bytes]")
class RefusesControlFramesOf125Bytes(Connection):
    """The limit of control frames is one byte too low."""

    control_limit = 124


@fault("RFC 6455 §5.5", caught_by="test_long_control_frame_fails_the_connection[ping-126]")
class CutsLongPings(Connection):
    """A Ping of more than 125 bytes is answered with its first 125."""

    control_limit = 1 << 62

    def on_ping(self, payload: bytes) -> None:
        super().on_ping(payload[:125])


@fault("RFC 6455 §5.5", caught_by="test_fragmented_control_frame_inside_a_message_fails_the_connection[ping]")
class ChecksControlFramesOutsideMessagesOnly(Connection):
    """Between fragments a Ping may be long and lack FIN."""

    def check_control(self, header: Header) -> None:
        if not self.in_message:
            super().check_control(header)


@fault("RFC 6455 §5.5", caught_by="test_unsolicited_pong_is_not_answered[text]")
class SendsFragmentedPongs(Connection):
    """A Pong is sent without FIN."""

    def encode_frame(self, frame: Frame) -> bytes:
        data = super().encode_frame(frame)
        return bytes([data[0] & 0x7F]) + data[1:] if frame.opcode == PONG else data


@fault("RFC 6455 §5.5", caught_by="test_ping_of_every_length_is_answered_with_the_same_payload")
class WritesControlLengthsIn16Bits(Connection):
    """The length of a Pong is written in 16 bits, always."""

    def encode_frame(self, frame: Frame) -> bytes:
        return frame.encode(masked=False, length_bits=16 if frame.opcode == PONG else None)
