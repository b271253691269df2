"""Reads the values of options from text; each function raises ValueError with what it expected instead."""

from __future__ import annotations

import math
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, quote, urlsplit, urlunsplit

from pytest_websocket.protocol.grammar import TOKEN

# This module is imported in every run of the environment: what few runs need is imported where it is used.
if TYPE_CHECKING:
    from pytest_websocket.target.carrier import Exchange
    from pytest_websocket.target.patterns import Pattern

_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off"}
_TOKEN = re.compile(TOKEN)
PORT = "{port}"
"""Stands for the port in --ws-url and --ws-command where the suite starts the server and chooses one."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def read_flag(text: str) -> bool:
    """Returns a switch."""
    if text.lower() in _TRUE:
        return True
    if text.lower() in _FALSE:
        return False
    raise ValueError("expected 1/true/yes/on or 0/false/no/off")


def read_url(text: str) -> str:
    """Returns a ws or wss URL (RFC 6455 §3); http and https are taken as ws and wss."""
    if re.search(r"[\s\x00-\x1f\x7f]", text):
        raise ValueError("expected a URL without spaces and control characters")
    if PORT in text:
        before, _, rest = text.partition(PORT)
        read = urlsplit(read_url(f"{before}1{rest}"))
        return urlunsplit(read._replace(netloc=read.netloc.rpartition(":")[0] + f":{PORT}"))
    parts = urlsplit(text)
    scheme = {"http": "ws", "https": "wss"}.get(parts.scheme, parts.scheme)
    if scheme not in {"ws", "wss"}:
        raise ValueError("expected a URL that begins with ws://, wss://, http:// or https://")
    if not parts.hostname:
        raise ValueError("expected a host after the scheme, as in ws://localhost:8765")
    _check_port(parts)
    if parts.fragment:
        raise ValueError("a WebSocket URL has no #fragment (RFC 6455 §3)")
    try:
        netloc = parts.netloc if parts.netloc.isascii() else parts.netloc.encode("idna").decode()
    except UnicodeError:
        raise ValueError("the host is no valid internationalised domain name") from None
    resource_safe = "/%:@!$&'()*+,;=~?"
    path, query = quote(parts.path, safe=resource_safe), quote(parts.query, safe=resource_safe)
    return urlunsplit((scheme, netloc, path, query, ""))


def read_proxy(text: str) -> str:
    """Returns an HTTP proxy; empty for none."""
    if text.lower() == "none":
        return ""
    parts = urlsplit(text)
    if parts.scheme != "http" or not parts.hostname:
        raise ValueError("expected an HTTP proxy, http://HOST:PORT, or none")
    _check_port(parts)
    return text


def _check_port(parts: SplitResult) -> None:
    try:
        port = parts.port
    except ValueError:
        # No message repeats it: it may be a part of a password.
        raise ValueError(
            "expected a port from 1 to 65535 after the host; a slash in a password is written %2F"
        ) from None
    if port == 0:
        raise ValueError("port 0 cannot be connected to")


def read_template(text: str) -> str:
    """Returns a template of a reply: with {message} exactly once."""
    if text.count("{message}") != 1:
        raise ValueError(
            "expected {message} exactly once: '{message}' alone is a plain echo; "
            "for a server that does not echo there is --ws-no-echo"
        )
    return read_carrier(text)


def read_binary(text: str) -> str:
    """Returns how bytes are answered."""
    if text.startswith("text:"):
        return "text:" + read_template(text.removeprefix("text:"))
    if text not in {"same", "plain", "none"}:
        raise ValueError("expected same, plain, none or text:TEMPLATE")
    return text


def read_header(text: str) -> tuple[str, str]:
    """Returns a header: name and value."""
    name, colon, value = text.partition(":")
    # The value is a credential more often than not, so no message repeats it.
    if not colon or not _TOKEN.fullmatch(name.strip()):
        raise ValueError("expected 'Name: value'")
    if _CONTROL.search(value):
        raise ValueError(f"the value of {name.strip()} holds a control character")
    return name.strip(), value.strip()


def read_secret(text: str) -> str:
    """Reads a value that is masked; a short one would be masked in the middle of other words."""
    from pytest_websocket.target.secrets import SHORTEST_SECRET

    if len(text) < SHORTEST_SECRET:
        # No message repeats the value.
        raise ValueError(f"expected {SHORTEST_SECRET} characters or more")
    return text


def read_origin(text: str) -> str:
    """Returns an origin as a browser sends it."""
    if not text.isascii() or _CONTROL.search(text) or " " in text:
        raise ValueError("expected an origin as a browser sends it, https://example.com")
    return text


def read_subprotocol(text: str) -> str:
    """Returns a subprotocol's name (RFC 6455 §4.1)."""
    if not _TOKEN.fullmatch(text):
        raise ValueError("expected a subprotocol's name: letters, digits and !#$%&'*+-.^_`|~")
    return text


def read_file(text: str) -> str:
    """Returns the absolute path of a file that is there."""
    if not Path(text).is_file():
        raise ValueError("there is no such file")
    return str(Path(text).resolve())


def read_bytes(text: str) -> int:
    """Returns a number of bytes, 1 or more."""
    if not text.isdecimal() or int(text) < 1:
        raise ValueError("expected a number of bytes, 1 or more")
    return int(text)


def read_count(text: str) -> int:
    """Returns a whole number, 0 or more."""
    if not text.isdecimal():
        raise ValueError("expected a whole number, 0 or more")
    return int(text)


def read_at_least_one(text: str) -> int:
    """Returns a whole number, 1 or more."""
    if not text.isdecimal() or int(text) < 1:
        raise ValueError("expected a whole number, 1 or more")
    return int(text)


def read_positive(text: str) -> float:
    """Returns a number above 0."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number < 1e6:
        raise ValueError("expected a number above 0")
    return number


def read_command(text: str) -> str:
    """Returns a command with {url} exactly once."""
    if text.count("{url}") != 1:
        raise ValueError("expected {url} exactly once, as in 'node client.mjs {url}'")
    if not shlex.split(text):
        raise ValueError("expected a command")
    return text


def read_carrier(text: str) -> str:
    """Returns a template of a request: with {message} exactly once."""
    from pytest_websocket.target.templates import template_of

    template_of(text)
    return text


def read_pattern(text: str) -> Pattern:
    """Returns a pattern of messages."""
    from pytest_websocket.target.patterns import Pattern

    return Pattern(text)


def read_exchange(text: str) -> Exchange:
    """Returns a request and the pattern of its reply, on two lines."""
    from pytest_websocket.target.carrier import Exchange

    request, newline, reply = text.partition("\n")
    if not newline or not request or not reply:
        raise ValueError("expected a request and what its reply looks like")
    exchange = Exchange(request, read_pattern(reply))
    exchange.payload  # noqa: B018
    return exchange


def read_login(text: str) -> str:
    """Returns the name of a function: module:function."""
    if not re.fullmatch(r"[\w.]+:\w+", text):
        raise ValueError("expected module:function, as in my_login:log_in")
    return text
