"""TARGET: where the suite aims, what it expects to be answered, and what the target was found able to do."""

from __future__ import annotations

import ssl
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

ECHO_TEMPLATE = "Сервер получил: {message}"
DEFAULT_TIMEOUT = 5.0

Message = str | bytes


@dataclass(frozen=True)
class Target:
    """One WebSocket server and how to talk to it. Made from the options once, never changed.

    ``reply`` is the template of the server's answer; ``binary`` says how it answers bytes:
    ``same`` (the template's text in UTF-8 around the bytes, in a binary message), ``none`` (not at
    all), or ``text:TEMPLATE`` (a text message, ``{message}`` being Python's repr of the bytes).
    ``timeout`` is the deadline of every wait in seconds, before ``time_scale``.
    """

    url: str
    embedded: bool = False
    reply: str = ECHO_TEMPLATE
    binary: str = "same"
    echo: bool = True
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
            context.load_cert_chain(self.cert, self.key)
        return context

    def answer(self, message: Message) -> Message | None:
        """What the target is expected to answer to ``message``; None where it answers nothing."""
        if isinstance(message, str):
            return self.reply.replace("{message}", message)
        if self.binary == "none":
            return None
        if self.binary.startswith("text:"):
            return self.binary.removeprefix("text:").replace("{message}", repr(message))
        before, _, after = self.reply.partition("{message}")
        return before.encode() + message + after.encode()


@dataclass(frozen=True)
class Abilities:
    """What the probe found out about a target before the first test; it decides what is skipped."""

    text: bool = True
    binary: bool = True
    deflate: bool = False
    deflate_answer: str = ""
    subprotocols: tuple[str, ...] = ()
    max_message: int = 1 << 20
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
