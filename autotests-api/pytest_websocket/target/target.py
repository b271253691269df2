"""TARGET: where the suite aims, what it expects to be answered, and what the target was found able to do."""

from __future__ import annotations

import ssl
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from pytest_websocket.protocol.frames import BINARY
from pytest_websocket.server.promises import MAX_SIZE, PREFIX
from pytest_websocket.target.carrier import Exchange
from pytest_websocket.target.identities import Identities
from pytest_websocket.target.login import Login
from pytest_websocket.target.patterns import Pattern, any_matches, json_object
from pytest_websocket.target.rate_limit import Pace
from pytest_websocket.target.secrets import Secrets
from pytest_websocket.target.templates import PLACE, AnyTemplate, Reply, Template, template_of

ECHO_TEMPLATE = f"{PREFIX}{{message}}"
DEFAULT_TIMEOUT = 5.0
DEFAULT_MAX_MESSAGE = 1 << 20
"""Bytes; the largest message that the probe tries, and that cases use."""

Message = str | bytes

Answer = Message | Reply | Exchange
"""An answer of the target: what equals it is that answer."""


@dataclass(frozen=True, repr=False)
class Target:
    """One WebSocket server and how to talk to it. Made from the options once, never changed.

    ``reply`` is the template of the server's answer; ``binary`` says how it answers bytes:
    ``same`` (the template's text in UTF-8 around the bytes, in a binary message), ``plain`` (the bytes
    alone), ``none`` (not at all), or ``text:TEMPLATE`` (a text message, ``{message}`` being Python's
    repr of the bytes); with ``binary_promised`` silence is a fault and not a missing ability.
    ``greetings`` is how many messages it sends of its own on every new connection, ``ignore`` what it sends
    unasked at any time; ``login`` is how a connection is entered by messages, after the greetings;
    ``identities`` are other ways to enter it.
    ``request`` is the template in which a text message is sent, empty where it is sent as it is;
    ``exchange`` a request with its reply, for a target that does not ``echo``. With ``any_order``
    replies come in another order than the requests.
    ``headers`` are sent with every handshake. ``proxy`` is the URL of an HTTP proxy,
    None for a direct connection. ``show_secrets`` leaves what messages say after the names of credentials.
    ``timeout`` is the deadline of every wait in seconds, before
    ``time_scale``.
    """

    url: str
    embedded: bool = False
    reply: str = ECHO_TEMPLATE
    binary: str = "same"
    binary_promised: bool = False
    echo: bool = True
    greetings: int = 0
    greetings_given: bool = False
    ignore: tuple[Pattern, ...] = ()
    login: Login | None = None
    identities: Identities = field(default_factory=Identities)
    request: str = ""
    exchange: Exchange | None = None
    any_order: bool = False
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
    show_secrets: bool = False
    learned: set[str] = field(default_factory=set, compare=False)
    pace: Pace = field(default_factory=Pace, compare=False)

    @property
    def deadline(self) -> float:
        """Seconds that any single wait may take."""
        return self.timeout * self.time_scale

    @property
    def promised_limit(self) -> int | None:
        """The message limit in bytes that the target can be held to, where it is known.

        A server that answers by the lesson's template promises the lesson's limit.
        """
        return self.max_message or (MAX_SIZE if self.reply == ECHO_TEMPLATE else None)

    def promises(self, size: int) -> bool:
        """Returns whether the target can be held to taking a message of ``size`` bytes."""
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

    @property
    def answers(self) -> bool:
        """Whether it is known what the target answers to some message."""
        return self.echo or self.exchange is not None

    @cached_property
    def carrier(self) -> AnyTemplate | Exchange | None:
        """What a text message of the suite is put into before it is sent; None: it is sent as it is."""
        if self.request:
            return template_of(self.request)
        return self.exchange if not self.echo else None

    @property
    def is_asked_in_binary(self) -> bool:
        """Whether text messages of the suite are sent in binary requests."""
        return self.carrier is not None and self.carrier.opcode == BINARY

    @cached_property
    def reply_template(self) -> AnyTemplate | None:
        """The template of the answer to a text message; None where the message is not in it just once."""
        return template_of(self.reply) if self.reply.count(PLACE) == 1 else None

    def answer(self, message: Message) -> Answer | None:
        """Returns what the target is expected to answer to ``message``; None where it answers nothing."""
        if isinstance(message, str):
            if not self.echo:
                return self.exchange
            template = self.reply_template
            if template is not None and not is_plain(template):
                return Reply(template, message)
            return self.reply.replace(PLACE, message)
        if self.binary == "none":
            return None
        if self.binary.startswith("text:"):
            return self.binary.removeprefix("text:").replace("{message}", repr(message))
        if self.binary == "plain":
            return message
        before, _, after = self.reply.partition("{message}")
        return before.encode() + message + after.encode()

    def ignores(self, message: Message) -> bool:
        """Returns whether the target sends ``message`` unasked, so that it is no answer to anything."""
        return any_matches(self.ignore, message)

    def may_answer(self, message: Message) -> bool:
        """Returns whether ``message`` has the form of an answer to something that the suite sends."""
        if not self.echo:
            return self.exchange is not None and self.exchange(message)
        template = self.reply_template
        if template is None or (isinstance(message, bytes) and template.opcode != BINARY):
            return True
        if not self.request and isinstance(template, Template) and not template.is_json:
            # The suite says no JSON objects, so that a plain echo of it is none.
            return template.before.startswith("{") or json_object(message) is None
        return Reply(template, None)(message)

    def is_unasked(self, message: Message) -> bool:
        """Returns whether ``message``, on a connection of a case, can only have come unasked."""
        return self.ignores(message) or (self.answers and not self.embedded and not self.may_answer(message))

    def informed_by(self, abilities: Abilities) -> Target:
        """Returns the target with what the probe has found out that the options do not say."""
        return replace(
            self,
            greetings=self.greetings if self.greetings_given else abilities.greetings,
            any_order=self.any_order or abilities.any_order,
            ignore=tuple(dict.fromkeys((*self.ignore, *map(Pattern, abilities.ignore)))),
        )

    def learn_secret(self, text: str) -> None:
        """Keeps a text that is a secret from now on, in this target and those made of it."""
        self.learned.add(text)

    @property
    def secrets(self) -> Secrets:
        """What the options entrusted to this run: it may be sent to the target and shown nowhere."""
        known, secrets = self._known_secrets
        if len(self.learned) > known:
            self.__dict__.pop("_known_secrets")
            _, secrets = self._known_secrets
        return secrets

    @cached_property
    def _known_secrets(self) -> tuple[int, Secrets]:
        return len(self.learned), Secrets.of(
            self.url,
            self.headers,
            self.proxy,
            self.subprotocols,
            sorted(self.learned),
            members=not self.show_secrets,
        )

    def mask(self, text: str) -> str:
        """Returns ``text`` without the secrets of the target."""
        return self.secrets.mask(text)

    def shown(self) -> str:
        """Returns the URL as it may be shown."""
        return self.secrets.url(self.url)

    def __repr__(self) -> str:
        # Test runners print arguments of failed functions: a dataclass's own repr would print the headers.
        return f"Target({self.shown()!r})"


SLOW_OPENING = 0.05
"""Seconds that a connection takes to open, above which most of a run is waiting."""


@dataclass(frozen=True)
class Abilities:
    """What the probe found out about a target before the first test; it decides what is skipped.

    ``as_expected`` says that text was answered as the options say; where it was not, cases shall find the
    fault; ``binary_as_expected`` says the same of bytes. ``deflate_answer`` is the
    Sec-WebSocket-Extensions header that came back; ``subprotocols`` those of
    the offered ones that were accepted; ``max_message`` the largest message in bytes known to come back
    whole; ``any_order``, ``greetings`` and ``ignore`` are as in `Target`, patterns as options spell them;
    ``opening`` how many seconds a connection took to open; ``notes`` what a reader of the run should know.
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
    any_order: bool = False
    greetings: int = 0
    ignore: tuple[str, ...] = ()
    opening: float = 0.0
    notes: tuple[str, ...] = field(default=())

    def to_json(self) -> dict[str, Any]:
        """Returns plain data, to cross from the xdist controller to its workers."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Abilities:
        """Returns the inverse of `to_json`."""
        fixed: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in data.items()
        }
        return cls(**fixed)


def is_plain(template: AnyTemplate) -> bool:
    """Returns whether a template is a text that is compared letter by letter."""
    return isinstance(template, Template) and not template.is_json


def _no_password() -> str:
    # Without it OpenSSL asks on the terminal, and a run in CI hangs.
    raise ValueError("the private key is protected by a password")
