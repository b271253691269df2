"""Faults in the frames of a reply whose content is right (RFC 6455 §5.2, §5.4, §5.5.1; RFC 7692 §6.1)."""

from __future__ import annotations

from dataclasses import replace

from pytest_websocket.protocol.frames import BINARY, CLOSE, CONTINUATION, TEXT, Frame
from verification.faulty_servers.correct import Connection
from verification.faulty_servers.correct.framing import Message
from verification.faulty_servers.registry import fault


@fault("RFC 6455 §5.2", caught_by="test_frame_of_a_buffers_size_is_read_whole[131072-0]")
class SendsAStrayByteAfterLongReplies(Connection):
    """A reply of more than 64 KiB is followed by a zero byte that belongs to no frame."""

    def encode_frame(self, frame: Frame) -> bytes:
        data = super().encode_frame(frame)
        return data + b"\0" if len(frame.payload) > 1 << 16 else data


@fault("RFC 6455 §5.4", caught_by="test_continuation_after_a_whole_message_fails_the_connection[final]")
class SendsAnEmptyContinuationAfterEachReply(Connection):
    """A reply that is already complete is ended once more, by an empty continuation."""

    def send_message(self, message: Message) -> None:
        super().send_message(message)
        self.send_frame(Frame(CONTINUATION))


@fault("RFC 6455 §5.4", caught_by="test_ping_after_a_message_in_one_segment_spoils_no_answer[60000]")
class RepeatsTheOpcodeInEachFragment(Connection):
    """A reply of more than 16 KiB comes in fragments, and each is called text or binary."""

    def encode_frame(self, frame: Frame) -> bytes:
        if frame.opcode >= CLOSE or frame.rsv1 or len(frame.payload) <= 1 << 14:
            return super().encode_frame(frame)
        first = replace(frame, payload=frame.payload[: 1 << 14], fin=False)
        last = replace(frame, payload=frame.payload[1 << 14 :])
        return super().encode_frame(first) + super().encode_frame(last)


@fault("contract", caught_by="test_message_at_a_boundary_of_length_comes_back[binary-plain-65537]")
class SendsLongRepliesAsTwoMessages(Connection):
    """A reply of more than 64 KiB comes as two messages."""

    def send_message(self, message: Message) -> None:
        if len(message) > 1 << 16:
            super().send_message(message[: 1 << 16])
            super().send_message(message[1 << 16 :])
        else:
            super().send_message(message)


@fault("contract", caught_by="test_message_of_exactly_the_limit_comes_back[binary-plain]")
class NeverEndsItsLongestReplies(Connection):
    """A reply to a message of the limit itself lacks FIN."""

    def encode_frame(self, frame: Frame) -> bytes:
        if frame.opcode in (TEXT, BINARY) and len(frame.payload) > self.limit:
            frame = replace(frame, fin=False)
        return super().encode_frame(frame)


@fault("RFC 7692 §7.2.1", caught_by="test_binary_answer_inflates_to_its_message[0-small window]")
class SetsRsv1OnWhatDoesNotShrink(Connection):
    """A reply that gets longer by compression is sent as it is, but marked as compressed."""

    def send_message(self, message: Message) -> None:
        if self.deflater is not None and isinstance(message, bytes):
            kept = self.deflater.stream.copy()
            compressed = self.deflater.compress(message)
            if len(compressed) >= len(message):
                self.deflater.stream = kept
                compressed = message
            self.send_frame(Frame(BINARY, compressed, rsv1=True))
        else:
            super().send_message(message)
