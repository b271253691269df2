"""Faults in the status code of a Close frame (RFC 6455 §5.5.1, §7.4)."""

from __future__ import annotations

from pytest_websocket.protocol.frames import Frame, close
from verification.faulty_servers.correct import Connection
from verification.faulty_servers.correct.framing import PROTOCOL_ERROR, Violation
from verification.faulty_servers.registry import fault


@fault("RFC 6455 §7.4.1", caught_by="test_half_closed_connection_ends")
class Sends1006WhenTheStreamEnds(Connection):
    """When the client stops sending without a Close, it is told 1006."""

    def end_of_stream(self) -> None:
        self.send_frame(close(1006))
        super().end_of_stream()


@fault("RFC 6455 §7.4", caught_by="test_code_that_is_never_sent_is_not_echoed[1006]")
class AcceptsEveryCode(Connection):
    """Close codes are not looked at."""

    def is_valid_code(self, code: int) -> bool:
        return True


@fault("RFC 6455 §7.4.2", caught_by="test_undefined_code_is_not_echoed[0]")
class AcceptsCodesBelow1000(Connection):
    """Codes 0 to 999 are accepted."""

    def is_valid_code(self, code: int) -> bool:
        return code < 1000 or super().is_valid_code(code)


@fault("RFC 6455 §7.4.2", caught_by="test_undefined_code_is_not_echoed[0]")
class AcceptsCode0(Connection):
    """Code 0 is taken for no code."""

    def is_valid_code(self, code: int) -> bool:
        return code == 0 or super().is_valid_code(code)


@fault("RFC 6455 §7.4.2", caught_by="test_undefined_code_is_not_echoed[999]")
class AcceptsCode999(Connection):
    """The lower bound of codes is off by one."""

    def is_valid_code(self, code: int) -> bool:
        return code == 999 or super().is_valid_code(code)


@fault("RFC 6455 §7.4.1", caught_by="test_undefined_code_is_refused_with_1002[1004]")
class AcceptsCode1004(Connection):
    """The reserved code 1004 is accepted."""

    def is_valid_code(self, code: int) -> bool:
        return code == 1004 or super().is_valid_code(code)


@fault("RFC 6455 §7.4.1", caught_by="test_code_that_is_never_sent_is_not_echoed[1005]")
class AcceptsCode1005(Connection):
    """1005, which must not stand on the wire, is accepted."""

    def is_valid_code(self, code: int) -> bool:
        return code == 1005 or super().is_valid_code(code)


@fault("RFC 6455 §7.4.1", caught_by="test_code_that_is_never_sent_is_not_echoed[1006]")
class AcceptsCode1006(Connection):
    """1006, which must not stand on the wire, is accepted."""

    def is_valid_code(self, code: int) -> bool:
        return code == 1006 or super().is_valid_code(code)


@fault("RFC 6455 §7.4.1", caught_by="test_code_that_is_never_sent_is_not_echoed[1015]")
class AcceptsCode1015(Connection):
    """1015, which must not stand on the wire, is accepted."""

    def is_valid_code(self, code: int) -> bool:
        return code == 1015 or super().is_valid_code(code)


@fault("RFC 6455 §7.4.2", caught_by="test_undefined_code_is_not_echoed[1016]")
class AcceptsUnregisteredCodes(Connection):
    """Codes 1016 to 2999, which no RFC defines, are accepted."""

    def is_valid_code(self, code: int) -> bool:
        return 1016 <= code <= 2999 or super().is_valid_code(code)


@fault("RFC 6455 §7.4.2", caught_by="test_undefined_code_is_not_echoed[2999]")
class AcceptsCode2999(Connection):
    """The lower bound of the application's codes is off by one."""

    def is_valid_code(self, code: int) -> bool:
        return code == 2999 or super().is_valid_code(code)


@fault("RFC 6455 §7.4.2", caught_by="test_defined_code_is_not_called_an_error[3000]")
class RefusesCode3000(Connection):
    """The lower bound of the libraries' codes is off by one."""

    def is_valid_code(self, code: int) -> bool:
        return code != 3000 and super().is_valid_code(code)


@fault("RFC 6455 §7.4.2", caught_by="test_defined_code_is_not_called_an_error[4999]")
class RefusesCode4999(Connection):
    """The upper bound of the application's codes is off by one."""

    def is_valid_code(self, code: int) -> bool:
        return code != 4999 and super().is_valid_code(code)


@fault("RFC 6455 §7.4.2", caught_by="test_defined_code_is_not_called_an_error[3999]")
class RefusesApplicationCodes(Connection):
    """Only the codes that the protocol itself defines are accepted."""

    def is_valid_code(self, code: int) -> bool:
        return code < 3000 and super().is_valid_code(code)


@fault("RFC 6455 §7.4.2", caught_by="test_defined_code_is_not_called_an_error[3000]")
class RefusesCodesOfLibraries(Connection):
    """Codes 3000 to 3999 are refused; 4000 and above are not."""

    def is_valid_code(self, code: int) -> bool:
        return not 3000 <= code <= 3999 and super().is_valid_code(code)


@fault("RFC 6455 §7.4.2", caught_by="test_close_with_a_code_registered_later_is_answered[1012]")
class RefusesCodesRegisteredLater(Connection):
    """1012, 1013 and 1014, registered after the RFC, are refused."""

    def is_valid_code(self, code: int) -> bool:
        return not 1012 <= code <= 1014 and super().is_valid_code(code)


@fault("RFC 6455 §7.4.1", caught_by="test_defined_code_is_not_called_an_error[1001]")
class RefusesCode1001(Connection):
    """A client that goes away with 1001 has broken the protocol."""

    def is_valid_code(self, code: int) -> bool:
        return code != 1001 and super().is_valid_code(code)


@fault("RFC 6455 §7.4.1", caught_by="test_defined_code_is_not_called_an_error[1003]")
class RefusesCode1003(Connection):
    """1003 is taken for one of the reserved codes."""

    def is_valid_code(self, code: int) -> bool:
        return code != 1003 and super().is_valid_code(code)


@fault("RFC 6455 §7.4.1", caught_by="test_defined_code_is_not_called_an_error[1007]")
class RefusesCode1007(Connection):
    """The range of reserved codes goes one too far."""

    def is_valid_code(self, code: int) -> bool:
        return code != 1007 and super().is_valid_code(code)


@fault("RFC 6455 §7.4.1", caught_by="test_defined_code_is_not_called_an_error[1011]")
class RefusesCodes1010And1011(Connection):
    """The table of codes ends at 1009."""

    def is_valid_code(self, code: int) -> bool:
        return code not in (1010, 1011) and super().is_valid_code(code)


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
class TakesErrorCodesForErrors(Connection):
    """A client that closes because of an error of the server's is told that this is an error: 1002."""

    def is_valid_code(self, code: int) -> bool:
        return code not in (1002, 1007, 1008, 1009) and super().is_valid_code(code)


@fault("RFC 6455 §7.4.1", caught_by="test_defined_code_is_not_called_an_error[1000]")
class RefusesCode1000(Connection):
    """A normal closure is a protocol error."""

    def is_valid_code(self, code: int) -> bool:
        return code != 1000 and super().is_valid_code(code)


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
