"""Faults in failing the connection after a violation (RFC 6455 §7.1.7, §7.4.1)."""

from __future__ import annotations

from pytest_websocket.protocol.frames import close
from verification.faulty_servers.correct import Connection
from verification.faulty_servers.correct.framing import BAD_DATA, NORMAL, PROTOCOL_ERROR, TOO_BIG, Violation
from verification.faulty_servers.registry import fault


@fault("RFC 6455 §7.1.7", caught_by="test_server_closes_tcp_after_failing_the_connection[not UTF-8]")
class KeepsTcpOpenAfterAViolation(Connection):
    """A violation is answered with a Close, and TCP stays open until the client closes it."""

    async def end_tcp(self) -> None:
        if self.failed:
            while await self.reader.read(1 << 16):
                pass
        await super().end_tcp()

    failed = False

    def fail(self, violation: Violation) -> None:
        self.failed = True
        super().fail(violation)


@fault("RFC 6455 §7.1.7", caught_by="test_failed_connection_answers_nothing_more[continuation of nothing]")
class ServesOnAfterAViolation(Connection):
    """A violation is answered with a Close, and then messages are answered as before."""

    def fail(self, violation: Violation) -> None:
        super().fail(violation)
        self.close_sent = self.finished = self.in_message = False
        if self.header is None and self.buffer and (header := self.parse_header()) is not None:
            self.take(min(header.total, len(self.buffer)))
        self.header = None
        self.feed_safely()


@fault("RFC 6455 §7.4.1", caught_by="test_broken_data_is_refused_with_a_fitting_code[ones]")
class HangsUpWithoutACode(Connection):
    """A violation ends TCP without a Close."""

    def fail(self, violation: Violation) -> None:
        self.finished = True


@fault("RFC 6455 §7.4.1", caught_by="test_illegal_utf8_is_refused_with_1007[c0 af]")
class CallsEveryViolationNormal(Connection):
    """Violations end in a Close with 1000."""

    def fail(self, violation: Violation) -> None:
        super().fail(Violation(NORMAL, violation.reason))


@fault("RFC 6455 §7.4.1", caught_by="test_illegal_utf8_is_refused_with_1007[ff]")
class CallsEveryViolationAnInternalError(Connection):
    """Every violation surfaces as an unhandled exception, that is 1011."""

    def fail(self, violation: Violation) -> None:
        super().fail(Violation(1011, "internal error"))


@fault("RFC 6455 §7.4.1", caught_by="test_illegal_utf8_is_refused_with_1007[ff]")
class CallsBadTextAProtocolError(Connection):
    """Text that is not UTF-8 ends in 1002."""

    def fail(self, violation: Violation) -> None:
        super().fail(Violation(PROTOCOL_ERROR if violation.code == BAD_DATA else violation.code, ""))


@fault("RFC 6455 §7.4.1", caught_by="test_message_beyond_the_limit_is_refused_with_1009")
class CallsATooBigMessageAPolicyViolation(Connection):
    """A message above the limit ends in 1008."""

    def fail(self, violation: Violation) -> None:
        super().fail(Violation(1008 if violation.code == TOO_BIG else violation.code, ""))


@fault("RFC 6455 §7.4.1", caught_by="test_undefined_code_is_refused_with_1002[0]")
class CallsAProtocolErrorBadData(Connection):
    """A protocol error ends in 1007."""

    def fail(self, violation: Violation) -> None:
        super().fail(Violation(BAD_DATA if violation.code == PROTOCOL_ERROR else violation.code, ""))


@fault("RFC 6455 §7.4.1", caught_by="test_broken_data_is_refused_with_a_fitting_code[ones]")
class ResetsAtAViolation(Connection):
    """A violation ends in a reset."""

    def fail(self, violation: Violation) -> None:
        self.finished = True
        self.writer.transport.abort()


@fault("RFC 6455 §5.1", caught_by="test_unmasked_frame_ends_the_connection[close]")
class AnswersAViolationWithAMessage(Connection):
    """A violation is answered with a text that explains it; the connection goes on."""

    def fail(self, violation: Violation) -> None:
        self.send_message(str(violation))
        self.buffer.clear()
        self.header = None
        self.in_message = False


@fault("RFC 6455 §7.1.7", caught_by="test_failed_connection_answers_nothing_more[not masked]")
class ReadsOnAfterAViolation(Connection):
    """What follows a violation in the same segment is still answered, before the Close."""

    def feed_safely(self) -> None:
        try:
            self.feed()
        except Violation as violation:
            if self.header is None and (header := self.parse_header()) is not None:
                self.take(min(header.total, len(self.buffer)))
            self.header = None
            if self.buffer:
                self.feed_safely()
            self.fail(violation)


@fault("RFC 6455 §7.4.1", caught_by="test_code_that_is_never_sent_is_not_echoed[1005]")
class Sends1006ForAViolation(Connection):
    """A violation is answered with 1006."""

    def fail(self, violation: Violation) -> None:
        super().fail(Violation(1006, ""))


@fault(
    "RFC 6455 §7.1.7",
    caught_by="test_failed_connection_answers_nothing_more[not UTF-8]",
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
    caught_by="test_server_sends_nothing_after_its_close[frame by frame]",
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
