"""TARGET: where the suite aims, what it expects to be answered, and what the target was found able to do."""

from __future__ import annotations

import base64
import binascii
import html
import json
import re
import ssl
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, quote, quote_plus, unquote, urlsplit

ECHO_TEMPLATE = "Сервер получил: {message}"
ECHO_LIMIT = 1 << 20
DEFAULT_TIMEOUT = 5.0
DEFAULT_MAX_MESSAGE = 1 << 20
"""Bytes; the largest message that the probe tries, and that cases use."""

MASK = "•••••"
SHORTEST_SECRET = 6
"""Characters; shorter values ("1", "true") would be found in the middle of innocent words."""

SHORTEST_PIECE = 3
"""Characters of a secret, next to a place where a text was cut, that are taken for a piece of it."""

# Where a value or a comparison was shortened: an ellipsis, or the sign before a line of a difference.
_CUTS = re.compile(r"(\.\.\.|['\"”] …|…|(?<!\S)[-+?] )")
_CREDENTIAL = re.compile(
    r"auth|cookie|token|secret|passw|pwd|session|signature|credential|(api|access|private).?key|jwt"
    r"|^(key|sig|sid|code|ticket)$",
    re.IGNORECASE,
)
# These carry such a word and no secret; a reader of a handshake wants to see them.
_PUBLIC_HEADERS = {"www-authenticate", "proxy-authenticate"}

Message = str | bytes


@dataclass(frozen=True, repr=False)
class Target:
    """One WebSocket server and how to talk to it. Made from the options once, never changed.

    ``reply`` is the template of the server's answer; ``binary`` says how it answers bytes:
    ``same`` (the template's text in UTF-8 around the bytes, in a binary message), ``plain`` (the bytes
    alone), ``none`` (not at all), or ``text:TEMPLATE`` (a text message, ``{message}`` being Python's
    repr of the bytes); with ``binary_promised`` silence is a fault and not a missing ability.
    ``greetings`` is how many messages it sends of its own on every new connection.
    ``headers`` are sent with every handshake. ``proxy`` is the URL of an HTTP proxy,
    None for a direct connection. ``timeout`` is the deadline of every wait in seconds, before
    ``time_scale``.
    """

    url: str
    embedded: bool = False
    reply: str = ECHO_TEMPLATE
    binary: str = "same"
    binary_promised: bool = False
    echo: bool = True
    greetings: int = 0
    headers: tuple[tuple[str, str], ...] = ()
    origin: str | None = None
    subprotocols: tuple[str, ...] = ()
    ca: str | None = None
    cert: str | None = None
    key: str | None = None
    insecure: bool = False
    proxy: str | None = None
    max_message: int | None = None
    timeout: float = DEFAULT_TIMEOUT
    time_scale: float = 1.0
    strict: bool = False

    @property
    def deadline(self) -> float:
        """Seconds that any single wait may take."""
        return self.timeout * self.time_scale

    @property
    def promised_limit(self) -> int | None:
        """The message limit in bytes that the target can be held to, where it is known.

        A server that answers by the lesson's template promises the lesson's limit.
        """
        return self.max_message or (ECHO_LIMIT if self.reply == ECHO_TEMPLATE else None)

    def promises(self, size: int) -> bool:
        """Whether the target can be held to taking a message of ``size`` bytes."""
        return self.promised_limit is not None and size <= self.promised_limit

    @property
    def secure(self) -> bool:
        """Whether the URL asks for TLS."""
        return urlsplit(self.url).scheme in {"wss", "https"}

    @property
    def host(self) -> str:
        """Host to connect to, without port or brackets."""
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        """TCP port; the scheme's default where the URL names none."""
        return urlsplit(self.url).port or (443 if self.secure else 80)

    @property
    def authority(self) -> str:
        """The value of the Host header (RFC 6455 §4.1: the port only when it is not the default)."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.secure else 80) else f"{host}:{self.port}"

    @property
    def resource(self) -> str:
        """Path and query of the request line (RFC 6455 §3)."""
        parts = urlsplit(self.url)
        return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")

    @cached_property
    def tls(self) -> ssl.SSLContext | None:
        """TLS settings of a wss target, or None for ws."""
        if not self.secure:
            return None
        context = ssl.create_default_context(cafile=self.ca)
        if self.insecure:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if self.cert:
            context.load_cert_chain(self.cert, self.key, password=_no_password)
        return context

    def answer(self, message: Message) -> Message | None:
        """What the target is expected to answer to ``message``; None where it answers nothing."""
        if isinstance(message, str):
            return self.reply.replace("{message}", message)
        if self.binary == "none":
            return None
        if self.binary.startswith("text:"):
            return self.binary.removeprefix("text:").replace("{message}", repr(message))
        if self.binary == "plain":
            return message
        before, _, after = self.reply.partition("{message}")
        return before.encode() + message + after.encode()

    @cached_property
    def secrets(self) -> Secrets:
        """What the options entrusted to this run: it may be sent to the target and shown nowhere."""
        return Secrets.of(self.url, self.headers, self.proxy)

    def mask(self, text: str) -> str:
        """``text`` without the secrets of the target."""
        return self.secrets.mask(text)

    def shown(self) -> str:
        """The URL as it may be shown."""
        return self.secrets.url(self.url)

    def __repr__(self) -> str:
        # Test runners print arguments of failed functions: a dataclass's own repr would print the headers.
        return f"Target({self.shown()!r})"


@dataclass(frozen=True)
class Abilities:
    """What the probe found out about a target before the first test; it decides what is skipped.

    ``as_expected`` says that text was answered as the options say; where it was not, cases shall find the
    fault; ``binary_as_expected`` says the same of bytes. ``deflate_answer`` is the
    Sec-WebSocket-Extensions header that came back; ``subprotocols`` those of
    the offered ones that were accepted; ``max_message`` the largest message in bytes known to come back
    whole; ``notes`` what a reader of the run should know.
    """

    as_expected: bool = True
    text: bool = True
    binary: bool = True
    binary_as_expected: bool = True
    deflate: bool = False
    deflate_answer: str = ""
    subprotocols: tuple[str, ...] = ()
    max_message: int = DEFAULT_MAX_MESSAGE
    server: str = ""
    notes: tuple[str, ...] = field(default=())

    def to_json(self) -> dict[str, Any]:
        """As plain data, to cross from the xdist controller to its workers."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Abilities:
        """The inverse of `to_json`."""
        fixed: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in data.items()
        }
        return cls(**fixed)


class Secrets:
    """The values that a run was given in confidence, found and masked wherever they turn up."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        spelled = {form for value in values if len(value) >= SHORTEST_SECRET for form in _spellings(value)}
        self._texts = sorted(spelled, key=len, reverse=True)
        self._bytes = [text.encode("utf-8", "surrogatepass") for text in self._texts]

    @classmethod
    def of(cls, url: str, headers: Iterable[tuple[str, str]] = (), proxy: str | None = None) -> Secrets:
        """The values of given headers, and the credentials in the URLs of the target and its proxy."""
        values = [part for name, value in headers for part in _header_secrets(name, value)]
        for address in (url, proxy or ""):
            parts = urlsplit(address)
            values += [unquote(part) for part in (parts.username, parts.password) if part]
            values += [value for name, value in parse_qsl(parts.query) if is_credential(name)]
        return cls(values)

    def __bool__(self) -> bool:
        return bool(self._texts)

    def mask(self, text: str) -> str:
        """``text`` without any secret."""
        for secret in self._texts:
            text = text.replace(secret, MASK)
        return text

    def mask_cut(self, text: str) -> str:
        """``text`` without any secret, nor what is left of one where a test runner has shortened a value.

        It leaves the beginning of a secret before an ellipsis or the end of a line, and its end behind an
        ellipsis or the beginning of a line of a comparison.
        """
        text = self.mask(text)
        if not self._texts or not _CUTS.search(text):
            return text
        lines = text.split("\n")
        return "\n".join(self._mask_pieces(line) for line in lines)

    def _mask_pieces(self, line: str) -> str:
        pieces = _CUTS.split(line)
        for index in range(0, len(pieces), 2):
            for secret in self._texts:
                piece = pieces[index]
                lengths = range(min(len(secret), len(piece)), SHORTEST_PIECE - 1, -1)
                begun = next((size for size in lengths if piece.endswith(secret[:size])), 0)
                if begun:
                    piece = piece[:-begun] + MASK
                ended = next((size for size in lengths if piece.startswith(secret[-size:])), 0)
                pieces[index] = MASK + piece[ended:] if ended else piece
        return "".join(pieces)

    def mask_bytes(self, data: bytes, *, cut: bool = False) -> bytes:
        """``data`` with asterisks for secrets; its length stays, so that sizes and offsets stay true.

        ``cut`` says that the data goes on: the beginning of a secret at its end is masked, too.
        """
        for secret in self._bytes:
            data = data.replace(secret, b"*" * len(secret))
            if cut:
                sizes = range(min(len(secret), len(data)), SHORTEST_PIECE - 1, -1)
                begun = next((size for size in sizes if data.endswith(secret[:size])), 0)
                data = data[: len(data) - begun] + b"*" * begun
        return data

    def header(self, name: str, value: str) -> str:
        """A header's value as it may be shown."""
        return MASK if is_credential(name) else self.mask(value)

    def head(self, head: bytes) -> str:
        """The head of a handshake, request or response, as it may be shown, line by line.

        What is no ASCII is escaped; the lines end in a line feed alone.
        """
        lines = []
        for number, line in enumerate(head.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")):
            name, colon, value = line.partition(":")
            if number == 0:
                shown = self.url(line)
            elif colon:
                shown = f"{name}: {self.header(name, value.strip())}"
            else:
                shown = self.mask(line)
            lines.append(ascii(shown)[1:-1].replace(ascii(MASK)[1:-1], MASK))
        return "\n".join(lines)

    def url(self, url: str) -> str:
        """A URL, or a line that holds one, with its user information and credential parameters masked."""

        def masked(found: re.Match[str]) -> str:
            return f"{found[1]}={MASK}" if is_credential(unquote(found[1])) else found[0]

        shown = re.sub(r"(?<=//)[^/@?#\s]*@", f"{MASK}@", self.mask(url))
        return re.sub(r"(?<=[?&;])([^=&#\s]+)=[^&#\s]*", masked, shown)


def _no_password() -> str:
    # Without it OpenSSL asks on the terminal, and a run in CI hangs.
    raise ValueError("the private key is protected by a password")


def is_credential(name: str) -> bool:
    """Whether a header or a query parameter of this name carries a credential."""
    return name.lower() not in _PUBLIC_HEADERS and _CREDENTIAL.search(name) is not None


def _header_secrets(name: str, value: str) -> list[str]:
    found = [value]
    scheme, _, credentials = value.partition(" ")
    if credentials:
        found.append(credentials.strip())
    if scheme.lower() == "basic":
        try:
            clear = base64.b64decode(credentials).decode()
        except (binascii.Error, UnicodeDecodeError):
            return found
        found += [clear, clear.partition(":")[2]]
    if name.lower() == "cookie":
        found += [pair.partition("=")[2].strip() for pair in value.split(";")]
    return found


def _spellings(value: str) -> set[str]:
    """A secret as URLs, HTML, JSON and Python literals write it."""
    return {
        value,
        quote(value, errors="surrogatepass"),
        quote(value, safe="", errors="surrogatepass"),
        quote_plus(value, errors="surrogatepass"),
        html.escape(value),
        json.dumps(value)[1:-1],
        json.dumps(value, ensure_ascii=False)[1:-1],
        repr(value)[1:-1],
        ascii(value)[1:-1],
    }
