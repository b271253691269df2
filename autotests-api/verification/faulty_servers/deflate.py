"""Faults in the compressed data itself: windows, contexts, tails and limits (RFC 7692 §7.1, §7.2)."""

from __future__ import annotations

import zlib

from pytest_websocket.protocol.frames import Header
from verification.faulty_servers.correct import Connection
from verification.faulty_servers.correct.compression import TAIL, BrokenDeflate, Deflater, Inflater, TooBig
from verification.faulty_servers.correct.negotiation import MAX_WINDOW_BITS, Agreement
from verification.faulty_servers.registry import fault


class CodecConnection(Connection):
    """Uses other codecs than the correct server."""

    deflater_class: type[Deflater] = Deflater
    inflater_class: type[Inflater] = Inflater

    def start_codecs(self) -> None:
        super().start_codecs()
        if self.agreed.deflate is not None:
            self.deflater = self.deflater_class(self.agreed.deflate)
            self.inflater = self.inflater_class(self.agreed.deflate)


@fault(
    "RFC 7692 §7.1.1.1",
    caught_by="tests/conformance/rfc7692/test_07_1_1_context_takeover.py::"
    "test_server_forgets_its_window_between_messages_of_all_kinds",
)
class KeepsItsContext(CodecConnection):
    """server_no_context_takeover is agreed to, and the context is kept."""

    class KeepingDeflater(Deflater):
        """Never starts afresh."""

        def __init__(self, agreement: Agreement) -> None:
            super().__init__(agreement)
            self.takeover = True

    deflater_class = KeepingDeflater


@fault(
    "RFC 7692 §7.2.2",
    caught_by="tests/conformance/rfc7692/test_07_1_1_context_takeover.py::"
    "test_message_refers_back_to_an_earlier_message[1]",
)
class ForgetsTheClientsContext(CodecConnection):
    """The inflater starts afresh with each message, though the client may refer back."""

    class ForgettingInflater(Inflater):
        """Always starts afresh."""

        def __init__(self, agreement: Agreement) -> None:
            super().__init__(agreement)
            self.takeover = False

    inflater_class = ForgettingInflater


@fault(
    "RFC 7692 §7.1.1",
    caught_by="tests/conformance/rfc7692/test_07_1_1_context_takeover.py::"
    "test_server_no_context_takeover_leaves_the_clients_window_alone",
)
class MixesUpTheTwoContexts(CodecConnection):
    """server_no_context_takeover resets the inflater, client_no_context_takeover the deflater."""

    def start_codecs(self) -> None:
        super().start_codecs()
        if self.deflater is not None and self.inflater is not None:
            self.deflater.takeover, self.inflater.takeover = self.inflater.takeover, self.deflater.takeover


@fault(
    "RFC 7692 §7.1.2.1",
    caught_by="tests/conformance/rfc7692/test_07_1_2_window_size.py::"
    "test_limit_of_the_server_leaves_the_clients_window_whole[9]",
)
class CompressesInTheFullWindow(CodecConnection):
    """server_max_window_bits is agreed to, and the window stays at 32 KiB."""

    class WideDeflater(Deflater):
        """Has 15 bits, always."""

        def new_stream(self) -> zlib._Compress:
            return zlib.compressobj(wbits=-MAX_WINDOW_BITS)

    deflater_class = WideDeflater


@fault(
    "RFC 7692 §7.1.2",
    caught_by="tests/conformance/rfc7692/test_07_1_2_window_size.py::"
    "test_limit_of_the_server_leaves_the_clients_window_whole[12]",
)
class MixesUpTheTwoWindows(CodecConnection):
    """The server compresses in the client's window and inflates in its own."""

    def start_codecs(self) -> None:
        super().start_codecs()
        if self.deflater is not None and self.inflater is not None:
            self.deflater.bits, self.inflater.bits = self.inflater.bits, self.deflater.bits
            self.deflater.stream = self.deflater.new_stream()
            self.inflater.stream = self.inflater.new_stream()


@fault(
    "RFC 7692 §7.1.2.2",
    caught_by="tests/conformance/rfc7692/test_07_1_2_window_size.py::"
    "test_limit_of_the_client_leaves_the_servers_messages_whole[12]",
)
class InflatesInANarrowWindow(CodecConnection):
    """The inflater has a window of 512 bytes, whatever was agreed."""

    class NarrowInflater(Inflater):
        """Has 9 bits, always."""

        def new_stream(self) -> zlib._Decompress:
            return zlib.decompressobj(wbits=-9)

    inflater_class = NarrowInflater


@fault(
    "RFC 7692 §7.2.1",
    caught_by="tests/conformance/rfc7692/test_07_2_1_compression.py::"
    "test_answer_inflates_to_its_message[short-small window]",
)
class LeavesTheTailOn(CodecConnection):
    """The four bytes 00 00 FF FF at the end of a compressed message are sent."""

    class LeavingDeflater(Deflater):
        """Cuts nothing."""

        def cut_tail(self, compressed: bytes) -> bytes:
            return compressed

    deflater_class = LeavingDeflater


@fault(
    "RFC 7692 §7.2.1",
    caught_by="tests/conformance/rfc7692/test_07_2_1_compression.py::"
    "test_answer_inflates_to_its_message[short-small window]",
)
class CutsTooMuchOfTheTail(CodecConnection):
    """Five bytes are cut from the end of a compressed message instead of four."""

    class CuttingDeflater(Deflater):
        """Cuts one byte too many."""

        def cut_tail(self, compressed: bytes) -> bytes:
            return compressed[:-5]

    deflater_class = CuttingDeflater


@fault(
    "RFC 7692 §7.2.1",
    caught_by="tests/conformance/rfc7692/test_07_1_2_window_size.py::"
    "test_server_keeps_its_window_message_after_message[8]",
)
class CutsFourBytesOfAFinishedStream(CodecConnection):
    """The stream is finished and not flushed, and its last four bytes, which are data, are cut off."""

    class FinishingDeflater(Deflater):
        """Ends the stream with each message."""

        def flush(self) -> bytes:
            end = self.stream.flush(zlib.Z_FINISH)
            self.stream = self.new_stream()
            return end

        def cut_tail(self, compressed: bytes) -> bytes:
            return compressed[:-4]

    deflater_class = FinishingDeflater


@fault(
    "RFC 7692 §7.2.1",
    caught_by="tests/conformance/rfc7692/test_07_2_1_compression.py::"
    "test_answer_inflates_to_its_message[short-small window]",
)
class SendsAZlibHeader(CodecConnection):
    """The compressed data begins with the two bytes of the zlib format."""

    class ZlibDeflater(Deflater):
        """Writes the zlib format."""

        def new_stream(self) -> zlib._Compress:
            return zlib.compressobj(wbits=max(self.bits, 9))

    deflater_class = ZlibDeflater


@fault(
    "RFC 7692 §7.2.1",
    caught_by="tests/conformance/rfc7692/test_07_1_2_window_size.py::"
    "test_server_keeps_its_window_from_message_to_message[11]",
)
class LosesATenthMessageFromItsContext(CodecConnection):
    """The tenth message is compressed by a copy, so that the window lacks it afterwards."""

    class ForgetfulDeflater(Deflater):
        """Compresses one message in ten beside the stream."""

        count = 0

        def compress(self, data: bytes) -> bytes:
            self.count += 1
            if self.count % 10:
                return super().compress(data)
            kept = self.stream.copy()
            compressed = super().compress(data)
            if self.takeover:
                self.stream = kept
            return compressed

    deflater_class = ForgetfulDeflater


@fault(
    "RFC 7692 §7.2.2",
    caught_by="tests/conformance/rfc7692/test_07_2_3_4_final_blocks.py::"
    "test_reference_across_a_final_block_is_never_misread",
)
class IgnoresFinalBlocks(CodecConnection):
    """After a block with BFINAL nothing more is inflated."""

    class StoppingInflater(Inflater):
        """Never starts a new stream."""

        def inflate(self, data: bytes, limit: int) -> bytes:
            if self.stream.eof:
                return b""
            try:
                inflated = self.stream.decompress(data, limit + 1)
            except zlib.error as error:
                raise BrokenDeflate(str(error)) from error
            if len(inflated) > limit:
                raise TooBig
            return inflated

    inflater_class = StoppingInflater


@fault(
    "RFC 7692 §7.2.3.4",
    caught_by="tests/conformance/rfc7692/test_07_2_3_4_final_blocks.py::"
    "test_message_ended_by_a_final_block_is_understood[1]",
)
class RefusesFinalBlocks(CodecConnection):
    """A block with BFINAL is broken data."""

    class RefusingInflater(Inflater):
        """Knows no end."""

        def inflate(self, data: bytes, limit: int) -> bytes:
            inflated = super().inflate(data, limit)
            if self.stream.eof:
                raise BrokenDeflate("final block")
            return inflated

    inflater_class = RefusingInflater


@fault(
    "RFC 7692 §7.2.2",
    caught_by="tests/conformance/rfc7692/test_07_2_2_decompression.py::"
    "test_truncated_data_is_not_taken_for_a_message[no end of block]",
)
class AcceptsDataThatStopsInsideABlock(CodecConnection):
    """Compressed data that is cut off is answered as far as it went."""

    class TrustingInflater(Inflater):
        """Checks nothing at the end."""

        def check_complete(self) -> None:
            pass

    inflater_class = TrustingInflater


@fault(
    "RFC 7692 §7.2.2",
    caught_by="tests/conformance/rfc7692/test_07_2_2_decompression.py::"
    "test_truncated_data_is_not_taken_for_a_message[without its last two bytes]",
)
class ForgetsTheTail(CodecConnection):
    """The four bytes are not put back before a message is inflated, so that its end may stay inside zlib."""

    class TaillessInflater(Inflater):
        """Feeds only what came."""

        def finish(self, limit: int) -> bytes:
            if not self.takeover:
                self.stream = self.new_stream()
            return b""

    inflater_class = TaillessInflater


@fault(
    "RFC 7692 §7.2.2",
    caught_by="tests/conformance/rfc7692/test_07_1_1_context_takeover.py::"
    "test_message_refers_back_to_a_fragmented_message",
)
class InflatesEachFragment(Connection):
    """Each fragment is ended like a message."""

    def frame_ends(self, header: Header) -> None:
        if self.compressed and not header.fin:
            self.add(self.inflate_end())
        super().frame_ends(header)


@fault(
    "RFC 7692 §7.2.2",
    caught_by="tests/conformance/rfc7692/test_07_2_2_decompression.py::"
    "test_broken_data_fails_the_connection[stored length with another complement]",
)
class AnswersBrokenDataWithNothing(CodecConnection):
    """Data that cannot be inflated is taken for an empty message."""

    class ForgivingInflater(Inflater):
        """Raises nothing for bad data."""

        def inflate(self, data: bytes, limit: int) -> bytes:
            try:
                return super().inflate(data, limit)
            except BrokenDeflate:
                self.stream = self.new_stream()
                return b""

        def check_complete(self) -> None:
            try:
                super().check_complete()
            except BrokenDeflate:
                self.stream = self.new_stream()

    inflater_class = ForgivingInflater


@fault(
    "RFC 6455 §10.4",
    caught_by="tests/conformance/rfc7692/test_10_4_limits.py::"
    "test_compressed_fragments_beyond_the_limit_fail_the_connection[10]",
)
class CountsTheCompressedSize(CodecConnection):
    """The limit is for what is on the wire, so that a small bomb makes a big message."""

    class UnlimitedInflater(Inflater):
        """Inflates up to 64 MiB."""

        def inflate(self, data: bytes, limit: int) -> bytes:
            return super().inflate(data, 1 << 26)

    inflater_class = UnlimitedInflater


@fault(
    "contract",
    caught_by="tests/contract/test_size.py::test_limit_is_of_the_message_and_not_of_its_compressed_form",
)
class CutsAtTheLimitWhenItInflates(CodecConnection):
    """A compressed message above the limit is cut to the limit and answered."""

    class CuttingInflater(Inflater):
        """Drops what is too much."""

        def inflate(self, data: bytes, limit: int) -> bytes:
            try:
                return super().inflate(data, limit)
            except TooBig:
                return bytes(limit)

        def check_complete(self) -> None:
            self.stream = self.new_stream()

    inflater_class = CuttingInflater


@fault(
    "RFC 7692 §7.2.2",
    caught_by="tests/conformance/rfc7692/test_07_2_2_decompression.py::"
    "test_truncated_data_is_not_taken_for_a_message[one byte of it]",
)
class KeepsTheTailOfTheMessageBefore(CodecConnection):
    """The tail is put in front of the next message and not at the end of this one."""

    class LateInflater(Inflater):
        """Owes the tail."""

        owed = False

        def inflate(self, data: bytes, limit: int) -> bytes:
            before = super().inflate(TAIL, limit) if self.owed else b""
            self.owed = False
            return before + super().inflate(data, limit)

        def finish(self, limit: int) -> bytes:
            self.owed = self.takeover
            if not self.takeover:
                return super().finish(limit)
            return b""

    inflater_class = LateInflater


@fault(
    "RFC 7692 §7.2.1",
    caught_by="tests/conformance/rfc7692/test_07_2_1_compression.py::"
    "test_repeated_answer_after_another_one_inflates[small window]",
)
class RemembersWhatItCompressed(CodecConnection):
    """A reply that equals the one before is not compressed again: its bytes are repeated."""

    class RememberingDeflater(Deflater):
        """Knows the last reply."""

        last, compressed = b"", b""

        def compress(self, data: bytes) -> bytes:
            if data != self.last:
                self.last, self.compressed = data, super().compress(data)
            return self.compressed

    deflater_class = RememberingDeflater


@fault(
    "RFC 7692 §7.2.2",
    caught_by="tests/conformance/rfc7692/test_07_1_1_context_takeover.py::"
    "test_message_refers_back_when_more_was_sent_than_a_window_holds[10000]",
)
class LosesItsWindowAfter32Kib(CodecConnection):
    """When 32 KiB were inflated in all, the inflater starts afresh."""

    class TiringInflater(Inflater):
        """Counts what it gave."""

        total = 0

        def finish(self, limit: int) -> bytes:
            inflated = super().finish(limit)
            if self.total > 1 << 15:
                self.stream, self.total = self.new_stream(), 0
            return inflated

        def inflate(self, data: bytes, limit: int) -> bytes:
            inflated = super().inflate(data, limit)
            self.total += len(inflated)
            return inflated

    inflater_class = TiringInflater
