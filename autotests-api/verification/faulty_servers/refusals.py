"""Faults in refusing a request (RFC 6455 §4.2.1, §4.2.2, §4.4)."""

from __future__ import annotations

import asyncio
import itertools
import urllib.parse
from http import HTTPStatus

from verification.faulty_servers.correct import Connection
from verification.faulty_servers.correct.request import Refusal, Request
from verification.faulty_servers.registry import fault


@fault("RFC 6455 §4.2.2", caught_by="test_refusal_of_a_version_lists_the_known_ones[0]")
class HangsUpInsteadOfRefusing(Connection):
    """A request that is not acceptable gets no answer; TCP just ends."""

    def refuse(self, refusal: Refusal) -> None:
        pass


@fault("RFC 6455 §4.2.2", caught_by="test_tcp_ends_after_a_refusal_that_announces_it[Sec-WebSocket-Key]")
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


@fault("RFC 6455 §4.2.2", caught_by="test_refusal_of_a_version_lists_the_known_ones[0]")
class RefusesWith200(Connection):
    """A request that is not acceptable is answered with 200 and a page."""

    def refuse(self, refusal: Refusal) -> None:
        super().refuse(Refusal(200, refusal.reason))


@fault("RFC 6455 §4.2.2", caught_by="test_refusal_of_a_version_lists_the_known_ones[0]")
class RefusesWith500(Connection):
    """Every refusal is an unhandled exception, that is 500."""

    def refuse(self, refusal: Refusal) -> None:
        super().refuse(Refusal(500, "internal error"))


@fault("RFC 6455 §4.2.2", caught_by="test_refusal_of_a_version_lists_the_known_ones[12]")
class RefusesAVersionWith400(Connection):
    """A wrong version is answered with 400 and no list of versions."""

    def check_websocket_version(self, request: Request) -> None:
        try:
            super().check_websocket_version(request)
        except Refusal as refusal:
            raise Refusal(400, refusal.reason) from None


@fault("RFC 6455 §4.2.2", caught_by="test_refusal_of_a_version_lists_the_known_ones[12]")
class RefusesAVersionWithoutAList(Connection):
    """A wrong version is answered with 426, but not with the versions that are spoken."""

    def check_websocket_version(self, request: Request) -> None:
        try:
            super().check_websocket_version(request)
        except Refusal as refusal:
            raise Refusal(426, refusal.reason, ("Upgrade", "websocket")) from None


@fault("RFC 6455 §4.2.2", caught_by="test_refusal_of_a_version_lists_the_known_ones[12]")
class ListsTheWrongVersion(Connection):
    """A wrong version is answered with the version that the client asked for."""

    def check_websocket_version(self, request: Request) -> None:
        try:
            super().check_websocket_version(request)
        except Refusal as refusal:
            asked = ", ".join(request.values("Sec-WebSocket-Version"))
            raise Refusal(426, refusal.reason, ("Sec-WebSocket-Version", asked)) from None


@fault("RFC 6455 §4.2.2", caught_by="test_accept_value_is_never_that_of_another_connection")
class RefusesEveryOtherRequest(Connection):
    """Every other request is answered with 503, as a pool with one dead worker does."""

    turns = itertools.count()

    def judge(self, request: Request) -> None:
        super().judge(request)
        if next(self.turns) % 2:
            raise Refusal(503, "this worker is dead")


@fault("contract", caught_by="test_refusal_shows_no_stack_trace[no version]")
class ShowsItsTraceback(Connection):
    """A refusal carries the server's traceback, with the paths of its files."""

    def refuse(self, refusal: Refusal) -> None:
        trace = f'Traceback (most recent call last):\n  File "{__file__}", line 1, in judge\n{refusal}'
        super().refuse(Refusal(refusal.status, trace, *refusal.headers))


@fault("contract", caught_by="test_refusal_holds_no_markup_of_the_request[key]")
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


@fault("contract", caught_by="test_refusal_shows_no_stack_trace[a path that is no UTF-8]")
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


@fault("RFC 6455 §4.2.2", caught_by="test_refusal_is_as_long_as_it_says[Upgrade]", origin="blind round 4")
class CountsCharactersOfARefusal(Connection):
    """Content-Length of a refusal is the number of its characters."""

    def refuse(self, refusal: Refusal) -> None:
        body = f"отказано: {refusal.reason}\n"
        fields = [
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Length", str(len(body))),
            ("Connection", "close"),
            *refusal.headers,
        ]
        head = self.encode_head(refusal.status, HTTPStatus(refusal.status).phrase, fields)
        self.write(head + body.encode())


@fault(
    "RFC 6455 §4.2.2",
    caught_by="test_refusal_without_a_length_ends_with_tcp[Upgrade]",
    origin="blind round 4",
)
class RefusesWithoutAnEnd(Connection):
    """A refusal has no length, and TCP stays open behind it."""

    refused = False

    def refuse(self, refusal: Refusal) -> None:
        self.refused = True
        phrase = HTTPStatus(refusal.status).phrase
        head = self.encode_head(refusal.status, phrase, [("Content-Type", "text/plain"), *refusal.headers])
        self.write(head + f"{refusal.reason}\n".encode())

    async def end_tcp(self) -> None:
        if self.refused:
            while await self.reader.read(1 << 16):
                pass
        await super().end_tcp()
