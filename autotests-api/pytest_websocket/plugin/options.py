"""The options that say where to aim: one table for command line, environment and pytest.ini."""

from __future__ import annotations

import math
import os
import re
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import pytest

from pytest_websocket.target.patterns import Pattern

_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off"}
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")

PORT = "{port}"
"""Stands for the port in --ws-url and --ws-command where the suite starts the server and chooses one."""


def _flag(text: str) -> bool:
    if text.lower() in _TRUE:
        return True
    if text.lower() in _FALSE:
        return False
    raise ValueError("expected 1/true/yes/on or 0/false/no/off")


def _url(text: str) -> str:
    """A ws or wss URL (RFC 6455 §3); http and https are taken as ws and wss."""
    if re.search(r"[\s\x00-\x1f\x7f]", text):
        raise ValueError("expected a URL without spaces and control characters")
    if PORT in text:
        before, _, rest = text.partition(PORT)
        read = urlsplit(_url(f"{before}1{rest}"))
        return urlunsplit(read._replace(netloc=read.netloc.rpartition(":")[0] + f":{PORT}"))
    parts = urlsplit(text)
    scheme = {"http": "ws", "https": "wss"}.get(parts.scheme, parts.scheme)
    if scheme not in {"ws", "wss"}:
        raise ValueError("expected a URL that begins with ws://, wss://, http:// or https://")
    if not parts.hostname:
        raise ValueError("expected a host after the scheme, as in ws://localhost:8765")
    if parts.port == 0:  # reading it raises ValueError for what is no port
        raise ValueError("port 0 cannot be connected to")
    if parts.fragment:
        raise ValueError("a WebSocket URL has no #fragment (RFC 6455 §3)")
    try:
        netloc = parts.netloc if parts.netloc.isascii() else parts.netloc.encode("idna").decode()
    except UnicodeError:
        raise ValueError("the host is no valid internationalised domain name") from None
    resource_safe = "/%:@!$&'()*+,;=~?"
    path, query = quote(parts.path, safe=resource_safe), quote(parts.query, safe=resource_safe)
    return urlunsplit((scheme, netloc, path, query, ""))


def _proxy(text: str) -> str:
    if text.lower() == "none":
        return ""
    parts = urlsplit(text)
    if parts.scheme != "http" or not parts.hostname:
        raise ValueError("expected an HTTP proxy, http://HOST:PORT, or none")
    if parts.port == 0:
        raise ValueError("port 0 cannot be connected to")
    return text


def _template(text: str) -> str:
    if text.count("{message}") != 1:
        raise ValueError(
            "expected {message} exactly once: '{message}' alone is a plain echo; "
            "for a server that does not echo there is --ws-no-echo"
        )
    return text


def _binary(text: str) -> str:
    if text.startswith("text:"):
        return "text:" + _template(text.removeprefix("text:"))
    if text not in {"same", "plain", "none"}:
        raise ValueError("expected same, plain, none or text:TEMPLATE")
    return text


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    # The value is a credential more often than not, so no message repeats it.
    if not colon or not _TOKEN.fullmatch(name.strip()):
        raise ValueError("expected 'Name: value'")
    if _CONTROL.search(value):
        raise ValueError(f"the value of {name.strip()} holds a control character")
    return name.strip(), value.strip()


def _origin(text: str) -> str:
    if not text.isascii() or _CONTROL.search(text) or " " in text:
        raise ValueError("expected an origin as a browser sends it, https://example.com")
    return text


def _subprotocol(text: str) -> str:
    if not _TOKEN.fullmatch(text):
        raise ValueError("expected a subprotocol's name: letters, digits and !#$%&'*+-.^_`|~")
    return text


def _file(text: str) -> str:
    if not Path(text).is_file():
        raise ValueError("there is no such file")
    return str(Path(text).resolve())


def _bytes(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise ValueError("expected a number of bytes, 1 or more")
    return int(text)


def _count(text: str) -> int:
    if not text.isdecimal():
        raise ValueError("expected a whole number, 0 or more")
    return int(text)


def _at_least_one(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise ValueError("expected a whole number, 1 or more")
    return int(text)


def _positive(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number < 1e6:
        raise ValueError("expected a number above 0")
    return number


def _command(text: str) -> str:
    if text.count("{url}") != 1:
        raise ValueError("expected {url} exactly once, as in 'node client.mjs {url}'")
    if not shlex.split(text):
        raise ValueError("expected a command")
    return text


@dataclass(frozen=True)
class Option:
    """One option: ``--ws-NAME``, environment variable ``WS_NAME``, ``ws_name`` in pytest.ini.

    ``read`` turns the text into a value and raises ValueError with what it expected instead.
    ``many`` options may be repeated on the command line and hold one value per line elsewhere.
    """

    name: str
    help: str
    metavar: str = ""
    read: Callable[[str], Any] = str
    many: bool = False

    @property
    def flag(self) -> str:
        """As it is written on the command line."""
        return f"--{self.name}"

    @property
    def variable(self) -> str:
        """Name of the environment variable."""
        return self.name.replace("-", "_").upper()

    @property
    def key(self) -> str:
        """Name in pytest.ini, and of argparse's attribute."""
        return self.name.replace("-", "_")

    @property
    def is_switch(self) -> bool:
        """Whether the option takes no value on the command line."""
        return self.read is _flag

    @property
    def is_file(self) -> bool:
        """Whether the value is the path of a file."""
        return self.metavar == "FILE"


OPTIONS = (
    Option("ws-url", "server to test (ws, wss, http, https); default: the embedded server", "URL", _url),
    Option(
        "ws-reply",
        "what the server answers to a text message; '{message}' alone is a plain echo "
        "(default: 'Сервер получил: {message}')",
        "TEMPLATE",
        _template,
    ),
    Option(
        "ws-binary",
        "how it answers a binary message: same (the bytes inside the reply's text, the default), plain (the "
        "bytes alone), none, or text:TEMPLATE (a text message around Python's repr of the bytes)",
        "HOW",
        _binary,
    ),
    Option("ws-no-echo", "the server does not echo: only cases that need no echo run", read=_flag),
    Option(
        "ws-greetings",
        "messages that the server sends of its own on every new connection; cases begin behind them "
        "(default: found by the probe)",
        "COUNT",
        _count,
    ),
    Option(
        "ws-ignore",
        "what the server sends unasked: the exact text, re:REGEX, JSON members as {\"type\": \"ping\"}, or "
        "hex:00ff*; repeatable (what the probe hears is ignored, too)",
        "PATTERN",
        Pattern,
        many=True,
    ),
    Option(
        "ws-header",
        "'Name: value' sent with every handshake; repeatable; the value is masked wherever it could be shown",
        "HEADER",
        _header,
        many=True,
    ),
    Option("ws-origin", "Origin header of every handshake", "ORIGIN", _origin),
    Option("ws-subprotocol", "subprotocol to offer; repeatable", "NAME", _subprotocol, many=True),
    Option("ws-ca", "certificates to trust instead of the system's, a PEM file", "FILE", _file),
    Option("ws-cert", "client certificate for mutual TLS, a PEM file", "FILE", _file),
    Option("ws-key", "private key of the client certificate, a PEM file", "FILE", _file),
    Option("ws-insecure", "do not verify the server's certificate", read=_flag),
    Option("ws-tls", "run the embedded server as wss, with a certificate made on the spot", read=_flag),
    Option(
        "ws-proxy",
        "HTTP proxy to go through, http://HOST:PORT, or none; default: the environment's, never for loopback",
        "URL",
        _proxy,
    ),
    Option(
        "ws-max-message",
        "largest message in bytes that the server takes (default: found by the probe, up to 1 MiB)",
        "BYTES",
        _bytes,
    ),
    Option("ws-timeout", "deadline of every wait in seconds (default: 5)", "SECONDS", _positive),
    Option("ws-time-scale", "factor for every deadline, for slow machines and links", "FACTOR", _positive),
    Option("ws-strict", "a broken SHOULD fails its case", read=_flag),
    Option("ws-mass", "messages of each case that is marked mass (default: 50)", "COUNT", _at_least_one),
    Option(
        "ws-max-dead",
        "stop after this many cases in a row found the target dead (default: 3; 0: go on to the end)",
        "COUNT",
        _count,
    ),
    Option("ws-known-failures", "cases that may fail, with the reason of each, a TOML file", "FILE", _file),
    Option("ws-write-known-failures", "write the failures of this run in that format", "FILE"),
    Option("ws-report", "write the report of the run, one HTML page, to this file", "FILE"),
    Option("ws-chromium", "Chromium for the browser cases; default: the first usual name on PATH", "PATH"),
    Option("ws-probe", "print what the target can do, and stop", read=_flag),
)

CLIENT_OPTIONS = (
    Option(
        "ws-client",
        "client to test: a program that connects to {url}, echoes every message until the connection "
        "is closed, and exits; runs the cases for clients instead of those for servers",
        "COMMAND",
        _command,
    ),
)

STARTED_IN = pytest.StashKey[Path]()
"""The folder in which pytest was started, where another one has taken its place in ``invocation_params``."""

OF_THE_CONTROLLER = "websocket_started_in"
"""Key of the same folder in what xdist's controller hands to its workers."""

_SELECTION = ("rfc", "rfc_level", "rfc_list", "rfc_table", "ws_security_table")

_BY_NAME = {option.name: option for option in OPTIONS}


def add_options(
    parser: pytest.Parser,
    options: Sequence[Option] = OPTIONS,
    *,
    group: tuple[str, str] = ("websocket", "WebSocket target"),
) -> None:
    """Register every option with pytest, on the command line and in pytest.ini."""
    _BY_NAME.update({option.name: option for option in options})
    heading = parser.getgroup(*group)
    for option in options:
        words = f"{option.help} [env: {option.variable}]"
        if option.is_switch:
            heading.addoption(option.flag, dest=option.key, action="store_true", default=None, help=words)
        else:
            heading.addoption(
                option.flag,
                dest=option.key,
                action="append" if option.many else "store",
                default=None,
                metavar=option.metavar,
                help=words,
            )
        if option.many:
            parser.addini(option.key, option.help, type="linelist", default=None)
        else:
            parser.addini(option.key, option.help, type="string", default=None)


def add_selection(parser: pytest.Parser) -> None:
    """Registers the options that select and list conformance cases."""
    group = parser.getgroup("websocket conformance", "WebSocket conformance")
    group.addoption(
        "--rfc", action="append", metavar="SECTION", help="run the cases of a section: 5.5, 6455:5.5, 7692"
    )
    group.addoption("--rfc-level", metavar="LEVEL", help="run the cases of a level: must, should or may")
    group.addoption(
        "--rfc-list", action="store_true", help="print section, level and rule of every case and stop"
    )
    group.addoption(
        "--rfc-table", metavar="FILE", help="write the same to FILE as a Markdown document and stop"
    )
    group.addoption(
        "--ws-security-table",
        metavar="FILE",
        help="write the catalogue of the security cases to FILE as a Markdown document and stop",
    )


def known_flags() -> set[str]:
    """Returns the flags of the plugin."""
    selection = {"--rfc", "--rfc-level", "--rfc-list"}
    return {*selection, *flags_with_a_value(), *(option.flag for option in _BY_NAME.values())}


def known_settings() -> set[str]:
    """Returns the names of the plugin's settings in pytest.ini."""
    return {option.key for option in _BY_NAME.values()}


def flags_with_a_value() -> set[str]:
    """Returns the flags of the plugin that take a value on the command line."""
    return {
        "--rfc-table",
        "--ws-security-table",
        *(option.flag for option in _BY_NAME.values() if not option.is_switch),
    }


def is_any_given(config: pytest.Config) -> bool:
    """Returns whether an option of the plugin is given, wherever it is read from."""
    selects = any(config.getoption(name) for name in _SELECTION)
    return selects or any(_given(config, option)[1] is not None for option in _BY_NAME.values())


def option_value(config: pytest.Config, name: str) -> Any:
    """The value of ``--name``: command line, else environment, else pytest.ini, else None.

    An empty environment variable counts as none, as CI systems set it for "nothing". Raises
    pytest.UsageError naming the source of a value that cannot be read.
    """
    option = _BY_NAME[name]
    source, texts = _given(config, option)
    if texts is None or isinstance(texts, bool):
        return texts
    values = [read_option(name, source, text) for text in texts]
    return tuple(values) if option.many else values[-1]


def read_option(name: str, source: str, text: str) -> Any:
    """The value that ``text``, found in ``source``, means for ``--name``; raises pytest.UsageError."""
    option = _BY_NAME[name]
    try:
        return option.read(text)
    except ValueError as error:
        from pytest_websocket.target.secrets import Secrets

        shown = "" if option.read is _header else f" {Secrets().url(repr(text))}"
        raise pytest.UsageError(f"{source}{shown}: {error}") from None


def started_in(config: pytest.Config) -> Path:
    """Returns the folder that relative paths of options begin in, whatever has changed directory since."""
    started = getattr(config, "workerinput", {}).get(OF_THE_CONTROLLER)
    return Path(started) if started else config.stash.get(STARTED_IN, config.invocation_params.dir)


def _given(config: pytest.Config, option: Option) -> tuple[str, list[str] | bool | None]:
    given = config.getoption(option.key, None)
    if given is not None:
        if option.is_file:
            given = str(started_in(config) / given)
        return option.flag, given if isinstance(given, list | bool) else [given]
    text = os.environ.get(option.variable, "")
    if text.strip():
        verbatim = option.read in (_template, _binary)
        single = [text if verbatim else text.strip()]
        if option.is_file:
            single = [str(started_in(config) / single[0])]
        return f"environment variable {option.variable}", _lines(text) if option.many else single
    configured = config.getini(option.key)
    if not configured:
        return "", None
    texts = configured if option.many else [configured]
    if option.is_file:
        # What stands in a file is relative to that file, wherever pytest was started.
        texts = [str(config.rootpath / text) for text in texts]
    return f"{option.key} in {config.inipath.name if config.inipath else 'pytest.ini'}", texts


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]
