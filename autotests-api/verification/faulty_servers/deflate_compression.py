"""Faults in compressing a reply: windows, contexts and tails (RFC 7692 §7.1, §7.2.1)."""

from __future__ import annotations

import zlib
from typing import ClassVar

from pytest_websocket.protocol.frames import BINARY, TEXT, Frame
from verification.faulty_servers.correct import Connection, EchoServer
from verification.faulty_servers.correct.compression import Deflater
from verification.faulty_servers.correct.framing import Message
from verification.faulty_servers.correct.negotiation import MAX_WINDOW_BITS, Agreement
from verification.faulty_servers.deflate_decompression import CodecConnection
from verification.faulty_servers.registry import fault


@fault("RFC 7692 §7.1.1.1", caught_by="test_server_forgets_its_window_between_messages_of_all_kinds")
class KeepsItsContext(CodecConnection):
    """server_no_context_takeover is agreed to, and the context is kept."""

    class KeepingDeflater(Deflater):
        """Never starts afresh."""

        def __init__(self, agreement: Agreement) -> None:
            super().__init__(agreement)
            self.takeover = True

    deflater_class = KeepingDeflater


@fault("RFC 7692 §7.1.1", caught_by="test_server_no_context_takeover_leaves_the_clients_window_alone")
class MixesUpTheTwoContexts(CodecConnection):
    """server_no_context_takeover resets the inflater, client_no_context_takeover the deflater."""

    def start_codecs(self) -> None:
        super().start_codecs()
        if self.deflater is not None and self.inflater is not None:
            self.deflater.takeover, self.inflater.takeover = self.inflater.takeover, self.deflater.takeover


@fault("RFC 7692 §7.1.2.1", caught_by="test_limit_of_the_server_leaves_the_clients_window_whole[9]")
class CompressesInTheFullWindow(CodecConnection):
    """server_max_window_bits is agreed to, and the window stays at 32 KiB."""

    class WideDeflater(Deflater):
        """Has 15 bits, always."""

        def new_stream(self) -> zlib._Compress:
            return zlib.compressobj(wbits=-MAX_WINDOW_BITS)

    deflater_class = WideDeflater


@fault("RFC 7692 §7.1.2", caught_by="test_limit_of_the_server_leaves_the_clients_window_whole[12]")
class MixesUpTheTwoWindows(CodecConnection):
    """The server compresses in the client's window and inflates in its own."""

    def start_codecs(self) -> None:
        super().start_codecs()
        if self.deflater is not None and self.inflater is not None:
            self.deflater.bits, self.inflater.bits = self.inflater.bits, self.deflater.bits
            self.deflater.stream = self.deflater.new_stream()
            self.inflater.stream = self.inflater.new_stream()


@fault("RFC 7692 §7.2.1", caught_by="test_answer_inflates_to_its_message[short-small window]")
class LeavesTheTailOn(CodecConnection):
    """The four bytes 00 00 FF FF at the end of a compressed message are sent."""

    class LeavingDeflater(Deflater):
        """Cuts nothing."""

        def cut_tail(self, compressed: bytes) -> bytes:
            return compressed

    deflater_class = LeavingDeflater


@fault("RFC 7692 §7.2.1", caught_by="test_answer_inflates_to_its_message[short-small window]")
class CutsTooMuchOfTheTail(CodecConnection):
    """Five bytes are cut from the end of a compressed message instead of four."""

    class CuttingDeflater(Deflater):
        """Cuts one byte too many."""

        def cut_tail(self, compressed: bytes) -> bytes:
            return compressed[:-5]

    deflater_class = CuttingDeflater


@fault("RFC 7692 §7.2.1", caught_by="test_server_keeps_its_window_message_after_message[8]")
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


@fault("RFC 7692 §7.2.1", caught_by="test_answer_inflates_to_its_message[short-small window]")
class SendsAZlibHeader(CodecConnection):
    """The compressed data begins with the two bytes of the zlib format."""

    class ZlibDeflater(Deflater):
        """Writes the zlib format."""

        def new_stream(self) -> zlib._Compress:
            return zlib.compressobj(wbits=max(self.bits, 9))

    deflater_class = ZlibDeflater


@fault("RFC 7692 §7.2.1", caught_by="test_server_keeps_its_window_from_message_to_message[11]")
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


@fault("RFC 7692 §7.2.1", caught_by="test_repeated_answer_after_another_one_inflates[small window]")
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


class OtherDeflater(Connection):
    """Compresses in a way of its own."""

    deflater_class: ClassVar[type[Deflater]] = Deflater

    def start_codecs(self) -> None:
        super().start_codecs()
        if self.agreed.deflate is not None:
            self.deflater = self.deflater_class(self.agreed.deflate)


class WidensWhenItResets(Deflater):
    """Has the agreed window for the first message only."""

    used = False

    def new_stream(self) -> zlib._Compress:
        if self.used:
            return zlib.compressobj(wbits=-MAX_WINDOW_BITS)
        self.used = True
        return super().new_stream()


@fault(
    "RFC 7692 §7.2.1",
    caught_by="test_server_keeps_its_window_without_context_takeover[9]",
    origin="blind round 3",
)
class ForgetsTheWindowWhenItResets(OtherDeflater):
    """Without context takeover every message but the first is compressed with the biggest window."""

    deflater_class = WidensWhenItResets


class CutsShortTails(Deflater):
    """Has an output buffer of 8 KiB."""

    def cut_tail(self, compressed: bytes) -> bytes:
        return compressed if len(compressed) > 8192 else super().cut_tail(compressed)


@fault(
    "RFC 7692 §7.2.1", caught_by="test_server_keeps_its_window_within_a_message[1-15]", origin="blind round 3"
)
class KeepsTheTailOfLongMessages(OtherDeflater):
    """00 00 FF FF is not cut off when the compressed message needs more than one buffer."""

    deflater_class = CutsShortTails


class NeverResets(Deflater):
    """Leaves it to its user to forget the context."""

    def __init__(self, agreement: Agreement) -> None:
        super().__init__(agreement)
        self.takeover = True


@fault(
    "RFC 7692 §7.2.1",
    caught_by="test_answers_to_messages_sent_together_inflate_in_their_order[server no takeover]",
    origin="blind round 3",
)
class KeepsContextWithinASegment(OtherDeflater):
    """server_no_context_takeover holds between segments; replies to messages of one share their context."""

    deflater_class = NeverResets

    def feed(self) -> None:
        try:
            super().feed()
        finally:
            agreement = self.agreed.deflate
            if agreement and agreement.server_no_context_takeover and self.deflater:
                self.deflater.stream = self.deflater.new_stream()


@fault(
    "RFC 7692 §7.2.1",
    caught_by="test_binary_answer_inflates_to_its_message[1000-as browsers do]",
    origin="blind round 3",
)
class CompressesWhatItSendsPlain(Connection):
    """A long reply that does not shrink is sent plain, but stays in the window for later replies."""

    def send_message(self, message: Message) -> None:
        payload = message.encode() if isinstance(message, str) else message
        if self.deflater is None or len(payload) < 256:
            super().send_message(message)
            return
        opcode = TEXT if isinstance(message, str) else BINARY
        compressed = self.deflater.compress(payload)
        if len(compressed) < len(payload):
            self.send_frame(Frame(opcode, compressed, rsv1=True))
        else:
            self.send_frame(Frame(opcode, payload))


class TakesADirtyDeflater(Connection):
    """Takes its compressor from the server's pool."""

    server: ReusesADirtyDeflater

    def start_codecs(self) -> None:
        super().start_codecs()
        if self.agreed.deflate in self.server.pool:
            self.deflater = self.server.pool.pop(self.agreed.deflate)


@fault(
    "RFC 7692 §7.2.1",
    caught_by="test_window_holds_nothing_of_another_connection[reset]",
    origin="blind round 3",
)
class ReusesADirtyDeflater(EchoServer):
    """The compressor of a client that vanished without a Close serves another one with its old window."""

    connection_class: ClassVar[type[Connection]] = TakesADirtyDeflater

    def __init__(self) -> None:
        super().__init__()
        self.pool: dict[Agreement | None, Deflater] = {}

    def release(self, connection: Connection) -> None:
        if connection.deflater is not None and not connection.close_sent:
            self.pool[connection.agreed.deflate] = connection.deflater
