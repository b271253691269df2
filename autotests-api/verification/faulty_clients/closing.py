"""Clients that close wrongly (RFC 6455 §5.5.1, §7)."""

from __future__ import annotations

import signal
import struct

from verification.faulty_clients.correct import CLOSE, EchoClient, Frame
from verification.faulty_clients.opening import Ended
from verification.faulty_clients.registry import fault

FILE = "rfc6455/test_05_5_1_close.py"
CODES = "rfc6455/test_07_4_status_codes.py"


@fault("6455 5.5.1", caught_by=f"{FILE}::test_close_is_answered")
class AnswersNoClose(EchoClient):
    """Ends TCP at a Close frame without an answer."""

    def answer_close(self, code: bytes) -> None:
        pass


@fault("6455 5.5.1", caught_by=f"{FILE}::test_close_is_answered")
class AnswersCloseWithAnError(EchoClient):
    """A Close frame is answered with 1002."""

    def answer_close(self, code: bytes) -> None:
        super().answer_close(struct.pack("!H", 1002))


@fault("6455 5.5.1", caught_by=f"{FILE}::test_close_is_answered")
class RefusesCloseWithoutCode(EchoClient):
    """A Close frame without a code is taken for the end of TCP."""

    def check_close_length(self, payload: bytes) -> None:
        if not payload:
            raise Ended


@fault("6455 5.5.1", caught_by=f"{FILE}::test_close_with_a_reason_is_answered")
class RefusesLongReasons(EchoClient):
    """A reason of more than 100 bytes is taken for the end of TCP."""

    def check_close_reason(self, reason: bytes) -> None:
        if len(reason) > 100:
            raise Ended


@fault("6455 5.5.1", caught_by=f"{FILE}::test_frames_after_a_close_are_not_answered")
class AnswersAfterClose(EchoClient):
    """Goes on with what came in the segment of a Close frame."""

    def answer_close(self, code: bytes) -> None:
        self.send(CLOSE, code)
        while self.buffer:
            self.take(self.read_frame())
        self.wait_for_the_end()


@fault("6455 5.5.1", caught_by=f"{FILE}::test_frames_after_a_close_are_not_answered")
class AnswersBeforeItCloses(EchoClient):
    """Answers what came after a Close frame before the Close frame itself."""

    def answer_close(self, code: bytes) -> None:
        while self.buffer:
            frame = self.read_frame()
            if frame.opcode != CLOSE:
                self.take(frame)
        super().answer_close(code)


@fault("6455 5.5.1", caught_by=f"{FILE}::test_half_a_code_fails_the_connection")
class IgnoresHalfACode(EchoClient):
    """Ignores a Close frame with half a code."""

    def on_close(self, payload: bytes) -> None:
        if len(payload) != 1:
            super().on_close(payload)


@fault("6455 5.5.1", caught_by=f"{FILE}::test_half_a_code_is_refused_with_1002")
class TakesHalfACode(EchoClient):
    """Takes a Close frame with half a code for one without a code."""

    def on_close(self, payload: bytes) -> None:
        super().on_close(payload if len(payload) > 1 else b"")


@fault("6455 5.5.1", caught_by=f"{FILE}::test_reason_that_is_not_utf8_fails_the_connection")
class IgnoresCloseWithABadReason(EchoClient):
    """Ignores a Close frame whose reason is not UTF-8."""

    def on_close(self, payload: bytes) -> None:
        try:
            payload[2:].decode()
        except UnicodeDecodeError:
            return
        super().on_close(payload)


@fault("6455 5.5.1", caught_by=f"{FILE}::test_reason_that_is_not_utf8_is_called_an_error")
class TakesAnyReason(EchoClient):
    """The reason is not judged."""

    def check_close_reason(self, reason: bytes) -> None:
        pass


@fault("6455 7.1.1", caught_by=f"{FILE}::test_client_lets_the_server_end_tcp")
class EndsTcpFirst(EchoClient):
    """Ends TCP right after its Close frame."""

    def wait_for_the_end(self) -> None:
        pass


@fault("6455 7.1.4", caught_by=f"{FILE}::test_end_of_tcp_ends_the_client")
class StaysAfterTheEndOfTcp(EchoClient):
    """Goes on reading after the end of TCP."""

    def receive(self) -> None:
        try:
            super().receive()
        except (Ended, OSError):
            self.socket.close()
            signal.pause()


@fault("6455 7.4", caught_by=f"{CODES}::test_close_with_a_defined_code_is_answered")
class RefusesPrivateCodes(EchoClient):
    """Codes from 3000 on end TCP without an answer."""

    def check_close_code(self, code: int) -> None:
        if code >= 3000:
            raise Ended


@fault("6455 7.4", caught_by=f"{CODES}::test_defined_code_is_answered_with_the_same")
class CallsDefinedCodesAnError(EchoClient):
    """A defined code but 1000 is answered with 1011."""

    def answer_close(self, code: bytes) -> None:
        super().answer_close(code if code in (b"", b"\x03\xe8") else struct.pack("!H", 1011))


@fault("6455 7.4.1", caught_by=f"{CODES}::test_code_that_is_never_sent_is_not_echoed")
class EchoesAnyCode(EchoClient):
    """Any code is taken and echoed."""

    def check_close_code(self, code: int) -> None:
        pass


@fault("6455 7.4.2", caught_by=f"{CODES}::test_undefined_code_is_not_echoed")
class EchoesUndefinedCodes(EchoClient):
    """Codes that nothing defines are echoed, those that are never sent are not."""

    def check_close_code(self, code: int) -> None:
        if code in (1005, 1006, 1015):
            super().check_close_code(code)


@fault("6455 7.4", caught_by=f"{CODES}::test_undefined_code_is_refused_with_1002")
class AnswersUndefinedCodesWith1000(EchoClient):
    """An undefined code is answered as a normal closure."""

    def on_close(self, payload: bytes) -> None:
        code = int.from_bytes(payload[:2], "big")
        odd = len(payload) > 1 and not (1000 <= code <= 1003 or 1007 <= code <= 1014 or 3000 <= code <= 4999)
        super().on_close(b"\x03\xe8" if odd else payload)


@fault("6455 7.4", caught_by=f"{CODES}::test_undefined_code_is_refused_with_1002")
class TakesCodesBeyond4999(EchoClient):
    """Codes beyond 4999 are taken."""

    def check_close_code(self, code: int) -> None:
        if code < 5000:
            super().check_close_code(code)


@fault("6455 7.1.7", caught_by="rfc6455/test_05_2_base_framing.py::test_reserved_opcode_fails_the_connection")
class GoesOnAfterAViolation(EchoClient):
    """A violation is ignored."""

    def take(self, frame: Frame) -> None:
        try:
            super().take(frame)
        except Exception:
            return
