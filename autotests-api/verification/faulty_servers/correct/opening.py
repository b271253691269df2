"""The server's half of the opening handshake (RFC 6455 §4.2)."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from verification.faulty_servers.correct.negotiation import Agreement, Negotiation
from verification.faulty_servers.correct.request import (
    TOKEN,
    Refusal,
    Request,
    parse_field,
    parse_request_line,
)

if TYPE_CHECKING:
    from verification.faulty_servers.correct.server import EchoServer

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~%!$&'()*+,;=-]+)(:[0-9]*)?")


@dataclass(frozen=True)
class Agreed:
    """What the handshake settled: the subprotocol and the compression."""

    subprotocol: str | None
    deflate: Agreement | None


class Opening(Negotiation):
    """Reads the request, judges it rule by rule, and answers it."""

    head_limit = 16 * 1024
    field_limit = 128
    opening_timeout = 4.0

    def __init__(
        self, server: EchoServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.server = server
        self.reader = reader
        self.writer = writer
        self.buffer = bytearray()
        self.agreed = Agreed(None, None)

    async def fill(self) -> bool:
        """Adds what the network brings to the buffer; returns False once the peer has finished sending."""
        chunk = await self.reader.read(1 << 16)
        self.buffer += chunk
        return bool(chunk)

    async def open(self) -> bool:
        """Does the opening handshake; returns whether it ended in 101. An incomplete request gets 408."""
        try:
            async with asyncio.timeout(self.opening_timeout):
                request = await self.read_request()
            self.judge(request)
            answer = self.answer_request(request)
        except TimeoutError:
            self.refuse(Refusal(408, "the request is not complete"))
            return False
        except Refusal as refusal:
            self.refuse(refusal)
            return False
        self.write(answer)
        return True

    def write(self, data: bytes) -> None:
        """Hands bytes to TCP, and drops what comes after the client has gone."""
        if not self.writer.is_closing():
            self.writer.write(data)

    async def read_request(self) -> Request:
        """Reads the head up to its empty line; bytes after it stay in the buffer. Raises Refusal."""
        while (end := self.find_end()) < 0:
            self.check_beginning()
            if len(self.buffer) > self.head_limit:
                raise Refusal(431, "the request head is too large")
            if not await self.fill():
                raise ConnectionResetError("the client left before its request was complete")
        head = bytes(self.buffer[:end])
        del self.buffer[: end + 4]
        if len(head) > self.head_limit:
            raise Refusal(431, "the request head is too large")
        return self.parse_head(head)

    def find_end(self) -> int:
        """Returns where the head ends, else -1; an empty line in front of it is skipped (RFC 9112 §2.2)."""
        if self.buffer.startswith(b"\r\n"):
            del self.buffer[:2]
        return self.buffer.find(b"\r\n\r\n")

    def check_beginning(self) -> None:
        """Refuses at once what does not begin like HTTP. Raises Refusal 400."""
        line, complete, _ = self.buffer.partition(b"\r\n")
        if complete:
            parse_request_line(bytes(line))
        elif line and not TOKEN.fullmatch(line.decode("latin-1")[:1]):
            raise Refusal(400, "not an HTTP request")

    def parse_head(self, head: bytes) -> Request:
        """Bytes before the empty line as a request. Raises Refusal 400 or 431."""
        first, *lines = head.split(b"\r\n")
        method, target, version = parse_request_line(first)
        if len(lines) > self.field_limit:
            raise Refusal(431, "too many header fields")
        return Request(method, target, version, tuple(parse_field(line) for line in lines))

    def judge(self, request: Request) -> None:
        """Checks every demand of RFC 6455 §4.2.1. Raises Refusal at the first that is not met."""
        self.check_http_version(request)
        self.check_method(request)
        self.check_target(request)
        self.check_host(request)
        self.check_body(request)
        self.check_upgrade(request)
        self.check_connection(request)
        self.check_websocket_version(request)
        self.check_key(request)
        self.check_origin(request)

    def check_http_version(self, request: Request) -> None:
        """Demands HTTP/1.1 or a later 1.x."""
        if request.version < (1, 1) or request.version[0] != 1:
            raise Refusal(505, "HTTP/1.1 is needed")

    def check_method(self, request: Request) -> None:
        """Demands GET and nothing else."""
        if request.method != "GET":
            raise Refusal(405, "a WebSocket handshake is a GET request", ("Allow", "GET"))

    def check_target(self, request: Request) -> None:
        """Demands a path or an absolute URI, without a fragment (RFC 6455 §3)."""
        if not re.fullmatch(r"(/|(?i:https?|wss?)://[^/#]+)[^#]*", request.target):
            raise Refusal(400, "bad request target")

    def check_host(self, request: Request) -> None:
        """Demands exactly one Host with an authority in it."""
        hosts = request.values("Host")
        if len(hosts) != 1 or not _HOST.fullmatch(hosts[0]):
            raise Refusal(400, "one valid Host header is needed")

    def check_body(self, request: Request) -> None:
        """Demands no body: the bytes after the head are frames, so the request has no body."""
        lengths = request.values("Content-Length")
        if request.values("Transfer-Encoding") or any(length != "0" for length in lengths):
            raise Refusal(400, "a handshake has no body")

    def check_upgrade(self, request: Request) -> None:
        """Checks that Upgrade names websocket, in any case."""
        if "websocket" not in [item.lower() for item in request.items("Upgrade")]:
            raise self.upgrade_required("this is a WebSocket endpoint")

    def check_connection(self, request: Request) -> None:
        """Checks that Connection names upgrade, in any case."""
        if "upgrade" not in [item.lower() for item in request.items("Connection")]:
            raise self.upgrade_required("Connection: Upgrade is needed")

    def check_websocket_version(self, request: Request) -> None:
        """Checks that Sec-WebSocket-Version stands there once and is 13."""
        versions = request.values("Sec-WebSocket-Version")
        if versions != ["13"]:
            raise self.upgrade_required("only version 13 of the protocol is spoken here")

    def upgrade_required(self, reason: str) -> Refusal:
        """Returns 426 with what to upgrade to, and the versions that the server speaks (RFC 6455 §4.4)."""
        return Refusal(426, reason, ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13"))

    def check_key(self, request: Request) -> None:
        """Demands one Sec-WebSocket-Key: 16 bytes in base64."""
        keys = request.values("Sec-WebSocket-Key")
        if len(keys) != 1 or not self.is_key(keys[0]):
            raise Refusal(400, "one Sec-WebSocket-Key of 16 bytes in base64 is needed")

    def is_key(self, key: str) -> bool:
        """Returns whether the value is canonical base64 of 16 bytes."""
        try:
            nonce = base64.b64decode(key, validate=True)
        except (binascii.Error, ValueError):
            return False
        return len(nonce) == 16 and len(key) == 24

    def check_origin(self, request: Request) -> None:
        """Demands at most one Origin, one of those that are allowed where a list was given (§10.2)."""
        origins = request.values("Origin")
        if len(origins) > 1:
            raise Refusal(400, "more than one Origin")
        if origins and self.server.origins is not None and origins[0] not in self.server.origins:
            raise Refusal(403, "this origin is not allowed")

    def answer_request(self, request: Request) -> bytes:
        """Settles what was offered and writes the 101. Raises Refusal when an offer is malformed."""
        subprotocol = self.choose_subprotocol(self.offered_subprotocols(request))
        deflate = self.choose_deflate(self.offered_extensions(request))
        self.agreed = Agreed(subprotocol, deflate)
        return self.encode_head(101, "Switching Protocols", self.response_fields(request))

    def response_fields(self, request: Request) -> list[tuple[str, str]]:
        """Returns the header fields of the 101 (RFC 6455 §4.2.2)."""
        fields = [
            ("Upgrade", "websocket"),
            ("Connection", "Upgrade"),
            ("Sec-WebSocket-Accept", self.accept_value(request.values("Sec-WebSocket-Key")[0])),
        ]
        if self.agreed.subprotocol is not None:
            fields.append(("Sec-WebSocket-Protocol", self.agreed.subprotocol))
        if self.agreed.deflate is not None:
            fields.append(("Sec-WebSocket-Extensions", self.agreed.deflate.header()))
        return fields

    def accept_value(self, key: str) -> str:
        """Returns the proof that the server understood the key (RFC 6455 §4.2.2)."""
        return base64.b64encode(hashlib.sha1((key + GUID).encode(), usedforsecurity=False).digest()).decode()

    def offered_subprotocols(self, request: Request) -> list[str]:
        """Returns the client's subprotocols in order. Raises Refusal when one is no token or stands twice."""
        values = request.values("Sec-WebSocket-Protocol")
        offered = request.items("Sec-WebSocket-Protocol")
        malformed = [item for item in offered if not TOKEN.fullmatch(item)]
        if malformed or len(set(offered)) != len(offered) or (values and not offered):
            raise Refusal(400, "malformed Sec-WebSocket-Protocol")
        return offered

    def choose_subprotocol(self, offered: list[str]) -> str | None:
        """Returns the client's first choice that the server speaks; None where there is none."""
        return next((name for name in offered if name in self.server.subprotocols), None)

    def refuse(self, refusal: Refusal) -> None:
        """Answers with an HTTP error and its reason as text."""
        body = f"{refusal.reason}\n".encode()
        fields = [
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Length", str(len(body))),
            ("Connection", "close"),
            *refusal.headers,
        ]
        self.write(self.encode_head(refusal.status, HTTPStatus(refusal.status).phrase, fields) + body)

    def encode_head(self, status: int, phrase: str, fields: list[tuple[str, str]]) -> bytes:
        """Returns an HTTP/1.1 response head."""
        lines = [f"HTTP/1.1 {status} {phrase}", *(f"{name}: {value}" for name, value in fields)]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
