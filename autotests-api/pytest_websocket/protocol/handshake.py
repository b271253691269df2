"""The opening handshake of RFC 6455 §4 as visible text: a request to bend, a response read strictly."""

from __future__ import annotations

import base64
import hashlib
import os
import re
from dataclasses import dataclass, replace

from pytest_websocket.protocol.grammar import TOKEN

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

_STATUS_LINE = re.compile(rb"(HTTP/\d\.\d) (\d{3})(?: ([^\r\n]*))?\Z")
_INTERIM = re.compile(rb"HTTP/1\.1 1(?!01)\d\d[ \r].*?\r\n\r\n", re.DOTALL)
_TOKEN = re.compile(TOKEN.encode() + rb"\Z")


def new_key() -> str:
    """Returns a Sec-WebSocket-Key: 16 random bytes in base64 (RFC 6455 §4.1)."""
    return base64.b64encode(os.urandom(16)).decode("ascii")


def accept_value(key: str) -> str:
    """Returns the Sec-WebSocket-Accept that a server has to answer to ``key`` (RFC 6455 §4.2.2)."""
    return base64.b64encode(hashlib.sha1((key + GUID).encode(), usedforsecurity=False).digest()).decode(
        "ascii"
    )


@dataclass(frozen=True)
class Request:
    """An HTTP request that need not be legal: every part is written as it stands here."""

    resource: str
    headers: tuple[tuple[str, str], ...]
    method: str = "GET"
    version: str = "HTTP/1.1"

    @classmethod
    def opening(cls, resource: str, host: str, *, key: str | None = None) -> Request:
        """Returns a legal opening handshake with nothing optional in it (RFC 6455 §4.1)."""
        return cls(
            resource,
            (
                ("Host", host),
                ("Upgrade", "websocket"),
                ("Connection", "Upgrade"),
                ("Sec-WebSocket-Key", key or new_key()),
                ("Sec-WebSocket-Version", "13"),
            ),
        )

    @property
    def key(self) -> str:
        """The first Sec-WebSocket-Key, or an empty string."""
        return next((value for name, value in self.headers if name.lower() == "sec-websocket-key"), "")

    def using(
        self, *, method: str | None = None, resource: str | None = None, version: str | None = None
    ) -> Request:
        """Returns another request line."""
        return replace(
            self,
            method=self.method if method is None else method,
            resource=self.resource if resource is None else resource,
            version=self.version if version is None else version,
        )

    def without(self, name: str) -> Request:
        """Returns the request without a header."""
        return replace(self, headers=tuple(h for h in self.headers if h[0].lower() != name.lower()))

    def having(self, name: str, *values: str) -> Request:
        """Returns the request with a header set to ``values``, one line each, in its old place."""
        lines = tuple((name, value) for value in values)
        at = [i for i, (known, _) in enumerate(self.headers) if known.lower() == name.lower()]
        if not at:
            return replace(self, headers=(*self.headers, *lines))
        rest = [h for i, h in enumerate(self.headers) if i not in at[1:]]
        return replace(self, headers=(*rest[: at[0]], *lines, *rest[at[0] + 1 :]))

    def encode(self) -> bytes:
        """Returns the request as bytes; characters above U+00FF are written in UTF-8."""
        lines = [
            f"{self.method} {self.resource} {self.version}",
            *(f"{name}: {value}" for name, value in self.headers),
        ]
        text = "\r\n".join(lines) + "\r\n\r\n"
        try:
            return text.encode("latin-1")
        except UnicodeEncodeError:
            return text.encode()

    def value(self, name: str) -> str | None:
        """Returns a header's lines joined by commas (RFC 9110 §5.3), or None where it is absent."""
        lines = [value for known, value in self.headers if known.lower() == name.lower()]
        return ", ".join(lines) if lines else None

    def adding_cookie(self, cookie: str) -> Request:
        """Returns the request with ``cookie`` beside the cookies that it has."""
        present = self.value("Cookie")
        return self.having("Cookie", f"{present}; {cookie}" if present else cookie)


@dataclass(frozen=True)
class Response:
    """The head of an HTTP response. ``status`` is 0 and ``problem`` says why when it is no HTTP at all."""

    raw: bytes
    version: str = ""
    status: int = 0
    reason: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    problem: str = ""

    def values(self, name: str) -> list[str]:
        """Returns all values of a header, a line each, in order."""
        return [value for known, value in self.headers if known.lower() == name.lower()]

    def value(self, name: str) -> str | None:
        """Returns a header's lines joined by commas (RFC 9110 §5.3), or None where it is absent."""
        lines = self.values(name)
        return ", ".join(lines) if lines else None

    def tokens(self, name: str) -> list[str]:
        """Returns the comma-separated elements of a header, in lower case."""
        return [element.strip().lower() for element in (self.value(name) or "").split(",") if element.strip()]

    @property
    def accepted(self) -> bool:
        """Whether the server switched protocols (status 101)."""
        return self.status == 101

    def __str__(self) -> str:
        if not self.status:
            return f"no HTTP response ({self.problem}): {self.raw[:60]!r}"
        return f"{self.version} {self.status} {self.reason}".rstrip()


def parse_response(head: bytes) -> Response:
    """Reads a response head, blank line included. ``problem`` says what is not legal HTTP/1.1."""
    lines = head.removesuffix(b"\r\n\r\n").split(b"\r\n")
    match = _STATUS_LINE.match(lines[0])
    if match is None:
        return Response(head, problem="the status line is not HTTP/1.x")
    version, status, reason = match.group(1).decode(), int(match.group(2)), match.group(3) or b""
    headers, problem = [], ""
    for line in lines[1:]:
        name, colon, value = line.partition(b":")
        if not colon or not _TOKEN.match(name):
            problem = problem or f"malformed header line {line[:60]!r}"
            continue
        headers.append((name.decode("latin-1"), value.strip(b" \t").decode("latin-1")))
    return Response(head, version, status, reason.decode("latin-1"), tuple(headers), problem)


def without_interim(received: bytes) -> bytes:
    """Returns ``received`` without interim responses before the final one (RFC 9110 §15.2)."""
    while interim := _INTERIM.match(received):
        received = received[interim.end() :]
    return received


def problems_of_acceptance(request: Request, response: Response) -> list[str]:
    """Returns what is wrong with a 101 response as an answer to ``request`` (RFC 6455 §4.1, §4.2.2)."""
    found = [response.problem] if response.problem else []
    if not response.accepted:
        return [*found, f"expected 101, got {response}"]
    if response.tokens("Upgrade") != ["websocket"]:
        found.append(f"Upgrade is {response.value('Upgrade')!r}, expected 'websocket'")
    if "upgrade" not in response.tokens("Connection"):
        found.append(f"Connection is {response.value('Connection')!r}, expected a token 'Upgrade'")
    accepts = response.values("Sec-WebSocket-Accept")
    if accepts != [accept_value(request.key)]:
        expected = accept_value(request.key)
        found.append(f"Sec-WebSocket-Accept is {accepts}, expected {expected!r} for key {request.key!r}")
    return found
