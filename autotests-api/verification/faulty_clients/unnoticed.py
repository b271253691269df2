"""Clients whose faults no case noticed in a blind round: in requests, answers, masks, lengths and reports."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from verification.faulty_clients.correct import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    EchoClient,
    Failed,
    Frame,
)
from verification.faulty_clients.opening import Headers, NotOpened
from verification.faulty_clients.registry import fault

HANDSHAKE = "rfc6455/test_04_1_opening_handshake.py"
RESOURCE = f"{HANDSHAKE}::test_resource_is_that_of_the_url"
SIMILAR = f"{HANDSHAKE}::test_subprotocol_like_the_offered_does_not_open"
KEYS = "rfc6455/test_05_1_masking.py"
FRAMING = "rfc6455/test_05_2_base_framing.py"
CLOSING = "rfc6455/test_05_5_1_close.py"
CONTROL = "rfc6455/test_05_5_control_frames.py"
PARAMETERS = "rfc7692/test_07_1_parameters.py"
TOLD = "rfc6455/test_07_1_close_told.py"
FRAGMENTS = "rfc6455/test_05_4_fragmentation.py"


@fault("6455 4.1", caught_by=RESOURCE)
class DropsATrailingSlash(EchoClient):
    """Asks for the path without the slash at its end."""

    def resource(self, path: str, query: str) -> str:
        return super().resource(path.rstrip("/"), query)


@fault("6455 4.1", caught_by=RESOURCE)
class MergesSlashes(EchoClient):
    """Asks for one slash where the path has two."""

    def resource(self, path: str, query: str) -> str:
        return super().resource(re.sub("/+", "/", path), query)


@fault("6455 4.1", caught_by=RESOURCE)
class AsksInLowerCase(EchoClient):
    """Asks for the path in lower case."""

    def resource(self, path: str, query: str) -> str:
        return super().resource(path.lower(), query)


@fault("6455 4.1", caught_by=RESOURCE)
class SortsTheQuery(EchoClient):
    """Asks with the parameters of the query in order."""

    def resource(self, path: str, query: str) -> str:
        return super().resource(path, "&".join(sorted(query.split("&"))))


@fault("6455 4.1", caught_by=RESOURCE)
class CutsLongResources(EchoClient):
    """Asks for the first 255 characters of a resource."""

    def resource(self, path: str, query: str) -> str:
        return super().resource(path, query)[:255]


@fault("6455 4.1", caught_by=RESOURCE)
class ReadsPlusAsABlank(EchoClient):
    """Asks with %20 where the query has a plus sign."""

    def resource(self, path: str, query: str) -> str:
        return super().resource(path, query.replace("+", "%20"))


@fault("6455 3", caught_by="rfc6455/test_04_1_urls.py::test_fragment_is_not_asked_for")
class AsksForTheFragmentAsQuery(EchoClient):
    """Asks with the fragment of the URL as a query."""

    def run(self, url: str) -> int:
        self.fragment = urlsplit(url).fragment
        return super().run(url)

    def resource(self, path: str, query: str) -> str:
        return super().resource(path, query or self.fragment)


@fault("6455 4.1", caught_by=f"{HANDSHAKE}::test_status_that_looks_like_101_does_not_open")
class LooksFor101Anywhere(EchoClient):
    """Opens where 101 stands anywhere in the status line."""

    def check_status(self, line: str) -> None:
        super().check_status("HTTP/1.1 101" if "101" in line else line)


@fault("6455 4.1", caught_by=f"{HANDSHAKE}::test_extension_that_was_not_offered_does_not_open")
class ComparesTheStartOfExtensions(EchoClient):
    """Takes an extension whose name begins with that of the one that was offered."""

    def check_extension(self, name: str) -> None:
        super().check_extension(name[: len("permessage-deflate")])


@fault("6455 4.1", caught_by=f"{HANDSHAKE}::test_extension_in_a_second_header_does_not_open")
class ReadsTheFirstExtension(EchoClient):
    """Takes the first extension of the answer and ignores the others."""

    def negotiate(self, value: str) -> None:
        super().negotiate(value.partition(",")[0])


@fault("7692 7.1.2.2", caught_by=f"{PARAMETERS}::test_window_that_was_not_offered_does_not_open")
class TakesTheWidestWindowUnasked(EchoClient):
    """Does not offer client_max_window_bits, and takes it with 15, which changes nothing."""

    def offer(self) -> str:
        return "permessage-deflate"

    def check_parameter(self, name: str, value: str) -> None:
        if name == "client_max_window_bits" and value != "15":
            raise NotOpened(name)
        super().check_parameter(name, value)


@fault("6455 4.1", caught_by=SIMILAR)
class SubprotocolsHaveNoCase(EchoClient):
    """Offers subprotocols, and compares the server's choice without regard to case."""

    offered = ("chat.v2", "chat.v1")

    def headers(self, host: str) -> Headers:
        return [*super().headers(host), ("Sec-WebSocket-Protocol", ", ".join(self.offered))]

    def check_subprotocol(self, value: str) -> None:
        if value.lower() not in self.offered:
            super().check_subprotocol(value)


@fault("6455 4.1", caught_by=SIMILAR)
class ComparesTheStartOfSubprotocols(SubprotocolsHaveNoCase):
    """Takes a choice that begins with a subprotocol that was offered."""

    def check_subprotocol(self, value: str) -> None:
        if not value.startswith(self.offered):
            EchoClient.check_subprotocol(self, value)


@fault("6455 4.1", caught_by=f"{HANDSHAKE}::test_frames_in_the_segment_of_the_answer")
class DropsManyEarlyFrames(EchoClient):
    """Drops all but a hundred bytes of what came in the segment of the answer."""

    def read_head(self) -> bytes:
        head = super().read_head()
        self.buffer = self.buffer[:100]
        return head


@fault("6455 5.3", caught_by=f"{KEYS}::test_key_is_fresh_for_every_kind_of_frame")
class MasksEmptyFramesWithZeros(EchoClient):
    """The key of a frame without a payload is zero."""

    empty = False

    def send(self, opcode: int, payload: bytes, *, bits: int = 0, fin: bool = True) -> None:
        self.empty = not payload
        super().send(opcode, payload, bits=bits, fin=fin)

    def new_mask(self) -> bytes:
        return bytes(4) if self.empty else super().new_mask()


@fault("6455 5.3", caught_by=f"{KEYS}::test_key_is_fresh_for_every_kind_of_frame")
class MasksControlFramesWithOneKey(EchoClient):
    """The key of control frames is chosen once."""

    def __init__(self) -> None:
        super().__init__()
        self.only = super().new_mask()
        self.opcode = 0

    def send(self, opcode: int, payload: bytes, *, bits: int = 0, fin: bool = True) -> None:
        self.opcode = opcode
        super().send(opcode, payload, bits=bits, fin=fin)

    def new_mask(self) -> bytes:
        return self.only if self.opcode >= CLOSE else super().new_mask()


@fault("6455 5.3", caught_by=f"{KEYS}::test_key_of_the_close_frame_is_fresh")
class MasksCloseWithZeros(MasksControlFramesWithOneKey):
    """The key of a Close frame is zero."""

    def new_mask(self) -> bytes:
        return bytes(4) if self.opcode == CLOSE else EchoClient.new_mask(self)


@fault("6455 5.2", caught_by=f"{FRAMING}::test_reserved_bit_on_an_empty_frame_fails_the_connection")
class TakesBitsOnEmptyFrames(EchoClient):
    """Reserved bits of a frame without a payload are ignored."""

    def check_bits(self, frame: Frame) -> None:
        if frame.payload:
            super().check_bits(frame)


@fault("6455 5.2", caught_by=f"{FRAMING}::test_high_bits_of_a_length_are_not_dropped")
class ReadsLengthsIn32Bits(EchoClient):
    """Of a length in 64 bits the lower 32 are read."""

    def extended_length(self, short: int) -> int:
        return super().extended_length(short) & 0xFFFF_FFFF


@fault("6455 5.2", caught_by=f"{FRAMING}::test_high_bits_of_a_length_are_not_dropped")
class ReadsLengthsIn32BitsAndJudgesThem(EchoClient):
    """Of a length in 64 bits the lower 32 are read, and refused where 16 would do."""

    def extended_length(self, short: int) -> int:
        size = super().extended_length(short) & 0xFFFF_FFFF
        if short == 127 and size < 65536:
            raise Failed(1002, "not the shortest form")
        return size


@fault("6455 5.4", caught_by=f"{FRAGMENTS}::test_ping_behind_every_fragment_is_answered")
class AnswersPingsBehindTheFirstFragment(EchoClient):
    """Inside a message only Pings behind the first fragment are answered."""

    def on_ping(self, payload: bytes) -> None:
        if not self.kind or len(self.parts) < 2:
            super().on_ping(payload)


@fault("6455 5.4", caught_by=f"{FRAGMENTS}::test_pong_between_fragments_is_ignored")
class RefusesPongsInMessages(EchoClient):
    """A Pong between fragments fails the connection."""

    def on_pong(self, payload: bytes) -> None:
        if self.kind:
            raise Failed(1002, "a Pong in a message")


@fault("6455 5.5.1", caught_by=f"{CLOSING}::test_close_with_a_reason_is_answered")
class RefusesZerosInReasons(EchoClient):
    """A reason with a zero byte is refused."""

    def check_close_reason(self, reason: bytes) -> None:
        if b"\0" in reason:
            raise Failed(1002, "a zero byte")


@fault(
    "6455 7.1.5", caught_by="rfc6455/test_07_1_close_told.py::test_failure_is_not_told_as_a_normal_closure"
)
class TellsFailuresAs1000(EchoClient):
    """Tells its user 1000 where it failed the connection."""

    failed = False

    def take(self, frame: Frame) -> None:
        try:
            super().take(frame)
        except Failed:
            self.failed = True
            raise

    def tell_close(self, code: int, reason: str) -> None:
        super().tell_close(1000 if self.failed else code, reason)


@fault("6455 7.4", caught_by=f"{CLOSING}::test_close_is_answered")
class WritesCodesAsText(EchoClient):
    """The code in the answer to a Close frame is written in digits."""

    def answer_close(self, code: bytes) -> None:
        super().answer_close(str(int.from_bytes(code, "big")).encode() if code else code)


@fault("6455 5.2", caught_by=f"{FRAMING}::test_reserved_opcode_between_fragments_fails_the_connection")
class TakesReservedOpcodesInMessages(EchoClient):
    """Ignores a frame with a reserved opcode between fragments."""

    def take(self, frame: Frame) -> None:
        if not self.kind or frame.opcode in (CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG):
            super().take(frame)


@fault("7692 7.1", caught_by=f"{PARAMETERS}::test_illegal_answer_does_not_open")
class ComparesTheStartOfParameters(EchoClient):
    """Takes a parameter whose name begins as that of one of the client or the server."""

    def check_parameter(self, name: str, value: str) -> None:
        known = name.endswith(("_no_context_takeover", "_max_window_bits"))
        if known or not name.startswith(("client_", "server_")):
            super().check_parameter(name, value)


@fault("6455 5.5.1", caught_by=f"{CLOSING}::test_reason_that_is_not_utf8_is_called_an_error")
class TakesReasonsCutInACharacter(EchoClient):
    """The end of a character that is missing at the end of a reason is not missed."""

    def check_close_reason(self, reason: bytes) -> None:
        super().check_close_reason(re.sub(rb"[\xc2-\xf4][\x80-\xbf]{0,2}$", b"", reason))


@fault("6455 5.5", caught_by=f"{CONTROL}::test_wrong_control_frame_is_refused_with_1002")
class TakesLongCloseFrames(EchoClient):
    """A Close frame may be long, and not the last fragment."""

    def check_control(self, frame: Frame) -> None:
        if frame.opcode != CLOSE:
            super().check_control(frame)
