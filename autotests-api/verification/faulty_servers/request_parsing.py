"""Faults in reading the request's bytes and in refusing it (RFC 6455 §4.2.1, §4.2.2, §4.4)."""

from __future__ import annotations

import asyncio
import itertools
import re
import urllib.parse

from verification.faulty_servers.correct import Connection
from verification.faulty_servers.correct.request import Refusal, Request
from verification.faulty_servers.registry import fault

Fields = list[tuple[str, str]]


@fault(
    "RFC 6455 §4.2.1",
    caught_by="tests/conformance/rfc6455/test_04_2_1_reading_the_handshake.py::"
    "test_handshake_in_pieces_is_taken[2]",
)
class NeedsTheRequestInOneSegment(Connection):
    """A request that comes in two segments is malformed."""

    async def read_request(self) -> Request:
        await self.fill()
        if b"\r\n\r\n" not in self.buffer:
            raise Refusal(400, "incomplete request")
        return await super().read_request()


@fault(
    "RFC 6455 §4.2.1",
    caught_by="tests/conformance/rfc6455/test_04_2_1_reading_the_handshake.py::"
    "test_handshake_in_pieces_is_taken[1]",
)
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


@fault(
    "contract",
    caught_by="tests/security/test_hostile_handshakes.py::test_handshake_without_an_end_is_ended",
)
class ReadsEndlessHeads(Connection):
    """The request head has no limit."""

    head_limit = 1 << 40
    field_limit = 1 << 40


@fault(
    "RFC 6455 §4.2.1",
    caught_by="tests/conformance/rfc6455/test_04_2_1_reading_the_handshake.py::"
    "test_many_and_long_headers_are_taken[30-40]",
)
class RefusesHeadsAbove1Kib(Connection):
    """A request with an ordinary cookie in it is too large."""

    head_limit = 1024


@fault(
    "RFC 6455 §4.2.1",
    caught_by="tests/conformance/rfc6455/test_04_2_1_reading_the_handshake.py::"
    "test_many_and_long_headers_are_taken[30-40]",
)
class RefusesMoreThanTwentyHeaders(Connection):
    """A request as browsers send it behind two proxies has too many header fields."""

    field_limit = 20


@fault(
    "RFC 6455 §4.2.1",
    caught_by="tests/conformance/rfc6455/test_04_2_1_reading_the_handshake.py::"
    "test_garbage_does_not_open_a_connection[binary]",
)
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


@fault(
    "RFC 6455 §4.2.2",
    caught_by="tests/conformance/rfc6455/test_04_4_versions.py::"
    "test_refusal_of_a_version_lists_the_known_ones[0]",
)
class HangsUpInsteadOfRefusing(Connection):
    """A request that is not acceptable gets no answer; TCP just ends."""

    def refuse(self, refusal: Refusal) -> None:
        pass


@fault(
    "RFC 6455 §4.2.2",
    caught_by="tests/conformance/rfc6455/test_04_2_2_answering_the_handshake.py::"
    "test_tcp_ends_after_a_refusal_that_announces_it[Sec-WebSocket-Key]",
)
class KeepsTcpOpenAfterARefusal(Connection):
    """A refused client is answered, and TCP stays open without end."""

    async def end_tcp(self) -> None:
        if self.inflater is None and not self.close_sent and not self.opened:
            await asyncio.Event().wait()
        await super().end_tcp()

    opened = False

    def start_codecs(self) -> None:
        self.opened = True
        super().start_codecs()


@fault(
    "RFC 6455 §4.2.2",
    caught_by="tests/conformance/rfc6455/test_04_4_versions.py::"
    "test_refusal_of_a_version_lists_the_known_ones[0]",
)
class RefusesWith200(Connection):
    """A request that is not acceptable is answered with 200 and a page."""

    def refuse(self, refusal: Refusal) -> None:
        super().refuse(Refusal(200, refusal.reason))


@fault(
    "RFC 6455 §4.2.2",
    caught_by="tests/conformance/rfc6455/test_04_4_versions.py::"
    "test_refusal_of_a_version_lists_the_known_ones[0]",
)
class RefusesWith500(Connection):
    """Every refusal is an unhandled exception, that is 500."""

    def refuse(self, refusal: Refusal) -> None:
        super().refuse(Refusal(500, "internal error"))


@fault(
    "RFC 6455 §4.2.2",
    caught_by="tests/conformance/rfc6455/test_04_4_versions.py::"
    "test_refusal_of_a_version_lists_the_known_ones[12]",
)
class RefusesAVersionWith400(Connection):
    """A wrong version is answered with 400 and no list of versions."""

    def check_websocket_version(self, request: Request) -> None:
        try:
            super().check_websocket_version(request)
        except Refusal as refusal:
            raise Refusal(400, refusal.reason) from None


@fault(
    "RFC 6455 §4.2.2",
    caught_by="tests/conformance/rfc6455/test_04_4_versions.py::"
    "test_refusal_of_a_version_lists_the_known_ones[12]",
)
class RefusesAVersionWithoutAList(Connection):
    """A wrong version is answered with 426, but not with the versions that are spoken."""

    def check_websocket_version(self, request: Request) -> None:
        try:
            super().check_websocket_version(request)
        except Refusal as refusal:
            raise Refusal(426, refusal.reason, ("Upgrade", "websocket")) from None


@fault(
    "RFC 6455 §4.2.2",
    caught_by="tests/conformance/rfc6455/test_04_4_versions.py::"
    "test_refusal_of_a_version_lists_the_known_ones[12]",
)
class ListsTheWrongVersion(Connection):
    """A wrong version is answered with the version that the client asked for."""

    def check_websocket_version(self, request: Request) -> None:
        try:
            super().check_websocket_version(request)
        except Refusal as refusal:
            asked = ", ".join(request.values("Sec-WebSocket-Version"))
            raise Refusal(426, refusal.reason, ("Sec-WebSocket-Version", asked)) from None


@fault(
    "RFC 6455 §4.2.2",
    caught_by="tests/conformance/rfc6455/test_04_2_2_answering_the_handshake.py::"
    "test_accept_value_is_made_of_the_key",
)
class RefusesEveryOtherRequest(Connection):
    """Every other request is answered with 503, as a pool with one dead worker does."""

    turns = itertools.count()

    def judge(self, request: Request) -> None:
        super().judge(request)
        if next(self.turns) % 2:
            raise Refusal(503, "this worker is dead")


@fault(
    "contract",
    caught_by="tests/security/test_disclosure.py::test_refusal_shows_no_stack_trace[no version]",
)
class ShowsItsTraceback(Connection):
    """A refusal carries the server's traceback, with the paths of its files."""

    def refuse(self, refusal: Refusal) -> None:
        trace = f'Traceback (most recent call last):\n  File "{__file__}", line 1, in judge\n{refusal}'
        super().refuse(Refusal(refusal.status, trace, *refusal.headers))


@fault(
    "contract",
    caught_by="tests/security/test_disclosure.py::test_refusal_holds_no_markup_of_the_request[key]",
)
class ShowsTheRequestInHtml(Connection):
    """A refusal is a page that shows the request as it came, markup and all."""

    shown = ""

    def parse_head(self, head: bytes) -> Request:
        self.shown = head.decode("latin-1")
        return super().parse_head(head)

    def encode_head(self, status: int, phrase: str, fields: list[tuple[str, str]]) -> bytes:
        return super().encode_head(status, phrase, fields).replace(b"text/plain", b"text/html")

    def refuse(self, refusal: Refusal) -> None:
        super().refuse(Refusal(refusal.status, f"<pre>{self.shown}</pre>{refusal.reason}", *refusal.headers))


@fault(
    "RFC 6455 §4.2.1",
    caught_by="tests/conformance/rfc6455/test_04_2_1_reading_the_handshake.py::"
    "test_blank_before_the_colon_is_refused[Host]",
)
class AcceptsABlankBeforeTheColon(Connection):
    """`Host : server` is read as Host, where a proxy in front of it reads another header."""

    def parse_head(self, head: bytes) -> Request:
        return super().parse_head(re.sub(rb"[ \t]+:", b":", head))


@fault(
    "contract",
    caught_by="tests/security/test_disclosure.py::test_refusal_shows_no_stack_trace[a path that is no UTF-8]",
)
class ShowsWhereItCouldNotDecode(Connection):
    """A path or a header that is not UTF-8 is answered with 500 and the traceback of the decoder."""

    def judge(self, request: Request) -> None:
        try:
            urllib.parse.unquote_to_bytes(request.target).decode()
            for _, value in request.fields:
                value.encode("latin-1").decode()
        except UnicodeDecodeError as error:
            trace = f'Traceback (most recent call last):\n  File "{__file__}", line 1, in judge\n{error!r}'
            raise Refusal(500, trace) from error
        super().judge(request)


@fault(
    "RFC 6455 §4.2.1",
    caught_by="tests/conformance/rfc6455/test_04_2_1_reading_the_handshake.py::"
    "test_upgrade_with_other_protocols_is_answered[websocket, x-unheard-of]",
)
class LeavesOtherUpgradesUnanswered(Connection):
    """Who names another protocol beside websocket in Upgrade is left waiting."""

    async def read_request(self) -> Request:
        request = await super().read_request()
        if len(request.items("Upgrade")) > 1:
            await self.reader.read()
        return request
