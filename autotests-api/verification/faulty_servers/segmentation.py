"""Faults in reading frames from a byte stream whose segments mean nothing (RFC 6455 §5.2, §5.4)."""

from __future__ import annotations

from pytest_websocket.protocol.frames import Header, parse_header
from verification.faulty_servers.correct import Connection
from verification.faulty_servers.correct.framing import PROTOCOL_ERROR, Violation
from verification.faulty_servers.registry import fault


@fault("RFC 6455 §5.2", caught_by="test_frame_and_a_half_in_one_segment_are_told_apart[2]")
class NeedsTheHeaderInOneSegment(Connection):
    """A frame whose header comes in two segments is malformed."""

    def parse_header(self) -> Header | None:
        header = super().parse_header()
        if header is None and self.buffer:
            raise Violation(PROTOCOL_ERROR, "incomplete header")
        return header


@fault("RFC 6455 §5.2", caught_by="test_frames_cut_anywhere_are_put_together[2]")
class LosesAByteWhenTheHeaderIsSplit(Connection):
    """The first byte of a frame is forgotten when it comes alone."""

    def parse_header(self) -> Header | None:
        if len(self.buffer) == 1:
            self.buffer.clear()
        return super().parse_header()


@fault(
    "RFC 6455 §5.4",
    caught_by="test_ping_between_fragments_is_answered_and_the_message_is_whole[octet by octet]",
)
class NeedsControlFramesInOneSegment(Connection):
    """A control frame whose payload is still on its way is malformed."""

    def step_control(self, header: Header) -> bool:
        if len(self.buffer) < header.length:
            raise Violation(PROTOCOL_ERROR, "incomplete control frame")
        return super().step_control(header)


@fault("RFC 6455 §5.2", caught_by="test_payload_in_two_segments_is_one_message")
class TakesOneSegmentForTheWholePayload(Connection):
    """A payload that comes in two segments is taken to end with the first."""

    def step_data(self, header: Header) -> bool:
        if self.buffer and len(self.buffer) < header.length:
            header = header._replace(length=len(self.buffer))
        return super().step_data(header)


@fault("RFC 6455 §5.2", caught_by="test_frames_in_one_segment_are_each_answered[2]")
class HandlesOneFramePerSegment(Connection):
    """The second frame of a segment waits until another segment comes."""

    def feed(self) -> None:
        while not self.finished and self.step():
            if self.header is None:
                break


@fault("RFC 6455 §5.2", caught_by="test_frames_cut_anywhere_are_put_together[2]")
class DropsTheSecondFrameOfASegment(Connection):
    """What follows a frame in the same segment is thrown away."""

    def frame_ends(self, header: Header) -> None:
        super().frame_ends(header)
        self.buffer.clear()


@fault("RFC 6455 §5.2", caught_by="test_half_a_frame_is_not_answered")
class DropsWhatFollowsAControlFrame(Connection):
    """What follows a Ping in the same segment is thrown away."""

    def step_control(self, header: Header) -> bool:
        handled = super().step_control(header)
        if handled:
            self.buffer.clear()
        return handled


@fault("RFC 6455 §5.2", caught_by="test_text_length_is_read_at_every_boundary[65534]")
class LosesBytesAtTheBoundaryOfItsReads(Connection):
    """When a read fills the 64 KiB buffer to the last byte, that byte is lost."""

    async def fill(self) -> bool:
        before = len(self.buffer)
        more = await super().fill()
        if len(self.buffer) - before == 1 << 16:
            del self.buffer[-1]
        return more


@fault("RFC 6455 §5.4", caught_by="test_empty_fragments_add_nothing[only the middle]")
class NeverEndsAnEmptyFrame(Connection):
    """A data frame without payload is noticed only when the next bytes come."""

    def step_data(self, header: Header) -> bool:
        return bool(self.buffer) and super().step_data(header)


@fault("RFC 6455 §5.2", caught_by="test_text_length_is_read_at_every_boundary[65535]")
class ReadsTheNextFrameAsPayload(Connection):
    """The payload of a frame of exactly 65,535 bytes is read one byte too long."""

    def parse_header(self) -> Header | None:
        header = parse_header(self.buffer)
        if header is None or header.length != 65535:
            return header
        return header._replace(length=1 << 16, length_bits=64)


@fault("RFC 6455 §5.2", caught_by="test_frames_cut_anywhere_are_put_together[7]", origin="blind round 3")
class LosesASingleTrailingByte(Connection):
    """A header's first byte that comes behind another frame, and alone, is thrown away."""

    def feed(self) -> None:
        before = len(self.buffer)
        super().feed()
        if self.header is None and len(self.buffer) == 1 < before:
            self.buffer.clear()
