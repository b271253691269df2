"""Faults in the reason of a Close frame (RFC 6455 §5.5.1, §8.1)."""

from __future__ import annotations

import codecs

from pytest_websocket.protocol.frames import CLOSE, Frame, close
from verification.faulty_servers.correct import Connection
from verification.faulty_servers.correct.framing import PROTOCOL_ERROR, Violation
from verification.faulty_servers.registry import fault


@fault("RFC 6455 §5.5.1", caught_by="test_close_with_a_reason_is_answered[cyrillic]")
class CutsTheReasonInsideACharacter(Connection):
    """The reason comes back cut to eleven bytes, wherever a character ends."""

    def close_reply(self, code: int | None, reason: bytes) -> Frame:
        return close(code, reason[:11])


@fault("RFC 6455 §5.5.1", caught_by="test_close_with_a_reason_is_answered[122 bytes]")
class AnswersCloseWithATooLongReason(Connection):
    """The answer to a long reason explains itself in more bytes than a control frame may have."""

    def close_reply(self, code: int | None, reason: bytes) -> Frame:
        return close(code, b"closed by the client: " + reason if len(reason) > 100 else b"")


@fault("RFC 6455 §5.5.1", caught_by="test_close_with_one_byte_fails_the_connection[03]")
class ExplainsViolationsAtLength(Connection):
    """The reason of a Close for a violation is longer than a control frame may be."""

    def fail(self, violation: Violation) -> None:
        super().fail(Violation(violation.code, f"{violation} " * 9))


@fault("RFC 6455 §8.1", caught_by="test_reason_that_is_not_utf8_is_refused[overlong]")
class AcceptsAReasonThatIsNotUtf8(Connection):
    """The reason of a Close is not checked."""

    def check_close_reason(self, reason: bytes) -> None:
        pass


@fault("RFC 6455 §8.1", caught_by="test_reason_that_is_not_utf8_is_refused[truncated character]")
class AcceptsAReasonThatIsCutInsideACharacter(Connection):
    """The reason of a Close may end inside a character."""

    def check_close_reason(self, reason: bytes) -> None:
        try:
            codecs.getincrementaldecoder("utf-8")().decode(reason)
        except UnicodeDecodeError as error:
            raise self.not_utf8() from error


@fault("RFC 6455 §5.5.1", caught_by="test_close_with_a_reason_is_answered[123 bytes]")
class RefusesTheLongestReason(Connection):
    """A reason of 123 bytes is one too long."""

    def check_close_reason(self, reason: bytes) -> None:
        if len(reason) > 122:
            raise Violation(PROTOCOL_ERROR, "the reason is too long")
        super().check_close_reason(reason)


@fault("RFC 6455 §5.5.1", caught_by="test_close_with_a_reason_is_answered[astral]")
class RefusesAReasonThatIsNotAscii(Connection):
    """A reason must be ASCII."""

    def check_close_reason(self, reason: bytes) -> None:
        if not reason.isascii():
            raise self.not_utf8()
        super().check_close_reason(reason)


@fault("RFC 6455 §5.5.1", caught_by="test_close_with_a_reason_is_answered[text]")
class ChecksTheCodeAsText(Connection):
    """The whole body must be UTF-8, though its first two bytes are a number."""

    def parse_close(self, payload: bytes) -> int | None:
        self.check_close_reason(payload)
        return super().parse_close(payload)


@fault("RFC 6455 §5.5.1", caught_by="test_close_with_one_byte_fails_the_connection[03]")
class GivesReasonsInWindows1251(Connection):
    """The reason of a Close for a violation is Russian, and not in UTF-8."""

    def fail(self, violation: Violation) -> None:
        reason = "нарушение протокола".encode("cp1251")
        self.send_frame(Frame(CLOSE, violation.code.to_bytes(2, "big") + reason))
        self.finished = True


@fault(
    "RFC 6455 §5.5.1",
    caught_by="test_close_with_a_reason_is_answered[122 bytes of cyrillic]",
    origin="blind round 3",
)
class EchoesAReasonCutInsideACharacter(Connection):
    """The close reason is sent back from a buffer of 64 bytes, with half a character at its end."""

    def close_reply(self, code: int | None, reason: bytes) -> Frame:
        return close(code, reason[:61])


@fault(
    "RFC 6455 §5.4",
    caught_by="test_close_inside_a_fragmented_message_is_a_normal_closure[half a character]",
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


@fault("RFC 6455 §5.5.1", caught_by="test_close_with_a_reason_is_answered[123 bytes of euro signs]")
class CutsTheReasonToTenBytes(Connection):
    """The reason is echoed up to its tenth byte, in the middle of a character."""

    def close_reply(self, code: int | None, reason: bytes) -> Frame:
        return close(code, reason[:10])
