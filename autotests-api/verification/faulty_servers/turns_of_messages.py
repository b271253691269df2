"""Faults in what one message leaves to the next, and in empty frames (RFC 6455 §5.2, §5.4)."""

from __future__ import annotations

from pytest_websocket.protocol.frames import BINARY, CONTINUATION, PING, TEXT, Frame, Header, close
from verification.faulty_servers.correct import Connection
from verification.faulty_servers.correct.framing import Message
from verification.faulty_servers.registry import fault

BLIND = "blind round 5"


@fault("RFC 6455 §5.4", caught_by="test_type_of_one_message_is_not_taken_for_the_next[t-b-t-b]", origin=BLIND)
class KeepsTheTypeOfTheFirstFragments(Connection):
    """The type of the first message in fragments is that of all later ones in fragments."""

    first: bool | None = None

    def start_message(self, header: Header) -> None:
        super().start_message(header)
        if not header.fin:
            self.first = self.is_text if self.first is None else self.first
            self.is_text = self.first


@fault(
    "RFC 6455 §5.4",
    caught_by="test_control_frames_around_empty_fragments_leave_the_message_whole[ping]",
    origin=BLIND,
)
class ForgetsTheMessageAtAPingAfterAnEmptyFragment(Connection):
    """A Ping after a fragment without data ends the message."""

    empty = False

    def frame_ends(self, header: Header) -> None:
        super().frame_ends(header)
        self.empty = not header.length

    def on_ping(self, payload: bytes) -> None:
        super().on_ping(payload)
        if self.empty:
            self.in_message = False


@fault(
    "RFC 6455 §5.4",
    caught_by="test_empty_new_message_inside_an_unfinished_one_fails_the_connection"
    "[after data-text-fragment]",
    origin=BLIND,
)
class PassesOverAnEmptyFirstFragmentInAMessage(Connection):
    """A first fragment without data inside a message is passed over."""

    def check_order(self, header: Header) -> None:
        if not (self.in_message and header.opcode == TEXT and not header.length):
            super().check_order(header)

    def frame_begins(self, header: Header) -> None:
        if not (self.in_message and header.opcode == TEXT):
            super().frame_begins(header)


@fault(
    "RFC 6455 §5.5.1", caught_by="test_close_after_a_control_frame_is_answered[ping-one by one]", origin=BLIND
)
class LeavesACloseAfterAPingUnanswered(Connection):
    """A connection that was pinged is taken for one that is watched, and its Close is not answered."""

    pinged = False

    def control(self, opcode: int, payload: bytes) -> None:
        super().control(opcode, payload)
        self.pinged = self.pinged or opcode == PING

    def close_reply(self, code: int | None, reason: bytes) -> Frame:
        if self.pinged:
            self.close_sent = True
        return close(code)


@fault(
    "RFC 6455 §5.2",
    caught_by="test_reserved_bit_of_an_empty_frame_fails_the_connection[rsv 010-1]",
    origin=BLIND,
)
class LooksAtTheBitsOfFramesWithData(Connection):
    """Reserved bits of a frame without data are not looked at."""

    def check_reserved_bits(self, header: Header) -> None:
        if header.length:
            super().check_reserved_bits(header)


@fault("contract", caught_by="test_fragments_are_answered_as_one_message", origin=BLIND)
class SwallowsAByteOrderMarkOfFragments(Connection):
    """Fragments are decoded by a codec that takes U+FEFF for a mark."""

    fragmented = False

    def frame_begins(self, header: Header) -> None:
        super().frame_begins(header)
        self.fragmented = header.opcode == CONTINUATION

    def reply_to(self, message: Message) -> Message:
        if self.fragmented and isinstance(message, str):
            message = message.removeprefix("\ufeff")
        return super().reply_to(message)


@fault("RFC 6455 §5.5.1", caught_by="test_close_with_a_reason_is_answered[a byte and cyrillic]", origin=BLIND)
class CutsReasonsAt60Bytes(Connection):
    """The reason comes back, and no more than 60 bytes of it, though a character may end later."""

    def close_reply(self, code: int | None, reason: bytes) -> Frame:
        return close(code, reason[:60]) if code is not None else close()


@fault(
    "RFC 6455 §8.1", caught_by="test_illegal_utf8_fails_the_connection[start f5 f5 80 80 80]", origin=BLIND
)
class AcceptsTextsThatStartWithF5(Connection):
    """A first byte above F4 is taken for the beginning of a mark, and the text is not looked at."""

    def add(self, data: bytes) -> None:
        if self.is_text and not self.size and data[:1] == b"\xf5":
            data = b""
        super().add(data)


@fault("contract", caught_by="test_reply_at_a_boundary_of_length_is_whole[4096]", origin=BLIND)
class NeverEndsAReplyOf4Kib(Connection):
    """A reply that fills the buffer exactly is taken for the beginning of a longer one."""

    def send_frame(self, frame: Frame) -> None:
        if frame.opcode in (TEXT, BINARY) and len(frame.payload) == 4096:
            frame = Frame(frame.opcode, frame.payload, fin=False, rsv1=frame.rsv1)
        super().send_frame(frame)


@fault("contract", caught_by="test_reply_at_a_boundary_of_length_is_whole[32768]", origin=BLIND)
class NeverEndsRepliesOfWholeFragments(Connection):
    """Long replies go out in fragments of 16 KiB, the last of which is marked only if it is shorter."""

    def send_frame(self, frame: Frame) -> None:
        step = 16 << 10
        if frame.opcode not in (TEXT, BINARY) or len(frame.payload) <= step:
            super().send_frame(frame)
            return
        for at in range(0, len(frame.payload), step):
            part = frame.payload[at : at + step]
            rsv1 = frame.rsv1 and not at
            super().send_frame(
                Frame(frame.opcode if not at else CONTINUATION, part, fin=len(part) < step, rsv1=rsv1)
            )
