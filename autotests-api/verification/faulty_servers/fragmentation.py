"""Faults in putting messages together from fragments (RFC 6455 §5.4)."""

from __future__ import annotations

from pytest_websocket.protocol.frames import CONTINUATION, TEXT, Header
from verification.faulty_servers.correct import Connection
from verification.faulty_servers.correct.framing import PROTOCOL_ERROR, Violation
from verification.faulty_servers.registry import fault

FIN = 0x80
"""The bit of a frame's first byte that marks the last fragment of a message."""


@fault("RFC 6455 §5.4", caught_by="test_continuation_after_a_whole_message_fails_the_connection[final]")
class AcceptsAContinuationOfNothing(Connection):
    """A continuation frame without a message before it is taken for a message."""

    def check_order(self, header: Header) -> None:
        if header.opcode != CONTINUATION:
            super().check_order(header)


@fault("RFC 6455 §5.4", caught_by="test_continuation_after_a_whole_message_fails_the_connection[final]")
class SkipsAContinuationOfNothing(Connection):
    """A continuation frame without a message before it is read and forgotten."""

    orphan = False

    def check_order(self, header: Header) -> None:
        self.orphan = header.opcode == CONTINUATION and not self.in_message
        if not self.orphan:
            super().check_order(header)

    def message(self, message: str | bytes) -> None:
        if not self.orphan:
            super().message(message)


@fault("RFC 6455 §5.4", caught_by="test_continuation_after_a_whole_message_fails_the_connection[final]")
class AcceptsAContinuationAfterAFragmentedMessage(Connection):
    """Once a fragmented message was complete, one more continuation is accepted."""

    had_fragments = False

    def frame_ends(self, header: Header) -> None:
        self.had_fragments = self.had_fragments or header.opcode == CONTINUATION
        super().frame_ends(header)

    def check_order(self, header: Header) -> None:
        if header.opcode != CONTINUATION or not self.had_fragments:
            super().check_order(header)


@fault(
    "RFC 6455 §5.4",
    caught_by="test_new_message_inside_an_unfinished_one_fails_the_connection[then text-text first-whole]",
)
class LetsANewMessageReplaceAnUnfinishedOne(Connection):
    """A text frame inside a fragmented message starts afresh; the fragments are lost."""

    def check_order(self, header: Header) -> None:
        if header.opcode == CONTINUATION:
            super().check_order(header)


@fault(
    "RFC 6455 §5.4",
    caught_by="test_new_message_inside_an_unfinished_one_fails_the_connection[then text-text first-whole]",
)
class TakesANewMessageForAContinuation(Connection):
    """A text frame inside a fragmented message is appended to it."""

    def check_order(self, header: Header) -> None:
        if header.opcode == CONTINUATION:
            super().check_order(header)

    def start_message(self, header: Header) -> None:
        if self.consumed_message:
            super().start_message(header)
        self.consumed_message = False

    consumed_message = True

    def frame_ends(self, header: Header) -> None:
        self.consumed_message = header.fin
        super().frame_ends(header)


@fault(
    "RFC 6455 §5.4",
    caught_by="test_new_message_inside_an_unfinished_one_fails_the_connection[then text-binary first-whole]",
)
class AcceptsABinaryFrameInsideAText(Connection):
    """Only a frame of the same type is refused inside a fragmented message."""

    def check_order(self, header: Header) -> None:
        same = (header.opcode == TEXT) == self.is_text
        if header.opcode == CONTINUATION or same:
            super().check_order(header)


@fault(
    "RFC 6455 §5.4",
    caught_by="test_new_message_inside_an_unfinished_one_fails_the_connection"
    "[then text-text first-fragmented]",
)
class AcceptsAnUnfinishedFrameInsideAMessage(Connection):
    """A second first fragment is refused only when it has FIN set."""

    def check_order(self, header: Header) -> None:
        if header.opcode == CONTINUATION or header.fin:
            super().check_order(header)


@fault("RFC 6455 §5.4", caught_by="test_fragments_of_any_length_make_one_message[[125, 126]]")
class AnswersEachFragment(Connection):
    """Every fragment is answered as a message of its own."""

    def frame_ends(self, header: Header) -> None:
        self.message(self.finish_message())
        self.in_message = not header.fin
        self.parts, self.characters = [], []


@fault("RFC 6455 §5.4", caught_by="test_empty_fragments_add_nothing[empty middle]")
class EndsAMessageAtTheSecondFragment(Connection):
    """The first continuation frame ends the message, whatever its FIN says."""

    def frame_ends(self, header: Header) -> None:
        super().frame_ends(
            header._replace(first=header.first | FIN) if header.opcode == CONTINUATION else header
        )


@fault("RFC 6455 §5.4", caught_by="test_ping_between_fragments_is_answered_and_the_message_is_whole[whole]")
class NeedsFinOnTheFirstFrame(Connection):
    """Fragmented messages are not supported."""

    def check_order(self, header: Header) -> None:
        if not header.fin and header.opcode != CONTINUATION:
            raise Violation(PROTOCOL_ERROR, "fragmentation is not supported")
        super().check_order(header)


@fault("RFC 6455 §5.4", caught_by="test_ping_between_fragments_is_answered_and_the_message_is_whole[whole]")
class AnswersFragmentedTextInBinary(Connection):
    """The type of the last frame decides, and a continuation is not text."""

    def frame_ends(self, header: Header) -> None:
        if header.fin and header.opcode == CONTINUATION and self.is_text:
            self.in_message = False
            message = self.finish_message()
            assert isinstance(message, str)
            self.message(message.encode())
        else:
            super().frame_ends(header)


@fault("RFC 6455 §5.4", caught_by="test_messages_after_a_fragmented_one_are_whole")
class KeepsTheFragmentsOfTheMessageBefore(Connection):
    """The list of fragments is not emptied after a fragmented message."""

    def start_message(self, header: Header) -> None:
        kept = self.characters if header.opcode == TEXT and not header.fin else []
        super().start_message(header)
        self.characters = kept


@fault("RFC 6455 §5.4", caught_by="test_empty_fragments_add_nothing[two empty]")
class TakesAnEmptyFirstFragmentForNone(Connection):
    """Whether a message is open is told by whether it has bytes already."""

    def check_order(self, header: Header) -> None:
        if header.opcode == CONTINUATION and not self.size:
            raise Violation(PROTOCOL_ERROR, "there is nothing to continue")
        super().check_order(header)


@fault("RFC 6455 §5.4", caught_by="test_empty_fragments_add_nothing[empty middle]")
class EndsAMessageAtAnEmptyFragment(Connection):
    """A continuation frame without payload is taken for the last one."""

    def frame_ends(self, header: Header) -> None:
        empty = header.opcode == CONTINUATION and not header.length
        super().frame_ends(header._replace(first=header.first | FIN) if empty else header)


@fault("RFC 6455 §5.4", caught_by="test_empty_fragments_add_nothing[two empty]")
class WaitsAfterAnEmptyLastFragment(Connection):
    """A last fragment without payload does not end the message."""

    def frame_ends(self, header: Header) -> None:
        empty = header.opcode == CONTINUATION and not header.length
        super().frame_ends(header._replace(first=header.first & ~FIN) if empty else header)


@fault("RFC 6455 §5.4", caught_by="test_many_fragments_make_one_message[10]")
class LosesTheTenthFragment(Connection):
    """The tenth fragment of a message is not appended."""

    count = 0

    def frame_begins(self, header: Header) -> None:
        self.count = self.count + 1 if header.opcode == CONTINUATION else 1
        super().frame_begins(header)

    def data(self, piece: bytes) -> None:
        super().data(b"" if self.count == 10 and not self.compressed else piece)


@fault("RFC 6455 §5.4", caught_by="test_messages_after_a_fragmented_one_are_whole")
class StaysInsideAFragmentedMessage(Connection):
    """After a fragmented message the next message is refused as if the first were still open."""

    def frame_ends(self, header: Header) -> None:
        super().frame_ends(header)
        self.in_message = header.opcode == CONTINUATION


@fault("RFC 6455 §5.4", caught_by="test_fragments_of_any_length_make_one_message[[127, 0, 65536, 1]]")
class FlushesBigMessagesEarly(Connection):
    """Fragments are answered as soon as they make 64 KiB together."""

    def frame_ends(self, header: Header) -> None:
        if not header.fin and self.size >= 1 << 16 and not self.compressed:
            self.message(self.finish_message())
            self.parts, self.characters = [], []
        else:
            super().frame_ends(header)


@fault("RFC 6455 §5.4", caught_by="test_empty_fragments_add_nothing[empty last]", origin="blind round 3")
class MissesAnEmptyFinalFrame(Connection):
    """An empty last fragment ends the message only when further bytes come."""

    def step_data(self, header: Header) -> bool:
        if header.opcode == CONTINUATION and header.fin and not header.length and not self.buffer:
            return False
        return super().step_data(header)


@fault("RFC 6455 §5.4", caught_by="test_empty_fragments_add_nothing[three empty]", origin="blind round 3")
class IgnoresAnEmptyFirstFrame(Connection):
    """A first fragment without payload begins no message, and the rest has nothing to continue."""

    def frame_begins(self, header: Header) -> None:
        if header.fin or header.length:
            super().frame_begins(header)
