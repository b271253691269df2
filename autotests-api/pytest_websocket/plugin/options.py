"""The options that say where to aim: one table for command line, environment and pytest.ini."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_websocket.plugin.option_values import (
    read_at_least_one,
    read_binary,
    read_bytes,
    read_carrier,
    read_command,
    read_count,
    read_exchange,
    read_file,
    read_flag,
    read_header,
    read_login,
    read_origin,
    read_pattern,
    read_positive,
    read_proxy,
    read_secret,
    read_subprotocol,
    read_template,
    read_url,
)

if TYPE_CHECKING:
    from pytest_websocket.target.profile import Profile


@dataclass(frozen=True)
class Option:
    """One option: ``--ws-NAME``, environment variable ``WS_NAME``, ``ws_name`` in pytest.ini.

    ``read`` turns the text into a value and raises ValueError with what it expected instead.
    ``many`` options may be repeated on the command line and hold one value per line elsewhere; one with a
    ``count`` takes so many words there, and has so many lines elsewhere.
    """

    name: str
    help: str
    metavar: str = ""
    read: Callable[[str], Any] = str
    many: bool = False
    count: int = 1

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
        return self.read is read_flag

    @property
    def shape(self) -> dict[str, Any]:
        """The arguments of argparse for what follows the flag."""
        words = tuple(self.metavar.split())
        return {"nargs": self.count, "metavar": words} if self.count > 1 else {"metavar": self.metavar}

    @property
    def is_file(self) -> bool:
        """Whether the value is the path of a file."""
        return self.metavar == "FILE"


OPTIONS = (
    Option("ws-url", "server to test (ws, wss, http, https); default: the embedded server", "URL", read_url),
    Option(
        "ws-reply",
        "what the server answers to a text message; '{message}' alone is a plain echo "
        "(default: 'Сервер получил: {message}')",
        "TEMPLATE",
        read_template,
    ),
    Option(
        "ws-binary",
        "how it answers a binary message: same (the bytes inside the reply's text, the default), plain (the "
        "bytes alone), none, or text:TEMPLATE (a text message around Python's repr of the bytes)",
        "HOW",
        read_binary,
    ),
    Option(
        "ws-request",
        "how a text message is sent, '{\"say\": {message}}': JSON-escaped inside JSON; --ws-reply says how "
        "it comes back, JSON members compared by value",
        "TEMPLATE",
        read_carrier,
    ),
    Option(
        "ws-exchange",
        "a request and what its reply looks like (a pattern as in --ws-ignore), for a server that does not "
        "echo: cases use it to see that a connection is served",
        "REQUEST REPLY",
        read_exchange,
        count=2,
    ),
    Option(
        "ws-login",
        "module:function, an async def login(conversation) that is run on every new connection; steps of "
        "messages stand in a profile",
        "FUNCTION",
        read_login,
    ),
    Option(
        "ws-profile",
        "what the server speaks and how it is entered, a TOML file; options go before it",
        "FILE",
        read_file,
    ),
    Option("ws-no-echo", "the server does not echo: only cases that need no echo run", read=read_flag),
    Option("ws-any-order", "replies come in another order than the requests", read=read_flag),
    Option(
        "ws-greetings",
        "messages that the server sends of its own on every new connection; cases begin after them "
        "(default: found by the probe)",
        "COUNT",
        read_count,
    ),
    Option(
        "ws-ignore",
        'what the server sends unasked: the exact text, re:REGEX, JSON members as {"type": "ping"}, or '
        "hex:00ff*; repeatable (what the probe hears is ignored, too)",
        "PATTERN",
        read_pattern,
        many=True,
    ),
    Option(
        "ws-header",
        "'Name: value' sent with every handshake; repeatable; the value is masked wherever it could be shown",
        "HEADER",
        read_header,
        many=True,
    ),
    Option("ws-origin", "Origin header of every handshake", "ORIGIN", read_origin),
    Option("ws-subprotocol", "subprotocol to offer; repeatable", "NAME", read_subprotocol, many=True),
    Option("ws-ca", "certificates to trust instead of the system's, a PEM file", "FILE", read_file),
    Option("ws-cert", "client certificate for mutual TLS, a PEM file", "FILE", read_file),
    Option("ws-key", "private key of the client certificate, a PEM file", "FILE", read_file),
    Option("ws-insecure", "do not verify the server's certificate", read=read_flag),
    Option("ws-tls", "run the embedded server as wss, with a certificate made on the spot", read=read_flag),
    Option(
        "ws-proxy",
        "HTTP proxy to go through, http://HOST:PORT, or none; default: the environment's, never for loopback",
        "URL",
        read_proxy,
    ),
    Option(
        "ws-max-message",
        "largest message in bytes that the server takes (default: found by the probe, up to 1 MiB)",
        "BYTES",
        read_bytes,
    ),
    Option("ws-timeout", "deadline of every wait in seconds (default: 5)", "SECONDS", read_positive),
    Option(
        "ws-time-scale", "factor for every deadline, for slow machines and links", "FACTOR", read_positive
    ),
    Option(
        "ws-secret",
        "a value that is masked wherever it could be shown; repeatable; best given by the environment",
        "VALUE",
        read_secret,
        many=True,
    ),
    Option("ws-show-secrets", "show what messages say after the names of credentials", read=read_flag),
    Option("ws-strict", "a broken SHOULD fails its case", read=read_flag),
    Option("ws-mass", "messages of each case that is marked mass (default: 50)", "COUNT", read_at_least_one),
    Option(
        "ws-max-dead",
        "stop after this many cases in a row found the target dead (default: 3; 0: go on to the end)",
        "COUNT",
        read_count,
    ),
    Option(
        "ws-known-failures", "cases that may fail, with the reason of each, a TOML file", "FILE", read_file
    ),
    Option("ws-write-known-failures", "write the failures of this run in that format", "FILE"),
    Option("ws-report", "write the report of the run, one HTML page, to this file", "FILE"),
    Option("ws-chromium", "Chromium for the browser cases; default: the first usual name on PATH", "PATH"),
    Option("ws-probe", "print what the target can do, and stop", read=read_flag),
)

CLIENT_OPTIONS = (
    Option(
        "ws-client",
        "client to test: a program that connects to {url}, echoes every message until the connection "
        "is closed, and exits; runs the cases for clients instead of those for servers",
        "COMMAND",
        read_command,
    ),
)

STARTED_IN = pytest.StashKey[Path]()
"""The folder in which pytest was started, where another one has taken its place in ``invocation_params``."""

OF_THE_CONTROLLER = "websocket_started_in"
"""Key of the same folder in what xdist's controller hands to its workers."""

_SELECTION = ("rfc", "rfc_level", "rfc_list", "rfc_table", "ws_security_table")

_BY_NAME = {option.name: option for option in OPTIONS}


def declare(options: Sequence[Option]) -> None:
    """Lets `option_value` find options, also in a program that is not pytest, such as Locust."""
    _BY_NAME.update({option.name: option for option in options})


def add_options(
    parser: pytest.Parser,
    options: Sequence[Option] = OPTIONS,
    *,
    group: tuple[str, str] = ("websocket", "WebSocket target"),
) -> None:
    """Registers every option with pytest, on the command line and in pytest.ini."""
    declare(options)
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
                help=words,
                **option.shape,
            )
        if option.many or option.count > 1:
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
    return selects or any(_given_directly(config, option)[1] is not None for option in _BY_NAME.values())


def option_value(config: pytest.Config, name: str) -> Any:
    """Returns the value of ``--name``: command line, else environment, else pytest.ini, else None.

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
    """Returns what ``text``, found in ``source``, means for ``--name``; raises pytest.UsageError."""
    option = _BY_NAME[name]
    try:
        return option.read(text)
    except ValueError as error:
        raise pytest.UsageError(f"{source}{_shown(option, text)}: {error}") from None


def _shown(option: Option, text: str) -> str:
    """Returns the text of a value that cannot be read, without what may be a credential in it."""
    if option.read in (read_header, read_secret):
        return ""
    # This module is imported in every run of the environment.
    from pytest_websocket.protocol.credentials import masked_url
    from pytest_websocket.target.secrets import Secrets

    if option.read in (read_url, read_proxy):
        return f" {masked_url(text)!r}"
    return f" {Secrets().url(repr(text))}"


def started_in(config: pytest.Config) -> Path:
    """Returns the folder that relative paths of options begin in, whatever has changed directory since."""
    started = getattr(config, "workerinput", {}).get(OF_THE_CONTROLLER)
    return Path(started) if started else config.stash.get(STARTED_IN, config.invocation_params.dir)


def profile_of(config: pytest.Config) -> Profile | None:
    """Returns the profile that ``--ws-profile`` names, if it does. Raises pytest.UsageError."""
    option = _BY_NAME["ws-profile"]
    source, texts = _given_directly(config, option)
    if not isinstance(texts, list):
        return None
    # This module is imported in every run of the environment, and a profile is rare.
    from pytest_websocket.target.profile import read_profile

    path = Path(read_option(option.name, source, texts[-1]))
    try:
        return read_profile(path)
    except ValueError as error:
        raise pytest.UsageError(f"{source}: {error}") from None


def _given(config: pytest.Config, option: Option) -> tuple[str, list[str] | bool | None]:
    """Returns the texts of an option and where they stand: at last in the profile."""
    source, texts = _given_directly(config, option)
    name = option.key.removeprefix("ws_")
    if texts is None and (profile := profile_of(config)) and name in profile.values:
        return f"{name} in {profile.path.name}", profile.values[name]
    return source, texts


def _given_directly(config: pytest.Config, option: Option) -> tuple[str, list[str] | bool | None]:
    given = config.getoption(option.key, None)
    if given is not None:
        if option.is_file:
            given = str(started_in(config) / given)
        return option.flag, _of_count(option, given if isinstance(given, list | bool) else [given])
    text = os.environ.get(option.variable, "")
    if text.strip():
        verbatim = option.read in (read_template, read_binary, read_carrier)
        single = [text if verbatim else text.strip()]
        if option.is_file:
            single = [str(started_in(config) / single[0])]
        return f"environment variable {option.variable}", _lines(text) if option.many else single
    configured = config.getini(option.key)
    if not configured:
        return "", None
    texts = configured if option.many or option.count > 1 else [configured]
    if option.is_file:
        # What stands in a file is relative to that file, wherever pytest was started.
        texts = [str(config.rootpath / text) for text in texts]
    source = f"{option.key} in {config.inipath.name if config.inipath else 'pytest.ini'}"
    return source, _of_count(option, texts)


def _of_count(option: Option, given: list[str] | bool) -> list[str] | bool:
    """Returns several words that are one value as its lines."""
    return ["\n".join(given)] if option.count > 1 and isinstance(given, list) else given


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]
