"""The opening handshake as a server reads it: the request, and what is wrong with it (RFC 6455 §4.1)."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import SplitResult, parse_qsl, urlsplit

from pytest_websocket.protocol.extensions import parse_extensions
from pytest_websocket.protocol.grammar import TOKEN

_REQUEST_LINE = re.compile(rb"(%s) (\S+) (HTTP/\d\.\d)\Z" % TOKEN.encode())
_TOKEN = re.compile(TOKEN)
_SINGLE = ("Host", "Sec-WebSocket-Key", "Sec-WebSocket-Version", "Origin")


@dataclass(frozen=True)
class ClientRequest:
    """The head of an HTTP request as it came; ``problem`` says why it is not legal HTTP, if it is not.

    ``resource`` is the request target as it stands in the first line.
    """

    raw: bytes
    method: str = ""
    resource: str = ""
    version: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    problem: str = ""

    @property
    def path(self) -> str:
        """The resource without its query; all of it where it is no URI."""
        return self._parts.path

    @property
    def query(self) -> dict[str, str]:
        """The parameters of the query; of a repeated one the last."""
        return dict(parse_qsl(self._parts.query, keep_blank_values=True))

    def values(self, name: str) -> list[str]:
        """Returns all values of a header, a line each, in order."""
        return [value for known, value in self.headers if known.lower() == name.lower()]

    def value(self, name: str) -> str | None:
        """Returns a header's lines joined by commas (RFC 9110 §5.3), or None where it is absent."""
        lines = self.values(name)
        return ", ".join(lines) if lines else None

    def tokens(self, name: str) -> list[str]:
        """Returns the comma-separated elements of a header as they were written."""
        return [element.strip() for element in (self.value(name) or "").split(",") if element.strip()]

    @property
    def key(self) -> str:
        """The first Sec-WebSocket-Key, or an empty string."""
        return next(iter(self.values("Sec-WebSocket-Key")), "")

    @property
    def subprotocols(self) -> list[str]:
        """The subprotocols that the client offers, in its order (RFC 6455 §1.9)."""
        return self.tokens("Sec-WebSocket-Protocol")

    @property
    def _parts(self) -> SplitResult:
        try:
            return urlsplit(self.resource)
        except ValueError:
            # A bracket that begins no address of IPv6: a client may send anything.
            return SplitResult("", "", self.resource, "", "")

    def __str__(self) -> str:
        if not self.method:
            return f"no HTTP request ({self.problem}): {self.raw[:60]!r}"
        return f"{self.method} {self.resource} {self.version}"


def parse_request(head: bytes) -> ClientRequest:
    """Reads a request head, its empty line included; what is not legal HTTP/1.1 is told in ``problem``."""
    lines = head.removesuffix(b"\r\n\r\n").split(b"\r\n")
    match = _REQUEST_LINE.match(lines[0])
    if match is None:
        return ClientRequest(head, problem="the request line is not that of HTTP/1.x")
    method, resource, version = (part.decode("latin-1") for part in match.groups())
    headers, problem = [], ""
    for line in lines[1:]:
        name, colon, value = line.decode("latin-1").partition(":")
        if not colon or not _TOKEN.fullmatch(name) or re.search(r"[\x00-\x08\x0a-\x1f\x7f]", value):
            problem = problem or f"malformed header line {line[:60]!r}"
            continue
        headers.append((name, value.strip(" \t")))
    return ClientRequest(head, method, resource, version, tuple(headers), problem)


def response(status: int, headers: Iterable[tuple[str, str]] = ()) -> bytes:
    """Returns the head of an HTTP response, its empty line included; nothing of it is checked."""
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = "Unknown"
    lines = [f"HTTP/1.1 {status} {phrase}", *(f"{name}: {value}" for name, value in headers)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def problems_of_request(request: ClientRequest) -> list[str]:
    """Returns which rules of RFC 6455 §4.1 the request breaks; empty when it is a legal opening handshake."""
    found = [request.problem] if request.problem else []
    if not request.method:
        return found
    if request.method != "GET":
        found.append(f"the method is {request.method!r}, expected 'GET'")
    if request.version < "HTTP/1.1":
        found.append(f"the version is {request.version}, expected HTTP/1.1 or higher")
    if not request.resource.startswith(("/", "http://", "https://", "ws://", "wss://")):
        found.append(f"the resource {request.resource!r} is neither a path nor an absolute URI")
    if "#" in request.resource:
        found.append(f"the resource {request.resource!r} has a fragment (RFC 6455 §3)")
    found += [
        f"{name} stands {len(lines)} times" for name in _SINGLE if len(lines := request.values(name)) > 1
    ]
    if not request.value("Host"):
        found.append("Host is missing")
    if "websocket" not in (token.lower() for token in request.tokens("Upgrade")):
        found.append(f"Upgrade is {request.value('Upgrade')!r}, expected 'websocket'")
    if "upgrade" not in (token.lower() for token in request.tokens("Connection")):
        found.append(f"Connection is {request.value('Connection')!r}, expected a token 'Upgrade'")
    return found + _problems_of_key_and_version(request) + _problems_of_offers(request)


def _problems_of_key_and_version(request: ClientRequest) -> list[str]:
    found = []
    if not is_key(request.key):
        found.append(f"Sec-WebSocket-Key is {request.key!r}, expected 16 bytes in base64")
    if request.value("Sec-WebSocket-Version") != "13":
        found.append(f"Sec-WebSocket-Version is {request.value('Sec-WebSocket-Version')!r}, expected '13'")
    return found


def _problems_of_offers(request: ClientRequest) -> list[str]:
    found = []
    offered = request.subprotocols
    if request.values("Sec-WebSocket-Protocol") and not offered:
        found.append("Sec-WebSocket-Protocol is empty")
    found += [f"the subprotocol {name!r} is not a token" for name in offered if not _TOKEN.fullmatch(name)]
    if len(set(offered)) != len(offered):
        found.append(f"a subprotocol is offered twice: {', '.join(offered)}")
    extensions = request.value("Sec-WebSocket-Extensions")
    if extensions is not None:
        try:
            parse_extensions(extensions)
        except ValueError as error:
            found.append(f"Sec-WebSocket-Extensions {extensions!r} is malformed: {error} (RFC 6455 §9.1)")
    return found


def is_key(key: str) -> bool:
    """Returns whether ``key`` is 16 bytes in base64, as RFC 6455 §4.1 demands of Sec-WebSocket-Key."""
    try:
        return len(base64.b64decode(key, validate=True)) == 16 and len(key) == 24
    except (binascii.Error, ValueError):
        return False
