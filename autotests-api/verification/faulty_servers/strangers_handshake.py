"""Faults that strangers thought of, who had seen no case: the opening handshake (RFC 6455 §4)."""

from __future__ import annotations

import base64
import binascii
import re
from http import HTTPStatus

from verification.faulty_servers.correct import Connection
from verification.faulty_servers.correct.negotiation import Agreement, Offer
from verification.faulty_servers.correct.request import Refusal, Request
from verification.faulty_servers.registry import fault


@fault(
    "contract",
    caught_by="tests/security/test_hostile_handshakes.py::"
    "test_name_that_every_object_has_does_not_stop_the_server[constructor]",
    origin="blind round 4",
)
class DiesOfNamesThatEveryObjectHas(Connection):
    """The table of extensions is an object, which has a constructor though nobody entered it."""

    def choose_deflate(self, offers: list[Offer]) -> Agreement | None:
        if any(offer.name in ("constructor", "__proto__", "toString") for offer in offers):
            assert self.server.listener is not None
            self.server.listener.close()
            for connection in self.server.connections:
                connection.writer.transport.abort()
        return super().choose_deflate(offers)


@fault(
    "contract",
    caught_by="tests/security/test_hostile_handshakes.py::"
    "test_giant_handshake_is_answered_or_ended[a subprotocol behind 200 KiB of blanks]",
    origin="blind round 4",
)
class BacktracksOverBlanks(Connection):
    """A list is taken apart by a pattern that tries every blank as the beginning of a comma."""

    head_limit = 1 << 20

    def offered_subprotocols(self, request: Request) -> list[str]:
        for value in request.values("Sec-WebSocket-Protocol"):
            re.split(r"\s*,\s*", value)
        return super().offered_subprotocols(request)


@fault(
    "contract",
    caught_by="tests/security/test_hostile_handshakes.py::"
    "test_giant_handshake_is_answered_or_ended[an extension behind 200 KiB of blanks]",
    origin="blind round 4",
)
class BacktracksOverBlanksOfAnOffer(Connection):
    """Blanks in an offer of extensions are matched again and again."""

    head_limit = 1 << 20

    def offered_extensions(self, request: Request) -> list[Offer]:
        for value in request.values("Sec-WebSocket-Extensions"):
            re.split(r"\s*;\s*", value)
        return super().offered_extensions(request)


@fault(
    "contract",
    caught_by="tests/security/test_hostile_handshakes.py::"
    "test_giant_handshake_is_answered_or_ended[a parameter of 200 KiB of backslashes]",
    origin="blind round 4",
)
class BacktracksOverBackslashes(Connection):
    """A quoted value that never ends is tried from each of its backslashes."""

    head_limit = 1 << 20

    def offered_extensions(self, request: Request) -> list[Offer]:
        for value in request.values("Sec-WebSocket-Extensions"):
            re.findall(r"\\*$x", value)
        return super().offered_extensions(request)


@fault(
    "RFC 6455 §4.2.1",
    caught_by="tests/conformance/rfc6455/test_04_2_1_reading_the_handshake.py::"
    "test_header_of_a_similar_name_is_not_taken_for_it[Sec-WebSocket-Key]",
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
    caught_by="tests/conformance/rfc6455/test_04_2_1_reading_the_handshake.py::"
    "test_token_upgrade_is_found_beside_empty_elements[, Upgrade]",
    origin="blind round 4",
)
class RefusesEmptyElements(Connection):
    """A list with an empty element is malformed."""

    def check_connection(self, request: Request) -> None:
        for value in request.values("Connection"):
            if not all(element.strip() for element in value.split(",")):
                raise Refusal(400, "malformed Connection")
        super().check_connection(request)


@fault(
    "RFC 6455 §4.2.1",
    caught_by="tests/conformance/rfc6455/test_04_2_1_reading_the_handshake.py::"
    "test_header_beyond_ascii_is_passed_over[UTF-8]",
    origin="blind round 4",
)
class HangsUpAtBytesBeyondAscii(Connection):
    """A header is decoded as ASCII, and nobody catches the failure."""

    def parse_head(self, head: bytes) -> Request:
        if not head.isascii():
            raise ConnectionAbortedError("a header is not ASCII")
        return super().parse_head(head)


@fault(
    "RFC 6455 §4.2.1",
    caught_by="tests/conformance/rfc6455/test_04_2_1_reading_the_handshake.py::"
    "test_empty_line_before_the_request_is_passed_over",
    origin="blind round 4",
)
class RefusesAnEmptyLineBeforeTheRequest(Connection):
    """The first line has to be the request line."""

    def find_end(self) -> int:
        return self.buffer.find(b"\r\n\r\n")


@fault(
    "RFC 6455 §4.2.1",
    caught_by="tests/conformance/rfc6455/test_04_2_1_reading_the_handshake.py::"
    "test_key_of_another_alphabet_is_refused[for URLs]",
    origin="blind round 4",
)
class DecodesKeysLeniently(Connection):
    """The decoder skips what is no base64, and knows the alphabet of URLs, too."""

    def is_key(self, key: str) -> bool:
        try:
            return len(base64.b64decode(key, altchars="-_" if "_" in key else None)) == 16
        except (binascii.Error, ValueError):
            return False


@fault(
    "RFC 6455 §4.2.2",
    caught_by="tests/conformance/rfc6455/test_04_2_2_answering_the_handshake.py::"
    "test_refusal_is_as_long_as_it_says[Upgrade]",
    origin="blind round 4",
)
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
    caught_by="tests/conformance/rfc6455/test_04_2_2_answering_the_handshake.py::"
    "test_refusal_without_a_length_ends_with_tcp[Upgrade]",
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


@fault(
    "RFC 6455 §4.2.1",
    caught_by="tests/conformance/rfc6455/test_04_2_1_reading_the_handshake.py::test_large_cookie_is_taken",
    origin="blind round 4",
)
class RefusesCookiesAbove2Kib(Connection):
    """More than two kibibytes of cookies are too many."""

    def judge(self, request: Request) -> None:
        if sum(map(len, request.values("Cookie"))) > 2048:
            raise Refusal(400, "the cookie is too large")
        super().judge(request)
