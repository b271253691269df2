"""Faults in the status code of a Close frame (RFC 6455 §5.5.1, §7.4)."""

from __future__ import annotations

from collections.abc import Container

from pytest_websocket.protocol.frames import Frame, close
from verification.faulty_servers.correct import Connection
from verification.faulty_servers.correct.framing import PROTOCOL_ERROR, Violation
from verification.faulty_servers.registry import fault


class JudgesCodes(Connection):
    """Takes the codes ``accepted`` for valid and the codes ``refused`` for invalid."""

    accepted: Container[int] = ()
    refused: Container[int] = ()

    def __init_subclass__(cls, accepted: Container[int] = (), refused: Container[int] = ()) -> None:
        cls.accepted, cls.refused = accepted, refused

    def is_valid_code(self, code: int) -> bool:
        return code in self.accepted or (code not in self.refused and super().is_valid_code(code))


@fault("RFC 6455 §7.4.1", caught_by="test_half_closed_connection_ends")
class Sends1006WhenTheStreamEnds(Connection):
    """When the client stops sending without a Close, it is told 1006."""

    def end_of_stream(self) -> None:
        self.send_frame(close(1006))
        super().end_of_stream()


@fault("RFC 6455 §7.4", caught_by="test_code_that_is_never_sent_is_not_echoed[1006]")
class AcceptsEveryCode(JudgesCodes, accepted=range(1 << 16)):
    """Close codes are not looked at."""


@fault("RFC 6455 §7.4.2", caught_by="test_undefined_code_is_not_echoed[0]")
class AcceptsCodesBelow1000(JudgesCodes, accepted=range(1000)):
    """Codes 0 to 999 are accepted."""


@fault("RFC 6455 §7.4.2", caught_by="test_undefined_code_is_not_echoed[0]")
class AcceptsCode0(JudgesCodes, accepted={0}):
    """Code 0 is taken for no code."""


@fault("RFC 6455 §7.4.2", caught_by="test_undefined_code_is_not_echoed[999]")
class AcceptsCode999(JudgesCodes, accepted={999}):
    """The lower bound of codes is off by one."""


@fault("RFC 6455 §7.4.1", caught_by="test_undefined_code_is_refused_with_1002[1004]")
class AcceptsCode1004(JudgesCodes, accepted={1004}):
    """The reserved code 1004 is accepted."""


@fault("RFC 6455 §7.4.1", caught_by="test_code_that_is_never_sent_is_not_echoed[1005]")
class AcceptsCode1005(JudgesCodes, accepted={1005}):
    """1005, which must not stand on the wire, is accepted."""


@fault("RFC 6455 §7.4.1", caught_by="test_code_that_is_never_sent_is_not_echoed[1006]")
class AcceptsCode1006(JudgesCodes, accepted={1006}):
    """1006, which must not stand on the wire, is accepted."""


@fault("RFC 6455 §7.4.1", caught_by="test_code_that_is_never_sent_is_not_echoed[1015]")
class AcceptsCode1015(JudgesCodes, accepted={1015}):
    """1015, which must not stand on the wire, is accepted."""


@fault("RFC 6455 §7.4.2", caught_by="test_undefined_code_is_not_echoed[1016]")
class AcceptsUnregisteredCodes(JudgesCodes, accepted=range(1016, 3000)):
    """Codes 1016 to 2999, which no RFC defines, are accepted."""


@fault("RFC 6455 §7.4.2", caught_by="test_undefined_code_is_not_echoed[2999]")
class AcceptsCode2999(JudgesCodes, accepted={2999}):
    """The lower bound of the application's codes is off by one."""


@fault("RFC 6455 §7.4.2", caught_by="test_defined_code_is_not_called_an_error[3000]")
class RefusesCode3000(JudgesCodes, refused={3000}):
    """The lower bound of the libraries' codes is off by one."""


@fault("RFC 6455 §7.4.2", caught_by="test_defined_code_is_not_called_an_error[4999]")
class RefusesCode4999(JudgesCodes, refused={4999}):
    """The upper bound of the application's codes is off by one."""


@fault("RFC 6455 §7.4.2", caught_by="test_defined_code_is_not_called_an_error[3999]")
class RefusesApplicationCodes(JudgesCodes, refused=range(3000, 5000)):
    """Only the codes that the protocol itself defines are accepted."""


@fault("RFC 6455 §7.4.2", caught_by="test_defined_code_is_not_called_an_error[3000]")
class RefusesCodesOfLibraries(JudgesCodes, refused=range(3000, 4000)):
    """Codes 3000 to 3999 are refused; 4000 and above are not."""


@fault("RFC 6455 §7.4.2", caught_by="test_close_with_a_code_registered_later_is_answered[1012]")
class RefusesCodesRegisteredLater(JudgesCodes, refused=range(1012, 1015)):
    """1012, 1013 and 1014, registered after the RFC, are refused."""


@fault("RFC 6455 §7.4.1", caught_by="test_defined_code_is_not_called_an_error[1001]")
class RefusesCode1001(JudgesCodes, refused={1001}):
    """A client that goes away with 1001 has broken the protocol."""


@fault("RFC 6455 §7.4.1", caught_by="test_defined_code_is_not_called_an_error[1003]")
class RefusesCode1003(JudgesCodes, refused={1003}):
    """1003 is taken for one of the reserved codes."""


@fault("RFC 6455 §7.4.1", caught_by="test_defined_code_is_not_called_an_error[1007]")
class RefusesCode1007(JudgesCodes, refused={1007}):
    """The range of reserved codes goes one too far."""


@fault("RFC 6455 §7.4.1", caught_by="test_defined_code_is_not_called_an_error[1011]")
class RefusesCodes1010And1011(JudgesCodes, refused={1010, 1011}):
    """The table of codes ends at 1009."""


@fault("RFC 6455 §5.5.1", caught_by="test_close_is_answered_with_a_close[without a code]")
class Sends1005ForAnEmptyClose(Connection):
    """A Close without a code is answered with 1005."""

    def close_reply(self, code: int | None, reason: bytes) -> Frame:
        return close(1005 if code is None else code)


@fault("RFC 6455 §5.5.1", caught_by="test_close_is_answered_with_a_close[without a code]")
class Sends0ForAnEmptyClose(Connection):
    """A Close without a code is answered with code 0."""

    def close_reply(self, code: int | None, reason: bytes) -> Frame:
        return close(code or 0)


@fault("RFC 6455 §5.5.1", caught_by="test_close_is_answered_with_a_close[without a code]")
class RefusesAnEmptyClose(Connection):
    """A Close without a code is taken for a protocol error."""

    def parse_close(self, payload: bytes) -> int | None:
        if not payload:
            raise Violation(PROTOCOL_ERROR, "there is no close code")
        return super().parse_close(payload)


@fault("RFC 6455 §5.5.1", caught_by="test_close_with_one_byte_is_refused_with_1002")
class AcceptsHalfACode(Connection):
    """A Close with a body of one byte is answered as if it were empty."""

    def parse_close(self, payload: bytes) -> int | None:
        return super().parse_close(payload if len(payload) > 1 else b"")


@fault("RFC 6455 §5.5.1", caught_by="test_close_with_one_byte_fails_the_connection[03]")
class IgnoresHalfACode(Connection):
    """A Close with a body of one byte ends nothing."""

    def on_close(self, payload: bytes) -> None:
        if len(payload) != 1:
            super().on_close(payload)


@fault("RFC 6455 §7.4.1", caught_by="test_defined_code_is_not_called_an_error[1009]")
class TakesErrorCodesForErrors(JudgesCodes, refused={1002, 1007, 1008, 1009}):
    """A client that closes because of an error of the server's is told that this is an error: 1002."""


@fault("RFC 6455 §7.4.1", caught_by="test_defined_code_is_not_called_an_error[1000]")
class RefusesCode1000(JudgesCodes, refused={1000}):
    """A normal closure is a protocol error."""


@fault("RFC 6455 §7.4", caught_by="test_defined_code_is_not_called_an_error[1002]")
class TakesAReportedErrorForItsOwn(Connection):
    """A client that reports a protocol error with 1002 gets 1011: the report is an exception here."""

    def close_reply(self, code: int | None, reason: bytes) -> Frame:
        return super().close_reply(1011 if code == 1002 else code, reason)


@fault("RFC 6455 §7.4", caught_by="test_undefined_code_is_refused_with_1002[65535]", origin="blind round 3")
class ReadsHighCloseCodesAsNone(Connection):
    """A close code above 32,767 is negative, and taken for a Close without a code."""

    def parse_close(self, payload: bytes) -> int | None:
        if len(payload) >= 2 and payload[0] & 0x80:
            self.check_close_reason(payload[2:])
            return None
        return super().parse_close(payload)
