"""Faults in masking (RFC 6455 §5.1, §5.3)."""

from __future__ import annotations

from pytest_websocket.protocol.frames import CLOSE, CONTINUATION, PONG, Frame, Header, mask, parse_header
from verification.faulty_servers.correct import Connection
from verification.faulty_servers.correct.framing import PROTOCOL_ERROR, Violation
from verification.faulty_servers.registry import fault


@fault("RFC 6455 §5.1", caught_by="test_unmasked_frame_of_any_length_ends_the_connection[125]")
class AcceptsUnmaskedFrames(Connection):
    """A client frame without a mask is served like any other."""

    def check_masked(self, header: Header) -> None:
        pass


@fault("RFC 6455 §5.1", caught_by="test_unmasked_frame_after_good_messages_ends_the_connection[ping-1]")
class AcceptsUnmaskedControlFrames(Connection):
    """The mask is demanded of data frames only."""

    def check_masked(self, header: Header) -> None:
        if header.opcode < CLOSE:
            super().check_masked(header)


@fault("RFC 6455 §5.1", caught_by="test_unmasked_frame_is_refused_with_1002[close]")
class AcceptsUnmaskedClose(Connection):
    """The mask is demanded of every frame but Close."""

    def check_masked(self, header: Header) -> None:
        if header.opcode != CLOSE:
            super().check_masked(header)


@fault("RFC 6455 §5.1", caught_by="test_unmasked_continuation_ends_the_connection")
class AcceptsUnmaskedContinuations(Connection):
    """The mask is demanded of the first fragment only."""

    def check_masked(self, header: Header) -> None:
        if header.opcode != CONTINUATION:
            super().check_masked(header)


@fault("RFC 6455 §5.1", caught_by="test_unmasked_frame_ends_the_connection[empty text]")
class AcceptsUnmaskedEmptyFrames(Connection):
    """A frame without payload may come without a mask, since there is nothing to unmask."""

    def check_masked(self, header: Header) -> None:
        if header.length:
            super().check_masked(header)


@fault("RFC 6455 §5.1", caught_by="test_unmasked_frame_after_good_messages_ends_the_connection[text-1]")
class ChecksTheMaskOfTheFirstFrameOnly(Connection):
    """Once one frame came masked, the mask is taken for granted."""

    trusted = False

    def check_masked(self, header: Header) -> None:
        if not self.trusted:
            super().check_masked(header)
        self.trusted = True


@fault("RFC 6455 §5.1", caught_by="test_unmasked_frame_ends_the_connection[text]")
class DropsUnmaskedFramesSilently(Connection):
    """An unmasked text frame is thrown away and the connection goes on."""

    def check_masked(self, header: Header) -> None:
        pass

    def message(self, message: str | bytes) -> None:
        if self.last_frame_masked:
            super().message(message)

    last_frame_masked = True

    def frame_begins(self, header: Header) -> None:
        self.last_frame_masked = header.masked
        super().frame_begins(header)


@fault("RFC 6455 §5.1", caught_by="test_unmasked_frame_after_good_messages_ends_the_connection[text-1]")
class AnswersAnUnmaskedFrameBeforeItCloses(Connection):
    """An unmasked message is answered; only then the connection ends."""

    def check_masked(self, header: Header) -> None:
        pass

    def frame_ends(self, header: Header) -> None:
        super().frame_ends(header)
        super().check_masked(header)


@fault("RFC 6455 §5.1", caught_by="test_server_sends_data_frames_unmasked[0]")
class MasksItsFrames(Connection):
    """The server masks the frames that it sends."""

    def encode_frame(self, frame: Frame) -> bytes:
        return frame.encode(masked=True)


@fault("RFC 6455 §5.1", caught_by="test_server_sends_pong_and_close_unmasked")
class MasksItsPongs(Connection):
    """A Pong is the client's Ping with another opcode, its mask included."""

    def encode_frame(self, frame: Frame) -> bytes:
        return frame.encode(masked=frame.opcode == PONG)


@fault("RFC 6455 §5.1", caught_by="test_unmasked_frame_ends_the_connection[close]")
class MasksItsClose(Connection):
    """The Close that answers a Close is masked."""

    def encode_frame(self, frame: Frame) -> bytes:
        return frame.encode(masked=frame.opcode == CLOSE)


@fault("RFC 6455 §5.3", caught_by="test_any_masking_key_is_understood[zero]")
class RefusesTheMaskKeyZero(Connection):
    """A mask key of four zero bytes is taken for no mask."""

    def check_masked(self, header: Header) -> None:
        if header.mask_key == bytes(4):
            raise Violation(PROTOCOL_ERROR, "the frame is not masked")
        super().check_masked(header)


@fault("RFC 6455 §5.2", caught_by="test_payload_in_two_segments_is_one_message")
class RestartsTheMaskAtEachSegment(Connection):
    """The position in the mask key is lost when a frame's payload comes in several segments."""

    def unmask(self, piece: bytes, header: Header, offset: int) -> bytes:
        return super().unmask(piece, header, 0)


@fault("RFC 6455 §5.3", caught_by="test_payload_of_a_long_frame_is_unmasked_to_its_end[4107]")
class UnmasksTheTailOfLongFramesWrong(Connection):
    """A fast loop unmasks eight bytes at a time; what is left of a long payload keeps its mask."""

    def unmask(self, piece: bytes, header: Header, offset: int) -> bytes:
        plain = super().unmask(piece, header, offset)
        rest = len(piece) % 8
        if header.length < 1024 or not rest:
            return plain
        return plain[:-rest] + piece[-rest:]


@fault("RFC 6455 §5.3", caught_by="test_every_fragment_is_unmasked_with_its_own_key")
class UnmasksFragmentsWithTheFirstKey(Connection):
    """Continuation frames are unmasked with the key of the frame that began the message."""

    first_key = bytes(4)

    def frame_begins(self, header: Header) -> None:
        if header.opcode != CONTINUATION:
            self.first_key = header.mask_key
        super().frame_begins(header)

    def unmask(self, piece: bytes, header: Header, offset: int) -> bytes:
        if header.opcode != CONTINUATION:
            return super().unmask(piece, header, offset)
        turn = offset % 4
        return mask(piece, self.first_key[turn:] + self.first_key[:turn])


@fault("RFC 6455 §5.3", caught_by="test_every_frame_is_unmasked_with_its_own_key")
class RemembersTheMaskKeyOfTheConnection(Connection):
    """The first frame's key is taken for all frames, as a client that never changes it would allow."""

    key: bytes | None = None

    def unmask(self, piece: bytes, header: Header, offset: int) -> bytes:
        if self.key is None:
            self.key = header.mask_key
        turn = offset % 4
        return mask(piece, self.key[turn:] + self.key[:turn])


@fault("RFC 6455 §5.3", caught_by="test_every_fragment_is_unmasked_with_its_own_key")
class UnmasksWithTheKeyOfTheLastPing(Connection):
    """A Ping between fragments leaves its key behind, and the next fragment is unmasked with it."""

    left: bytes | None = None

    def step_control(self, header: Header) -> bool:
        handled = super().step_control(header)
        if handled and self.in_message:
            self.left = header.mask_key
        return handled

    def unmask(self, piece: bytes, header: Header, offset: int) -> bytes:
        if header.opcode == CONTINUATION and self.left is not None:
            header = header._replace(mask_key=self.left)
        return super().unmask(piece, header, offset)

    def frame_ends(self, header: Header) -> None:
        self.left = None
        super().frame_ends(header)


@fault(
    "RFC 6455 §5.2",
    caught_by="test_frame_and_a_half_in_one_segment_are_told_apart[5]",
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
        return header._replace(mask_key=header.mask_key[:known].ljust(4, b"\x00"))


@fault("RFC 6455 §5.1", caught_by="test_unmasked_frame_ends_the_connection[text]")
class IgnoresTheMaskBit(Connection):
    """Four bytes of masking key are read and applied, whether the mask bit is set or not."""

    def parse_header(self) -> Header | None:
        if len(self.buffer) < 2:
            return None
        return parse_header(self.buffer[:1] + bytes([self.buffer[1] | 0x80]) + self.buffer[2:14])
