"""Faults thought of without knowing the suite: text, compression, and what the echo promises."""

from __future__ import annotations

import zlib
from typing import ClassVar

from pytest_websocket.protocol.frames import BINARY, CONTINUATION, TEXT, Frame, Header
from verification.faulty_servers.correct import Connection, EchoServer
from verification.faulty_servers.correct.compression import Deflater, Inflater
from verification.faulty_servers.correct.framing import Message
from verification.faulty_servers.correct.negotiation import MAX_WINDOW_BITS, Agreement
from verification.faulty_servers.correct.utf8 import Utf8
from verification.faulty_servers.registry import fault


class ModifiedUtf8(Utf8):
    """Reads U+0000 in two bytes, as Java's DataInput does."""

    def decode(self, data: bytes) -> str:
        return super().decode(data.replace(b"\xc0\x80", b"\x00"))


@fault(
    "RFC 6455 §8.1",
    caught_by="tests/conformance/rfc6455/test_08_1_utf8.py::"
    "test_illegal_utf8_fails_the_connection[6.19.1 c0 80]",
    origin="blind round 3",
)
class AcceptsJavasNul(Connection):
    """The overlong C0 80 is taken for U+0000."""

    def new_utf8(self) -> Utf8:
        return ModifiedUtf8()


@fault(
    "RFC 6455 §8.1",
    caught_by="tests/conformance/rfc6455/test_08_1_utf8.py::"
    "test_astral_character_cut_at_any_byte_is_whole[3]",
    origin="blind round 3",
)
class CarriesTwoBytesOfACharacter(Connection):
    """A fragment may end after one or two bytes of a character; after three the text counts as broken."""

    def frame_ends(self, header: Header) -> None:
        if not header.fin and len(self.utf8.decoder.getstate()[0]) == 3:
            raise self.not_utf8()
        super().frame_ends(header)


class BorrowsTheDecoder(Connection):
    """Resets the server's decoder for each message of its own."""

    server: SharesTheTextDecoder

    def new_utf8(self) -> Utf8:
        self.server.utf8.decoder.reset()
        return self.server.utf8


@fault(
    "contract",
    caught_by="tests/contract/test_isolation.py::test_wide_character_split_while_another_client_sends_stays_whole",
    origin="blind round 3",
)
class SharesTheTextDecoder(EchoServer):
    """Half a character of one client's fragment is completed or lost by what another client sends."""

    connection_class: ClassVar[type[Connection]] = BorrowsTheDecoder

    def __init__(self) -> None:
        super().__init__()
        self.utf8 = Utf8()


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
    caught_by="tests/conformance/rfc7692/test_07_1_2_window_size.py::"
    "test_server_keeps_its_window_without_context_takeover[9]",
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
    "RFC 7692 §7.2.1",
    caught_by="tests/conformance/rfc7692/test_07_1_2_window_size.py::"
    "test_server_keeps_its_window_within_a_message[1-15]",
    origin="blind round 3",
)
class KeepsTheTailOfLongMessages(OtherDeflater):
    """00 00 FF FF is not cut off when the compressed message needs more than one buffer."""

    deflater_class = CutsShortTails


class NeverResets(Deflater):
    """Leaves it to somebody else to forget the context."""

    def __init__(self, agreement: Agreement) -> None:
        super().__init__(agreement)
        self.takeover = True


@fault(
    "RFC 7692 §7.2.1",
    caught_by="tests/conformance/rfc7692/test_07_2_1_compression.py::"
    "test_answers_to_messages_sent_together_inflate_in_their_order[server no takeover]",
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
    caught_by="tests/conformance/rfc7692/test_07_2_1_compression.py::"
    "test_binary_answer_inflates_to_its_message[1000-as browsers do]",
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
    caught_by="tests/conformance/rfc7692/test_07_2_1_compression.py::test_answer_inflates_to_its_message",
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


class HalfTheWindow(Inflater):
    """Saves memory."""

    def new_stream(self) -> zlib._Decompress:
        return zlib.decompressobj(wbits=-min(self.bits, MAX_WINDOW_BITS - 1))


@fault(
    "RFC 7692 §7.2.2",
    caught_by="tests/conformance/rfc7692/test_07_1_2_window_size.py::"
    "test_reference_across_many_messages_is_understood[1]",
    origin="blind round 3",
)
class InflatesWithHalfTheWindow(Connection):
    """What the client refers to in earlier messages is forgotten after 16 KiB instead of 32."""

    def start_codecs(self) -> None:
        super().start_codecs()
        if self.agreed.deflate is not None:
            self.inflater = HalfTheWindow(self.agreed.deflate)


@fault(
    "RFC 7692 §7.2.2",
    caught_by="tests/conformance/rfc7692/test_07_1_1_context_takeover.py::"
    "test_uncompressed_message_is_no_part_of_the_window",
    origin="blind round 3",
)
class ForgetsItsWindowAfterAPlainMessage(Connection):
    """An uncompressed message between compressed ones empties the window of the client's context."""

    def finish_message(self) -> Message:
        if self.inflater is not None and not self.compressed:
            self.inflater.stream = self.inflater.new_stream()
        return super().finish_message()


@fault(
    "RFC 7692 §7.2.3.6",
    caught_by="tests/conformance/rfc7692/test_07_2_2_decompression.py::"
    "test_compressed_empty_message_in_fragments_is_understood[[b'\\\\x00', b'']]",
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
    caught_by="tests/conformance/rfc7692/test_07_1_1_context_takeover.py::"
    "test_empty_message_leaves_the_window_as_it_is[fixed]",
    origin="blind round 3",
)
class WaitsForMoreOfAnEmptyMessage(Connection):
    """A compressed message that inflates to nothing is taken for incomplete, and not answered."""

    def message(self, message: Message) -> None:
        if message or not self.compressed:
            super().message(message)


@fault(
    "contract",
    caught_by="tests/contract/test_size.py::test_limit_is_of_the_message_and_not_of_the_pings_between",
    origin="blind round 3",
)
class RefusesExactlyTheLimitInFragments(Connection):
    """A message of exactly 1 MiB is too big when it comes in fragments."""

    def check_size(self, header: Header) -> None:
        super().check_size(header)
        if header.opcode == CONTINUATION and self.received + header.length == self.limit:
            raise self.too_big()


@fault(
    "contract",
    caught_by="tests/conformance/rfc6455/test_10_4_limits.py::"
    "test_fragmented_messages_below_the_limit_do_not_add_up",
    origin="blind round 3",
)
class CountsFragmentedMessagesTogether(Connection):
    """The limit holds for all the fragmented messages of a connection together."""

    total = 0

    def check_size(self, header: Header) -> None:
        super().check_size(header)
        if header.opcode == CONTINUATION and self.total + self.received + header.length > self.limit:
            raise self.too_big()

    def frame_ends(self, header: Header) -> None:
        if header.opcode == CONTINUATION and header.fin:
            self.total += self.received
        super().frame_ends(header)


class InheritsText(Connection):
    """Gets the buffer of a client that is gone."""

    server: InheritsTheFragmentsOfTheVanished

    def finish_message(self) -> Message:
        message = super().finish_message()
        if isinstance(message, str):
            inherited, self.server.left = self.server.left, ""
            return inherited + message
        return message


@fault(
    "contract",
    caught_by="tests/contract/test_isolation.py::"
    "test_client_that_disconnects_does_not_disturb_another[disconnects between fragments]",
    origin="blind round 3",
)
class InheritsTheFragmentsOfTheVanished(EchoServer):
    """What a client sent of a text before it vanished stands at the beginning of another client's."""

    connection_class: ClassVar[type[Connection]] = InheritsText

    def __init__(self) -> None:
        super().__init__()
        self.left = ""

    def release(self, connection: Connection) -> None:
        if connection.in_message and connection.is_text and not connection.close_sent:
            self.left = "".join(connection.characters)


class BooksMemory(Connection):
    """Asks the server whether there is room for what is announced."""

    server: NeverFreesWhatTheVanishedHeld

    def check_size(self, header: Header) -> None:
        super().check_size(header)
        if self.server.leaked + header.length > 2 * self.limit:
            raise self.too_big()


@fault(
    "contract",
    caught_by="tests/security/test_memory_exhaustion.py::test_unfinished_messages_of_many_do_not_stop_the_server",
    origin="blind round 3",
)
class NeverFreesWhatTheVanishedHeld(EchoServer):
    """What vanished clients had sent of a message is never freed, and taken from a room of 2 MiB."""

    connection_class: ClassVar[type[Connection]] = BooksMemory

    def __init__(self) -> None:
        super().__init__()
        self.leaked = 0

    def release(self, connection: Connection) -> None:
        if connection.in_message and not connection.close_sent:
            self.leaked += connection.received
