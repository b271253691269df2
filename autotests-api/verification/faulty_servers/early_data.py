"""Faults in what arrives in one segment with the request (RFC 6455 §4.1)."""

from __future__ import annotations

from verification.faulty_servers.correct import Connection
from verification.faulty_servers.correct.request import Request
from verification.faulty_servers.registry import fault


class Early(Connection):
    """Knows what came together with the request."""

    early = b""

    async def read_request(self) -> Request:
        request = await super().read_request()
        self.early = bytes(self.buffer)
        return request


@fault(
    "RFC 6455 §4.1",
    caught_by="test_messages_in_the_segment_of_the_request_are_not_lost[1]",
    origin="a public bug",
)
class ForgetsWhatCameWithTheRequest(Early):
    """The buffer of the HTTP parser is thrown away with the parser."""

    def start_codecs(self) -> None:
        super().start_codecs()
        self.buffer.clear()


@fault("RFC 6455 §4.1", caught_by="test_ping_in_the_segment_of_the_request_is_not_lost")
class ForgetsAPingThatCameWithTheRequest(Early):
    """Only messages are taken over from the HTTP parser."""

    def on_ping(self, payload: bytes) -> None:
        if not self.early:
            super().on_ping(payload)
        self.early = b""


@fault("RFC 6455 §4.1", caught_by="test_messages_in_the_segment_of_the_request_are_not_lost[20]")
class TakesOneFrameOverFromTheRequest(Early):
    """Of what came with the request the first frame is handled, and the rest is forgotten."""

    def frame_ends(self, header: object) -> None:
        super().frame_ends(header)  # type: ignore[arg-type]
        if self.early:
            self.early = b""
            self.buffer.clear()


@fault(
    "RFC 6455 §4.1", caught_by="test_violation_in_the_segment_of_the_request_fails_the_connection[not masked]"
)
class ForgivesWhatCameWithTheRequest(Early):
    """A violation in the segment of the request is passed over in silence."""

    def start_codecs(self) -> None:
        super().start_codecs()
        if self.buffer and not self.buffer.startswith(
            (b"\x81\x87", b"\x81\x8b", b"\x81\x88", b"\x88\x82", b"\x89\x85")
        ):
            self.buffer.clear()


@fault("RFC 6455 §4.1", caught_by="test_close_in_the_segment_of_the_request_ends_the_connection")
class HoldsACloseThatCameWithTheRequest(Early):
    """A Close that came with the request is answered when something else has come."""

    def on_close(self, payload: bytes) -> None:
        if self.early:
            self.early = b""
            return
        super().on_close(payload)
