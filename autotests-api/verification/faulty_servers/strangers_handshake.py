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


@fault("contract")
class DiesOfNamesThatEveryObjectHas(Connection):
    """The table of extensions is an object, which has a constructor though nobody entered it."""

    def choose_deflate(self, offers: list[Offer]) -> Agreement | None:
        if any(offer.name in ("constructor", "__proto__", "toString") for offer in offers):
            assert self.server.listener is not None
            self.server.listener.close()
            for connection in self.server.connections:
                connection.writer.transport.abort()
        return super().choose_deflate(offers)


@fault("contract")
class BacktracksOverBlanks(Connection):
    """A list is taken apart by a pattern that tries every blank as the beginning of a comma."""

    head_limit = 1 << 20

    def offered_subprotocols(self, request: Request) -> list[str]:
        for value in request.values("Sec-WebSocket-Protocol"):
            re.split(r"\s*,\s*", value)
        return super().offered_subprotocols(request)


@fault("contract")
class BacktracksOverBlanksOfAnOffer(Connection):
    """Blanks in an offer of extensions are matched again and again."""

    head_limit = 1 << 20

    def offered_extensions(self, request: Request) -> list[Offer]:
        for value in request.values("Sec-WebSocket-Extensions"):
            re.split(r"\s*;\s*", value)
        return super().offered_extensions(request)


@fault("contract")
class BacktracksOverBackslashes(Connection):
    """A quoted value that never ends is tried from each of its backslashes."""

    head_limit = 1 << 20

    def offered_extensions(self, request: Request) -> list[Offer]:
        for value in request.values("Sec-WebSocket-Extensions"):
            re.findall(r"\\*$x", value)
        return super().offered_extensions(request)


@fault("RFC 6455 §4.2.1")
class TakesUnderscoresForHyphens(Connection):
    """Header names are turned into names of variables, and Sec_WebSocket_Key is one of them already."""

    def parse_head(self, head: bytes) -> Request:
        request = super().parse_head(head)
        fields = tuple((name.replace("_", "-"), value) for name, value in request.fields)
        return Request(request.method, request.target, request.version, fields)


@fault("RFC 6455 §4.2.1")
class RefusesEmptyElements(Connection):
    """A list with an empty element is malformed."""

    def check_connection(self, request: Request) -> None:
        for value in request.values("Connection"):
            if not all(element.strip() for element in value.split(",")):
                raise Refusal(400, "malformed Connection")
        super().check_connection(request)


@fault("RFC 6455 §4.2.1")
class HangsUpAtBytesBeyondAscii(Connection):
    """A header is decoded as ASCII, and nobody catches the failure."""

    def parse_head(self, head: bytes) -> Request:
        if not head.isascii():
            raise ConnectionAbortedError("a header is not ASCII")
        return super().parse_head(head)


@fault("RFC 6455 §4.2.1")
class RefusesAnEmptyLineBeforeTheRequest(Connection):
    """The first line has to be the request line."""

    def find_end(self) -> int:
        return self.buffer.find(b"\r\n\r\n")


@fault("RFC 6455 §4.2.1")
class DecodesKeysLeniently(Connection):
    """The decoder skips what is no base64, and knows the alphabet of URLs, too."""

    def is_key(self, key: str) -> bool:
        try:
            return len(base64.b64decode(key, altchars="-_" if "_" in key else None)) == 16
        except (binascii.Error, ValueError):
            return False


@fault("RFC 6455 §4.2.2")
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


@fault("RFC 6455 §4.2.2")
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


@fault("RFC 6455 §4.2.1")
class RefusesCookiesAbove2Kib(Connection):
    """More than two kibibytes of cookies are too many."""

    def judge(self, request: Request) -> None:
        if sum(map(len, request.values("Cookie"))) > 2048:
            raise Refusal(400, "the cookie is too large")
        super().judge(request)
