"""Clients that take a wrong answer to their opening handshake, or refuse a legal one (RFC 6455 §4.1)."""

from __future__ import annotations

import itertools
import time

from verification.faulty_clients.correct import EchoClient
from verification.faulty_clients.registry import fault

FILE = "rfc6455/test_04_1_opening_handshake.py"


@fault("6455 4.1", caught_by=f"{FILE}::test_other_status_does_not_open")
class TakesAnyStatus(EchoClient):
    """Opens with any status."""

    def check_status(self, line: str) -> None:
        pass


@fault("6455 4.1", caught_by=f"{FILE}::test_other_status_does_not_open")
class TakesStatus200(EchoClient):
    """Opens with 200."""

    def check_status(self, line: str) -> None:
        if line.split()[1] != "200":
            super().check_status(line)


@fault("6455 4.1", caught_by=f"{FILE}::test_wrong_header_does_not_open")
class IgnoresUpgrade(EchoClient):
    """Opens whatever Upgrade is."""

    def check_upgrade(self, value: str) -> None:
        pass


@fault("6455 4.1", caught_by=f"{FILE}::test_wrong_header_does_not_open")
class TakesAPartOfUpgrade(EchoClient):
    """Opens where Upgrade begins with websocket."""

    def check_upgrade(self, value: str) -> None:
        super().check_upgrade(value[:9])


@fault("6455 4.1", caught_by=f"{FILE}::test_legal_answer_opens_the_connection")
class UpgradeHasACase(EchoClient):
    """Opens only where Upgrade is in lower case."""

    def check_upgrade(self, value: str) -> None:
        super().check_upgrade(value if value == "websocket" else "")


@fault("6455 4.1", caught_by=f"{FILE}::test_wrong_header_does_not_open")
class IgnoresConnection(EchoClient):
    """Opens whatever Connection is."""

    def check_connection(self, value: str) -> None:
        pass


@fault("6455 4.1", caught_by=f"{FILE}::test_wrong_header_does_not_open")
class TakesAPartOfConnection(EchoClient):
    """Opens where Connection has the letters of upgrade in it."""

    def check_connection(self, value: str) -> None:
        super().check_connection("upgrade" if "upgrade" in value.lower() else value)


@fault("6455 4.1", caught_by=f"{FILE}::test_legal_answer_opens_the_connection")
class ConnectionIsOneToken(EchoClient):
    """Opens only where Connection has one token."""

    def check_connection(self, value: str) -> None:
        super().check_connection("" if "," in value else value)


@fault("6455 4.1", caught_by=f"{FILE}::test_legal_answer_opens_the_connection")
class ConnectionHasACase(EchoClient):
    """Opens only where Connection is written as in the RFC."""

    def check_connection(self, value: str) -> None:
        super().check_connection(value if "Upgrade" in value else "")


@fault("6455 4.1", caught_by=f"{FILE}::test_wrong_accept_value_does_not_open")
class IgnoresAccept(EchoClient):
    """Opens whatever Sec-WebSocket-Accept is."""

    def check_accept(self, values: list[str]) -> None:
        pass


@fault("6455 4.1", caught_by=f"{FILE}::test_wrong_accept_value_does_not_open")
class TakesAnyAccept(EchoClient):
    """Opens where there is a Sec-WebSocket-Accept."""

    def check_accept(self, values: list[str]) -> None:
        super().check_accept([self.expected_accept()] if values and values[0] else values)


@fault("6455 4.1", caught_by=f"{FILE}::test_wrong_header_does_not_open")
class NeedsNoAccept(EchoClient):
    """Checks Sec-WebSocket-Accept only where it is there."""

    def check_accept(self, values: list[str]) -> None:
        if values and values[0]:
            super().check_accept(values)


@fault("6455 4.1", caught_by=f"{FILE}::test_wrong_accept_value_does_not_open")
class AcceptHasNoCase(EchoClient):
    """Compares Sec-WebSocket-Accept without regard to case."""

    def check_accept(self, values: list[str]) -> None:
        expected = self.expected_accept()
        super().check_accept([expected if one.lower() == expected.lower() else one for one in values])


@fault("6455 4.1", caught_by=f"{FILE}::test_wrong_accept_value_does_not_open")
class ChecksTheStartOfAccept(EchoClient):
    """Compares the first half of Sec-WebSocket-Accept."""

    def check_accept(self, values: list[str]) -> None:
        expected = self.expected_accept()
        super().check_accept([expected if one[:14] == expected[:14] else one for one in values])


@fault("6455 4.1", caught_by=f"{FILE}::test_wrong_accept_value_does_not_open")
class ChecksTheEndOfAccept(EchoClient):
    """Compares the last half of Sec-WebSocket-Accept."""

    def check_accept(self, values: list[str]) -> None:
        expected = self.expected_accept()
        super().check_accept([expected if one[14:] == expected[14:] else one for one in values])


@fault("6455 4.1", caught_by=f"{FILE}::test_two_accept_values_do_not_open")
class TakesTheLastAccept(EchoClient):
    """Of two values of Sec-WebSocket-Accept the last counts."""

    def check_accept(self, values: list[str]) -> None:
        super().check_accept(values[-1:])


@fault("6455 4.1", caught_by=f"{FILE}::test_subprotocol_that_was_not_offered_does_not_open")
class TakesAnySubprotocol(EchoClient):
    """Opens with a subprotocol that was not offered."""

    def check_subprotocol(self, value: str) -> None:
        pass


@fault("6455 4.1", caught_by=f"{FILE}::test_extension_that_was_not_offered_does_not_open")
class TakesAnyExtension(EchoClient):
    """Opens with an extension that was not offered."""

    def negotiate(self, value: str) -> None:
        if value.startswith("permessage-deflate"):
            super().negotiate(value)


@fault("6455 4.1", caught_by=f"{FILE}::test_no_http_does_not_open")
class WaitsForeverForAnAnswer(EchoClient):
    """Goes on reading after the end of TCP where no HTTP came."""

    def check_http(self, line: str) -> None:
        for _ in itertools.takewhile(lambda _: not line.startswith("HTTP"), itertools.repeat(0)):
            time.sleep(0.1)


@fault("6455 4.1", caught_by=f"{FILE}::test_frames_in_the_segment_of_the_answer")
class DropsEarlyFrames(EchoClient):
    """Drops what came in the segment of the answer."""

    def read_head(self) -> bytes:
        head = super().read_head()
        self.buffer = b""
        return head


@fault("6455 4.1", caught_by=f"{FILE}::test_answer_in_pieces")
class ReadsTheAnswerOnce(EchoClient):
    """Takes the first segment for the whole answer."""

    def read_head(self) -> bytes:
        self.receive()
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        return head
