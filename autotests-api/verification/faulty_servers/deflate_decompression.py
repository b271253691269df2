"""Faults in decompressing a message (RFC 7692 §7.1, §7.2.2, §7.2.3)."""

from __future__ import annotations

import zlib

from pytest_websocket.protocol.frames import CONTINUATION, Header
from verification.faulty_servers.correct import Connection
from verification.faulty_servers.correct.compression import TAIL, BrokenDeflate, Deflater, Inflater, TooBig
from verification.faulty_servers.correct.framing import Message
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


@fault("RFC 7692 §7.2.2", caught_by="test_message_refers_back_to_an_earlier_message[1]")
class ForgetsTheClientsContext(CodecConnection):
    """The inflater starts afresh with each message, though the client may refer back."""

    class ForgettingInflater(Inflater):
        """Always starts afresh."""

        def __init__(self, agreement: Agreement) -> None:
            super().__init__(agreement)
            self.takeover = False

    inflater_class = ForgettingInflater


@fault("RFC 7692 §7.1.2.2", caught_by="test_limit_of_the_client_leaves_the_servers_messages_whole[12]")
class InflatesInANarrowWindow(CodecConnection):
    """The inflater has a window of 512 bytes, whatever was agreed."""

    class NarrowInflater(Inflater):
        """Has 9 bits, always."""

        def new_stream(self) -> zlib._Decompress:
            return zlib.decompressobj(wbits=-9)

    inflater_class = NarrowInflater


@fault("RFC 7692 §7.2.2", caught_by="test_reference_across_a_final_block_is_never_misread")
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


@fault("RFC 7692 §7.2.3.4", caught_by="test_message_ended_by_a_final_block_is_understood[1]")
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


@fault("RFC 7692 §7.2.2", caught_by="test_truncated_data_is_not_taken_for_a_message[no end of block]")
class AcceptsDataThatStopsInsideABlock(CodecConnection):
    """Compressed data that is cut off is answered as far as it went."""

    class TrustingInflater(Inflater):
        """Checks nothing at the end."""

        def check_complete(self) -> None:
            pass

    inflater_class = TrustingInflater


@fault(
    "RFC 7692 §7.2.2", caught_by="test_truncated_data_is_not_taken_for_a_message[without its last two bytes]"
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


@fault("RFC 7692 §7.2.2", caught_by="test_message_refers_back_to_a_fragmented_message")
class InflatesEachFragment(Connection):
    """Each fragment is ended like a message."""

    def frame_ends(self, header: Header) -> None:
        if self.compressed and not header.fin:
            self.add(self.inflate_end())
        super().frame_ends(header)


@fault(
    "RFC 7692 §7.2.2",
    caught_by="test_broken_data_fails_the_connection[stored length with another complement]",
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


@fault("RFC 6455 §10.4", caught_by="test_compressed_fragments_beyond_the_limit_fail_the_connection[10]")
class CountsTheCompressedSize(CodecConnection):
    """The limit is for what is on the wire, so that a small bomb makes a big message."""

    class UnlimitedInflater(Inflater):
        """Inflates up to 64 MiB."""

        def inflate(self, data: bytes, limit: int) -> bytes:
            return super().inflate(data, 1 << 26)

    inflater_class = UnlimitedInflater


@fault("contract", caught_by="test_limit_is_of_the_message_and_not_of_its_compressed_form")
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


@fault("RFC 7692 §7.2.2", caught_by="test_truncated_data_is_not_taken_for_a_message[one byte of it]")
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


@fault("RFC 7692 §7.2.2", caught_by="test_message_refers_back_when_more_was_sent_than_a_window_holds[10000]")
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


class HalfTheWindow(Inflater):
    """Saves memory."""

    def new_stream(self) -> zlib._Decompress:
        return zlib.decompressobj(wbits=-min(self.bits, MAX_WINDOW_BITS - 1))


@fault(
    "RFC 7692 §7.2.2",
    caught_by="test_reference_across_many_messages_is_understood[1]",
    origin="blind round 3",
)
class InflatesWithHalfTheWindow(Connection):
    """What the client refers to in earlier messages is forgotten after 16 KiB instead of 32."""

    def start_codecs(self) -> None:
        super().start_codecs()
        if self.agreed.deflate is not None:
            self.inflater = HalfTheWindow(self.agreed.deflate)


@fault(
    "RFC 7692 §7.2.2", caught_by="test_uncompressed_message_is_no_part_of_the_window", origin="blind round 3"
)
class ForgetsItsWindowAfterAPlainMessage(Connection):
    """An uncompressed message between compressed ones empties the window of the client's context."""

    def finish_message(self) -> Message:
        if self.inflater is not None and not self.compressed:
            self.inflater.stream = self.inflater.new_stream()
        return super().finish_message()


@fault(
    "RFC 7692 §7.2.3.6",
    caught_by="test_compressed_empty_message_in_fragments_is_understood[[b'\\\\x00', b'']]",
    origin="blind round 3",
)
class ForgetsTheTailAfterAnEmptyLastFragment(Connection):
    """When the last fragment is empty, 00 00 FF FF is not appended, and the next message breaks."""

    ends_empty = False

    def frame_begins(self, header: Header) -> None:
        super().frame_begins(header)
        self.ends_empty = header.opcode == CONTINUATION and not header.length

    def inflate_end(self) -> bytes:
        return b"" if self.ends_empty else super().inflate_end()


@fault(
    "RFC 7692 §7.2.2",
    caught_by="test_empty_message_leaves_the_window_as_it_is[fixed]",
    origin="blind round 3",
)
class WaitsForMoreOfAnEmptyMessage(Connection):
    """A compressed message that inflates to nothing is taken for incomplete, and not answered."""

    def message(self, message: Message) -> None:
        if message or not self.compressed:
            super().message(message)
