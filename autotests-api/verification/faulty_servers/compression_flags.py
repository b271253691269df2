"""Faults in which frames and messages are compressed (RFC 7692 §6)."""

from __future__ import annotations

import zlib

from pytest_websocket.protocol.frames import BINARY, CLOSE, CONTINUATION, PONG, TEXT, Frame, Header
from verification.faulty_servers.correct import Connection
from verification.faulty_servers.correct.framing import PROTOCOL_ERROR, Message, Violation
from verification.faulty_servers.correct.utf8 import Utf8
from verification.faulty_servers.registry import fault


@fault("RFC 7692 §6.1", caught_by="test_compressed_message_keeps_its_type")
class ForgetsRsv1(Connection):
    """A compressed reply is sent without RSV1."""

    def encode_frame(self, frame: Frame) -> bytes:
        return Frame(frame.opcode, frame.payload).encode(masked=False)


@fault("RFC 7692 §6.1", caught_by="test_compressed_message_keeps_its_type")
class ForgetsRsv1AfterTheFirstReply(Connection):
    """From the second reply on, RSV1 is missing."""

    first = True

    def encode_frame(self, frame: Frame) -> bytes:
        rsv1 = frame.rsv1 and self.first
        self.first = self.first and not frame.rsv1
        return Frame(frame.opcode, frame.payload, rsv1=rsv1).encode(masked=False)


@fault("RFC 7692 §6.1", caught_by="test_compressed_message_keeps_its_type")
class SetsRsv1OnShortRepliesThatItDoesNotCompress(Connection):
    """A reply of less than 64 bytes is not compressed, but marked as if it were."""

    def send_message(self, message: Message) -> None:
        payload = message.encode() if isinstance(message, str) else message
        if self.deflater is not None and len(payload) < 64:
            self.send_frame(Frame(TEXT if isinstance(message, str) else BINARY, payload, rsv1=True))
        else:
            super().send_message(message)


@fault("RFC 7692 §6.1", caught_by="test_ping_between_compressed_fragments_is_answered[whole]")
class SetsRsv1OnPongs(Connection):
    """Once compression is agreed, a Pong has RSV1 set."""

    def encode_frame(self, frame: Frame) -> bytes:
        rsv1 = frame.rsv1 or (frame.opcode == PONG and self.deflater is not None)
        return Frame(frame.opcode, frame.payload, rsv1=rsv1).encode(masked=False)


@fault("RFC 7692 §6.1", caught_by="test_ping_between_compressed_fragments_is_answered[whole]")
class CompressesPongs(Connection):
    """Once compression is agreed, the payload of a Pong is compressed."""

    def on_ping(self, payload: bytes) -> None:
        if self.deflater is None:
            super().on_ping(payload)
        else:
            self.send_frame(Frame(PONG, self.deflater.compress(payload)[:125], rsv1=True))


@fault("RFC 7692 §6.1", caught_by="test_server_compresses_no_control_frame[2]")
class CompressesItsClose(Connection):
    """Once compression is agreed, the body of a Close is compressed."""

    def close_reply(self, code: int | None, reason: bytes) -> Frame:
        frame = super().close_reply(code, reason)
        if self.deflater is None:
            return frame
        return Frame(CLOSE, self.deflater.compress(frame.payload), rsv1=True)


class FragmentingConnection(Connection):
    """Sends long compressed replies in two fragments."""

    continuation_rsv1 = False
    first_rsv1 = True

    def encode_frame(self, frame: Frame) -> bytes:
        if not frame.rsv1 or len(frame.payload) < 200:
            return super().encode_frame(frame)
        first = Frame(frame.opcode, frame.payload[:100], fin=False, rsv1=self.first_rsv1)
        last = Frame(CONTINUATION, frame.payload[100:], rsv1=self.continuation_rsv1)
        return first.encode(masked=False) + last.encode(masked=False)


@fault("RFC 7692 §6.1", caught_by="test_fragments_of_one_byte_make_one_message[2000]")
class SetsRsv1OnEachFragment(FragmentingConnection):
    """A long reply comes in fragments, and each has RSV1 set."""

    continuation_rsv1 = True


@fault("RFC 7692 §6.1", caught_by="test_fragments_of_one_byte_make_one_message[2000]")
class SetsRsv1OnTheLastFragment(FragmentingConnection):
    """A long reply comes in fragments, and only the last has RSV1 set."""

    continuation_rsv1 = True
    first_rsv1 = False


@fault("RFC 7692 §6.2", caught_by="test_uncompressed_message_is_taken_as_it_is[empty]")
class InflatesPlainMessages(Connection):
    """Once compression is agreed, every message is inflated, RSV1 or not."""

    def start_message(self, header: Header) -> None:
        super().start_message(header)
        self.compressed = self.inflater is not None


@fault("RFC 7692 §6.2", caught_by="test_uncompressed_message_is_taken_as_it_is[empty]")
class RefusesPlainMessages(Connection):
    """Once compression is agreed, a message without RSV1 is refused."""

    def check_order(self, header: Header) -> None:
        super().check_order(header)
        if self.inflater is not None and header.opcode != CONTINUATION and not header.rsv1:
            raise Violation(PROTOCOL_ERROR, "the message is not compressed")


@fault("RFC 7692 §6.1", caught_by="test_compressed_fragments_make_one_message[10-frame by frame]")
class LetsTheLastFragmentSayWhetherItIsCompressed(Connection):
    """RSV1 is read from each frame, so that a continuation is taken for plain data."""

    def frame_begins(self, header: Header) -> None:
        super().frame_begins(header)
        self.compressed = header.rsv1 or (self.compressed and header.opcode >= CLOSE)


@fault("RFC 7692 §6.1", caught_by="test_misplaced_rsv1_is_refused_with_1002[continuation]")
class AcceptsRsv1OnContinuations(Connection):
    """Once compression is agreed, a continuation may have RSV1 set."""

    def check_reserved_bits(self, header: Header) -> None:
        if not (header.rsv1 and self.inflater is not None and header.opcode == CONTINUATION):
            super().check_reserved_bits(header)


@fault("RFC 7692 §6.1", caught_by="test_compressed_control_frame_fails_the_connection[close-as it is]")
class AcceptsRsv1OnControlFrames(Connection):
    """Once compression is agreed, a control frame may have RSV1 set."""

    def check_reserved_bits(self, header: Header) -> None:
        if not (header.rsv1 and self.inflater is not None and header.opcode >= CLOSE):
            super().check_reserved_bits(header)


@fault("RFC 6455 §5.2", caught_by="test_other_reserved_bit_fails_a_compressed_connection[rsv 101]")
class AcceptsRsv2WithCompression(Connection):
    """Once compression is agreed, RSV2 and RSV3 are not looked at."""

    def check_reserved_bits(self, header: Header) -> None:
        if self.inflater is None or header.opcode == CONTINUATION or header.opcode >= CLOSE:
            super().check_reserved_bits(header)


@fault("RFC 7692 §6.1", caught_by="test_ping_between_compressed_fragments_is_answered[whole]")
class LosesItsContextAtAPing(Connection):
    """A Ping inside a compressed message resets the inflater."""

    def on_ping(self, payload: bytes) -> None:
        super().on_ping(payload)
        if self.inflater is not None and self.in_message:
            self.inflater.stream = self.inflater.new_stream()


@fault("RFC 7692 §7.2.2", caught_by="test_uncompressed_message_is_no_part_of_the_window")
class LosesItsContextAtAPlainMessage(Connection):
    """A message without RSV1 resets the inflater."""

    def start_message(self, header: Header) -> None:
        super().start_message(header)
        if self.inflater is not None and not header.rsv1:
            self.inflater.stream = self.inflater.new_stream()


@fault("RFC 7692 §7.2.2", caught_by="test_empty_message_leaves_the_window_as_it_is[stored]")
class LosesItsContextAtAnEmptyMessage(Connection):
    """An empty compressed message resets the inflater."""

    def message(self, message: Message) -> None:
        super().message(message)
        if self.inflater is not None and not message:
            self.inflater.stream = self.inflater.new_stream()


@fault("RFC 7692 §7.2.3.6", caught_by="test_compressed_empty_message_is_understood[stored]")
class RefusesEmptyCompressedMessages(Connection):
    """A compressed message that inflates to nothing is broken data."""

    def message(self, message: Message) -> None:
        if self.compressed and not message:
            raise Violation(1007, "there is no data")
        super().message(message)


@fault("RFC 7692 §7.2.2", caught_by="test_message_refers_back_to_an_earlier_message[0]")
class ChecksTextBeforeItIsInflated(Connection):
    """The compressed bytes must be UTF-8."""

    def data(self, piece: bytes) -> None:
        if self.is_text and self.compressed:
            try:
                Utf8().decode(piece)
            except UnicodeDecodeError as error:
                raise self.not_utf8() from error
        super().data(piece)


@fault(
    "RFC 6455 §8.1", caught_by="test_compressed_text_that_is_not_utf8_fails_the_connection[behind good text]"
)
class DoesNotCheckInflatedText(Connection):
    """A compressed text is not checked for UTF-8."""

    def start_message(self, header: Header) -> None:
        super().start_message(header)
        if header.rsv1:
            self.utf8.decoder.errors = "replace"


@fault(
    "RFC 7692 §6.1",
    caught_by="test_compressed_and_uncompressed_messages_take_turns[u-C-u-c]",
    origin="blind round 4",
)
class TakesAMessageForUncompressedBehindFragments(Connection):
    """Behind a fragmented message that was not compressed RSV1 of the next one is not looked at."""

    fragmented = False

    def start_message(self, header: Header) -> None:
        super().start_message(header)
        if self.fragmented:
            self.compressed = False
        self.fragmented = not header.fin and not header.rsv1


@fault(
    "RFC 7692 §6.1",
    caught_by="test_compressed_message_after_an_early_control_frame_is_taken[pong-whole]",
    origin="aiohttp 3.14.2",
)
class DecidesOnCompressionAtTheFirstFrame(Connection):
    """Whether messages are compressed is taken from the first frame, even from a control frame."""

    decided: bool | None = None

    def check_reserved_bits(self, header: Header) -> None:
        if self.decided is None:
            self.decided = header.rsv1
        if header.rsv1 and not self.decided:
            raise Violation(PROTOCOL_ERROR, "a reserved bit is set")
        super().check_reserved_bits(header)


@fault("RFC 7692 §6.1", caught_by="test_compressed_message_after_an_early_control_frame_is_taken[ping-whole]")
class ForgetsTheAgreementAtAPing(Connection):
    """A Ping before the first message leaves the connection without compression."""

    spoken = False

    def on_ping(self, payload: bytes) -> None:
        super().on_ping(payload)
        if not self.spoken:
            self.inflater = None

    def message(self, message: Message) -> None:
        self.spoken = True
        super().message(message)


@fault(
    "RFC 7692 §6.1",
    caught_by="test_compressed_message_after_an_early_control_frame_is_taken[empty pong-whole]",
)
class LosesItsDecoderAtAnEmptyPong(Connection):
    """An empty Pong is run through the decoder, which takes it for the end of the stream."""

    def on_pong(self, payload: bytes) -> None:
        super().on_pong(payload)
        if not payload and self.inflater is not None:
            self.inflater.stream = zlib.decompressobj(wbits=15)
