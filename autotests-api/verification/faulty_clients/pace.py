"""Clients that read folded headers wrongly, are hasty, or fall over their own Pings (RFC 6455 §4.1, §7.3)."""

from __future__ import annotations

import os
import time

from verification.faulty_clients.correct import PING, EchoClient, Failed, Frame
from verification.faulty_clients.opening import NotOpened
from verification.faulty_clients.registry import fault

FOLDED = "rfc6455/test_04_1_folded_headers.py"
SLOW = "rfc6455/test_07_3_slow_servers.py"
HASTE = 0.02
"""Seconds that a hasty client waits; the cases pause longer."""


@fault("6455 4.1", caught_by=f"{FOLDED}::test_folded_header_is_read_or_refused")
class StandsStillAtFoldedHeaders(EchoClient):
    """Neither opens nor ends the connection when a header is folded."""

    def unfold(self, lines: list[str]) -> list[str]:
        if any(line.startswith((" ", "\t")) for line in lines):
            self.read(1 << 30)
        return lines


@fault("6455 4.1", caught_by=f"{FOLDED}::test_folded_line_is_no_header")
class ReadsFoldedLinesAsHeaders(EchoClient):
    """A folded line is taken for a header of its own."""

    def unfold(self, lines: list[str]) -> list[str]:
        return [line.strip(" \t") for line in lines]


@fault("6455 4.1", caught_by=f"{FOLDED}::test_folded_rest_of_the_accept_value_is_not_lost")
class LosesFoldedLines(EchoClient):
    """The rest of a folded header is thrown away."""

    def unfold(self, lines: list[str]) -> list[str]:
        return [line for line in lines if not line.startswith((" ", "\t"))]


class Hasty(EchoClient):
    """Ends the connection when bytes do not come at once; by itself it is never hasty."""

    def soon(self) -> None:
        """Expects the next bytes within `HASTE`."""
        self.socket.settimeout(HASTE)

    def receive(self) -> None:
        try:
            super().receive()
        finally:
            self.socket.settimeout(None)


@fault("6455 7.3", caught_by=f"{SLOW}::test_frame_that_stands_still_is_waited_for")
class GivesUpSlowFrames(Hasty):
    """Ends the connection when a frame stands still."""

    def receive(self) -> None:
        if self.buffer:
            self.soon()
        super().receive()


@fault("6455 7.3", caught_by=f"{SLOW}::test_frame_that_stands_still_is_waited_for")
class GivesUpSlowPayloads(Hasty):
    """Ends the connection when a payload does not come with its length."""

    def extended_length(self, short: int) -> int:
        size = super().extended_length(short)
        if len(self.buffer) < size:
            self.soon()
        return size


@fault("6455 7.3", caught_by=f"{SLOW}::test_bytes_that_drip_are_waited_for")
class RefusesManySegments(EchoClient):
    """A frame in more than two segments fails the connection."""

    segments = 0

    def receive(self) -> None:
        super().receive()
        self.segments += 1
        if self.segments > 2:
            raise Failed(1008, "too slow")

    def read_frame(self) -> Frame:
        self.segments = 0
        return super().read_frame()


@fault("6455 7.3", caught_by=f"{SLOW}::test_fragment_that_comes_late_is_waited_for")
class GivesUpSlowFragments(Hasty):
    """Ends the connection when the next fragment does not come at once."""

    def receive(self) -> None:
        if self.kind:
            self.soon()
        super().receive()


@fault("6455 7.3", caught_by=f"{SLOW}::test_silence_does_not_end_the_connection")
class GivesUpSilentServers(Hasty):
    """Ends the connection when no message comes at once."""

    def read_frame(self) -> Frame:
        if not self.buffer:
            self.soon()
        return super().read_frame()


@fault("6455 5.5.2", caught_by=f"{SLOW}::test_ping_after_a_silence_is_answered")
class AnswersNoPingWhenIdle(EchoClient):
    """Pings are answered only soon after something else came."""

    heard = 0.0

    def read_frame(self) -> Frame:
        self.heard = time.monotonic()
        return super().read_frame()

    def on_ping(self, payload: bytes) -> None:
        if time.monotonic() - self.heard < HASTE:
            super().on_ping(payload)


@fault("6455 7.3", caught_by=f"{SLOW}::test_answer_that_stands_still_is_waited_for")
class GivesUpSlowAnswers(Hasty):
    """Ends the connection when the answer does not come in one go."""

    def read_head(self) -> bytes:
        while b"\r\n\r\n" not in self.buffer:
            if self.buffer:
                self.soon()
            self.receive()
        return super().read_head()


@fault("6455 4.1", caught_by=f"{SLOW}::test_nothing_is_sent_before_the_answer_is_whole")
class PingsBeforeTheAnswer(EchoClient):
    """Sends a Ping behind its request."""

    def read_head(self) -> bytes:
        self.send(PING, b"early")
        return super().read_head()


@fault("6455 4.1", caught_by=f"{SLOW}::test_nothing_is_sent_before_the_answer_is_whole")
class PingsAfterTheStatusLine(EchoClient):
    """Takes the connection for open once the status line came."""

    def read_head(self) -> bytes:
        while b"\r\n" not in self.buffer:
            self.receive()
        if not self.buffer.startswith(b"HTTP/1.1 101"):
            raise NotOpened("no 101")
        self.send(PING, b"early")
        return super().read_head()


@fault("6455 5.5.2", caught_by=f"{SLOW}::test_own_pings_may_stay_unanswered")
class CrashesWithoutPongs(Hasty):
    """Sends a Ping once it is open, and crashes when the Pong does not come."""

    def read_head(self) -> bytes:
        head = super().read_head()
        self.send(PING, b"are you there?")
        return head

    def receive(self) -> None:
        self.socket.settimeout(0.2)
        try:
            super().receive()
        except TimeoutError:
            os.abort()
