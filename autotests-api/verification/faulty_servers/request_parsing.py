"""Faults in reading the bytes of a request (RFC 6455 §4.2.1)."""

from __future__ import annotations

import asyncio
import re
from urllib.parse import unquote_to_bytes

from verification.faulty_servers.correct import Connection
from verification.faulty_servers.correct.request import Refusal, Request
from verification.faulty_servers.registry import fault

Fields = list[tuple[str, str]]


@fault("RFC 6455 §4.2.1", caught_by="test_handshake_in_pieces_is_taken[2]")
class NeedsTheRequestInOneSegment(Connection):
    """A request that comes in two segments is malformed."""

    async def read_request(self) -> Request:
        await self.fill()
        if b"\r\n\r\n" not in self.buffer:
            raise Refusal(400, "incomplete request")
        return await super().read_request()


@fault("RFC 6455 §4.2.1", caught_by="test_handshake_in_pieces_is_taken[1]")
class SearchesTheEndOfTheHeadInEachSegment(Connection):
    """The empty line is not found when it is split over two segments."""

    async def read_request(self) -> Request:
        seen = bytearray()
        while b"\r\n\r\n" not in self.buffer:
            seen += self.buffer
            self.buffer.clear()
            if not await self.fill():
                raise ConnectionResetError
        self.buffer[:0] = seen
        return await super().read_request()


@fault("contract", caught_by="test_handshake_without_an_end_is_ended")
class ReadsEndlessHeads(Connection):
    """The request head has no limit."""

    head_limit = 1 << 40
    field_limit = 1 << 40


@fault("RFC 6455 §4.2.1", caught_by="test_many_and_long_headers_are_taken[30-40]")
class RefusesHeadsAbove1Kib(Connection):
    """A request with an ordinary cookie in it is too large."""

    head_limit = 1024


@fault("RFC 6455 §4.2.1", caught_by="test_many_and_long_headers_are_taken[30-40]")
class RefusesMoreThanTwentyHeaders(Connection):
    """A request as browsers send it behind two proxies has too many header fields."""

    field_limit = 20


@fault("RFC 6455 §4.2.1", caught_by="test_blank_before_the_colon_is_refused[Host]")
class WaitsForMoreAfterGarbage(Connection):
    """Bytes that are not HTTP are read on, in the hope of a request."""

    opening_timeout = 86400.0

    def check_beginning(self) -> None:
        self.give_up = False

    def parse_head(self, head: bytes) -> Request:
        try:
            return super().parse_head(head)
        except Refusal:
            self.give_up = True
            raise

    give_up = False

    def refuse(self, refusal: Refusal) -> None:
        if not self.give_up:
            super().refuse(refusal)

    async def end_tcp(self) -> None:
        if self.give_up:
            await asyncio.Event().wait()
        await super().end_tcp()


@fault("RFC 6455 §4.2.1", caught_by="test_blank_before_the_colon_is_refused[Host]")
class AcceptsABlankBeforeTheColon(Connection):
    """`Host : server` is read as Host, where a proxy in front of it reads another header."""

    def parse_head(self, head: bytes) -> Request:
        return super().parse_head(re.sub(rb"[ \t]+:", b":", head))


@fault("RFC 6455 §4.2.1", caught_by="test_upgrade_with_other_protocols_is_answered[websocket, x-unheard-of]")
class LeavesOtherUpgradesUnanswered(Connection):
    """Who names another protocol beside websocket in Upgrade is left waiting."""

    async def read_request(self) -> Request:
        request = await super().read_request()
        if len(request.items("Upgrade")) > 1:
            await self.reader.read()
        return request


@fault(
    "RFC 6455 §4.2.1", caught_by="test_token_upgrade_is_found_beside_a_tab[before it]", origin="blind round 3"
)
class StripsBlanksButNoTabs(Connection):
    """An element of Connection with a tab before it is not recognised."""

    def check_connection(self, request: Request) -> None:
        elements = ",".join(request.values("Connection")).lower().split(",")
        if "upgrade" not in [element.strip(" ") for element in elements]:
            raise self.upgrade_required("Connection: Upgrade is needed")


@fault("RFC 6455 §4.2", caught_by="test_handshake_in_pieces_is_taken[2]", origin="blind round 3")
class MissesATornEmptyLine(Connection):
    """The empty line is looked for in every segment apart, so that a torn one is never found."""

    async def read_request(self) -> Request:
        searched = 0
        while self.buffer.find(b"\r\n\r\n", searched) < 0:
            searched = len(self.buffer)
            self.check_beginning()
            if len(self.buffer) > self.head_limit:
                break
            if not await self.fill():
                raise ConnectionResetError("the client left before its request was complete")
        return await super().read_request()


@fault("contract", caught_by="test_every_path_is_served_alike[not UTF-8]", origin="blind round 3")
class DecodesPathsAsUtf8(Connection):
    """A path whose percent-escapes are not UTF-8 is refused."""

    def check_target(self, request: Request) -> None:
        super().check_target(request)
        try:
            unquote_to_bytes(request.target).decode()
        except UnicodeDecodeError as error:
            raise Refusal(400, "bad escapes in the request target") from error


@fault("contract", caught_by="test_host_of_any_spelling_is_served[[::1]:80]", origin="blind round 3")
class SplitsHostAtEveryColon(Connection):
    """A Host that is an IPv6 address is refused, because it has more than one colon."""

    def check_host(self, request: Request) -> None:
        super().check_host(request)
        if request.values("Host")[0].count(":") > 1:
            raise Refusal(400, "one valid Host header is needed")


@fault(
    "RFC 6455 §4.2.1",
    caught_by="test_header_of_a_similar_name_is_not_taken_for_it[Sec-WebSocket-Key]",
    origin="blind round 4",
)
class TakesUnderscoresForHyphens(Connection):
    """Header names are turned into names of variables, and Sec_WebSocket_Key is one of them already."""

    def parse_head(self, head: bytes) -> Request:
        request = super().parse_head(head)
        fields = tuple((name.replace("_", "-"), value) for name, value in request.fields)
        return Request(request.method, request.target, request.version, fields)


@fault(
    "RFC 6455 §4.2.1",
    caught_by="test_token_upgrade_is_found_beside_empty_elements[, Upgrade]",
    origin="blind round 4",
)
class RefusesEmptyElements(Connection):
    """A list with an empty element is malformed."""

    def check_connection(self, request: Request) -> None:
        for value in request.values("Connection"):
            if not all(element.strip() for element in value.split(",")):
                raise Refusal(400, "malformed Connection")
        super().check_connection(request)


@fault("RFC 6455 §4.2.1", caught_by="test_header_beyond_ascii_is_passed_over[UTF-8]", origin="blind round 4")
class HangsUpAtBytesBeyondAscii(Connection):
    """A header is decoded as ASCII, and the error is not caught."""

    def parse_head(self, head: bytes) -> Request:
        if not head.isascii():
            raise ConnectionAbortedError("a header is not ASCII")
        return super().parse_head(head)


@fault(
    "RFC 6455 §4.2.1", caught_by="test_empty_line_before_the_request_is_passed_over", origin="blind round 4"
)
class RefusesAnEmptyLineBeforeTheRequest(Connection):
    """The first line has to be the request line."""

    def find_end(self) -> int:
        return self.buffer.find(b"\r\n\r\n")


@fault("RFC 6455 §4.2.1", caught_by="test_large_cookie_is_taken", origin="blind round 4")
class RefusesCookiesAbove2Kib(Connection):
    """More than two kibibytes of cookies are too many."""

    def judge(self, request: Request) -> None:
        if sum(map(len, request.values("Cookie"))) > 2048:
            raise Refusal(400, "the cookie is too large")
        super().judge(request)
