"""Faults that strangers thought of, who had seen no case: fragments, Close frames, compression."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, unquote, urlsplit

from pytest_websocket.protocol.frames import CLOSE, CONTINUATION, Header, close
from verification.faulty_servers.correct import Connection
from verification.faulty_servers.correct.framing import BAD_DATA, PROTOCOL_ERROR, Message, Violation
from verification.faulty_servers.correct.request import Request
from verification.faulty_servers.registry import fault


@fault(
    "RFC 6455 §5.4",
    caught_by="tests/conformance/rfc6455/test_05_5_1_close.py::"
    "test_close_inside_a_fragmented_message_is_a_normal_closure[text]",
    origin="blind round 4",
)
class RefusesACloseBetweenFragments(Connection):
    """A Close that comes before a message is complete is a protocol error."""

    def check_control(self, header: Header) -> None:
        super().check_control(header)
        if header.opcode == CLOSE and self.in_message:
            raise Violation(PROTOCOL_ERROR, "the message is not complete")


@fault(
    "RFC 6455 §5.4",
    caught_by="tests/conformance/rfc6455/test_05_5_1_close.py::"
    "test_close_inside_a_fragmented_message_is_a_normal_closure[half a character]",
    origin="blind round 4",
)
class ChecksAReasonWithTheDecoderOfTheMessage(Connection):
    """The reason of a Close continues the character that an unfinished text has begun."""

    def check_close_reason(self, reason: bytes) -> None:
        if not (self.in_message and self.is_text):
            super().check_close_reason(reason)
            return
        try:
            self.utf8.decode(reason)
        except UnicodeDecodeError as error:
            raise self.not_utf8() from error


@fault(
    "RFC 6455 §7.1.7",
    caught_by="tests/conformance/rfc6455/test_05_5_1_close.py::"
    "test_failed_connection_answers_nothing_more[not UTF-8]",
    origin="blind round 4",
)
class ServesOnAfterBadText(Connection):
    """Text that is not UTF-8 is answered with a Close, and the frames behind it as before."""

    def fail(self, violation: Violation) -> None:
        super().fail(violation)
        if violation.code == BAD_DATA:
            self.finished = self.close_sent = False
            self.header, self.in_message = None, False
            self.feed_safely()


@fault(
    "RFC 6455 §5.5.1",
    caught_by="tests/conformance/rfc6455/test_05_5_1_close.py::"
    "test_server_sends_nothing_after_its_close[frame by frame]",
    origin="blind round 4",
)
class AnswersACloseBehindItsOwn(Connection):
    """A violation is answered with a Close, and the client's Close behind it with another one."""

    def fail(self, violation: Violation) -> None:
        self.send_frame(close(violation.code))
        self.close_sent, self.in_message = False, False
        if self.header is None:
            # The frame that is refused still stands in the buffer.
            header = self.parse_header()
            self.take(header.total if header else len(self.buffer))
        self.header = None
        self.feed_safely()


@fault(
    "contract",
    caught_by="tests/security/test_memory_exhaustion.py::"
    "test_huge_announced_length_of_a_fragment_does_not_stop_the_server[the most]",
    origin="blind round 4",
)
class SumsLengthsWithASign(Connection):
    """Lengths of fragments are summed in 63 bits and a sign, so that a huge one makes the sum negative."""

    def check_size(self, header: Header) -> None:
        total = (0 if header.opcode != CONTINUATION else self.received) + header.length
        if total < 1 << 63:
            super().check_size(header)


@fault(
    "RFC 7692 §6.1",
    caught_by="tests/conformance/rfc7692/test_06_framing.py::"
    "test_compressed_and_uncompressed_messages_take_turns[u-C-u-c]",
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
    "contract",
    caught_by="tests/contract/test_text.py::"
    "test_text_that_looks_like_code_comes_back_as_written[form-encoded]",
    origin="blind round 4",
)
class DecodesPercentEscapes(Connection):
    """Text is decoded like a part of a URL, where every escape in it is a good one."""

    def reply_to(self, message: Message) -> Message:
        if isinstance(message, str) and not re.search(r"%(?![0-9A-Fa-f]{2})", message):
            message = unquote(message)
        return super().reply_to(message)


@fault(
    "contract",
    caught_by="tests/contract/test_handshake.py::test_every_path_is_served_alike[a message in the query]",
    origin="blind round 4",
)
class AnswersTheQuery(Connection):
    """A message in the query of the request is answered as if it had been sent."""

    query: dict[str, list[str]]

    def judge(self, request: Request) -> None:
        super().judge(request)
        self.query = parse_qs(urlsplit(request.target).query)

    def start_codecs(self) -> None:
        super().start_codecs()
        for message in self.query.get("message", []):
            self.message(message)


@fault(
    "contract",
    caught_by="tests/contract/test_text.py::"
    "test_white_space_comes_back_untouched[a hundred thousand spaces before a word]",
    origin="blind round 4",
)
class BacktracksOverBlanksInAMessage(Connection):
    """What a text ends in is looked for from each of its blanks."""

    def reply_to(self, message: Message) -> Message:
        if isinstance(message, str):
            re.search(r"\s+$", message)
        return super().reply_to(message)
