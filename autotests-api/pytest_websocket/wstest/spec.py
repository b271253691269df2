"""Reads the reference suite's spec files; what is wrong with one is told in a line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from pytest_websocket.wstest.settings import Settings, Time

DEFAULT_PORT = {"ws": 80, "wss": 443}

COMMON_KEYS = {"outdir", "cases", "exclude-cases", "exclude-agent-cases", "options", "version", "webport"}
SERVER_KEYS = COMMON_KEYS | {"url", "key", "cert", "protocols", "servers"}
CLIENT_KEYS = COMMON_KEYS | {"servers", "url", "protocols"}
ONE_SERVER_KEYS = {"agent", "url", "hostname", "origin", "protocols", "options"}

_TIMES: Mapping[str, Time] = {
    "openHandshakeTimeout": "opening",
    "closeHandshakeTimeout": "answer",
    "serverConnectionDropTimeout": "server_drop",
}
IGNORED_OPTIONS = {
    *("version", "versions", "webStatus", "utf8validateIncoming", "maskServerFrames", "maskClientFrames"),
    *("requireMaskedClientFrames", "acceptMaskedServerFrames", "applyMask", "maxFramePayloadSize"),
    *("maxMessagePayloadSize", "autoFragmentSize", "echoCloseCodeReason", "tcpNoDelay", "allowHixie76"),
    *("autoPingInterval", "autoPingTimeout", "autoPingSize", "flashSocketPolicy", "serveFlashSocketPolicy"),
    *("perMessageCompressionOffers", "perMessageCompressionAccept", "allowedOrigins", "maxConnections"),
    *("debug", "trackTimings", "logOctets", "logFrames"),
}
"""Options of the reference suite's own WebSocket library that change nothing here."""


class SpecError(Exception):
    """A spec file, or what stands in it, cannot be used; the message is one line."""


@dataclass(frozen=True)
class Endpoint:
    """A ``ws`` or ``wss`` URL, taken apart."""

    url: str
    host: str
    port: int
    secure: bool
    resource: str


@dataclass(frozen=True)
class TestedServer:
    """One server of a spec file for ``fuzzingclient``.

    ``agent`` is None where the server's own Server header names it; ``hostname`` is for TLS, where it is not
    that of the URL.
    """

    endpoint: Endpoint
    agent: str | None
    hostname: str | None
    origin: str | None
    protocols: tuple[str, ...]
    settings: Settings


@dataclass(frozen=True)
class Spec:
    """What a spec file says, its defaults filled in."""

    outdir: Path
    cases: tuple[str, ...]
    excluded: tuple[str, ...]
    excluded_for: Mapping[str, tuple[str, ...]]
    endpoint: Endpoint | None
    servers: tuple[TestedServer, ...]
    protocols: tuple[str, ...]
    key: str | None
    certificate: str | None
    settings: Settings
    webport: int | None


def read_spec(path: Path) -> dict[str, Any]:
    """Returns the object in a spec file. Raises SpecError."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SpecError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise SpecError(f"{path}: it is not UTF-8") from None
    except ValueError as error:
        raise SpecError(f"{path}: it is no JSON: {error}") from None
    if not isinstance(content, dict):
        raise SpecError(f"{path}: expected a JSON object, it is {_kind(content)}")
    return content


def parse_spec(content: Mapping[str, Any], *, for_servers: bool, settings: Settings) -> Spec:
    """Returns what a spec file says for ``fuzzingclient`` (``for_servers``) or ``fuzzingserver``.

    Raises SpecError for a key that is not known and for a value that cannot be used.
    """
    _only(content, CLIENT_KEYS if for_servers else SERVER_KEYS, "the spec file")
    settings = _settings(content.get("options", {}), settings)
    protocols = _strings(content, "protocols")
    folder = "./reports/servers" if for_servers else "./reports/clients"
    url = _text(content, "url")
    servers = tuple(
        _server(one, f"server {number}", settings)
        for number, one in enumerate(_list(content, "servers"), 1)
        if for_servers
    )
    if for_servers and not servers and url is not None:
        servers = (_server({"url": url}, "the server", settings),)
    if not for_servers and url is None:
        raise SpecError("the spec file has no 'url', as in ws://127.0.0.1:9001")
    excluded_for = content.get("exclude-agent-cases", {})
    if not isinstance(excluded_for, dict):
        raise SpecError(f"'exclude-agent-cases' has to be an object, it is {_kind(excluded_for)}")
    return Spec(
        Path(_text(content, "outdir") or folder),
        _strings(content, "cases") or ("*",),
        _strings(content, "exclude-cases"),
        {agent: _strings(excluded_for, agent) for agent in excluded_for},
        None if for_servers else parse_url(url or ""),
        servers,
        protocols,
        _text(content, "key"),
        _text(content, "cert"),
        settings,
        _port(content),
    )


def parse_url(url: str) -> Endpoint:
    """Returns the parts of a ``ws`` or ``wss`` URL. Raises SpecError."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise SpecError(f"{url!r}: {error}") from None
    if parts.scheme not in DEFAULT_PORT or not parts.hostname:
        raise SpecError(f"expected a URL as in ws://127.0.0.1:9001, not {url!r}")
    return Endpoint(
        url,
        parts.hostname,
        DEFAULT_PORT[parts.scheme] if port is None else port,
        parts.scheme == "wss",
        _resource(parts),
    )


def _resource(parts: SplitResult) -> str:
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _server(one: Any, where: str, settings: Settings) -> TestedServer:
    if not isinstance(one, dict):
        raise SpecError(f"{where} has to be an object, it is {_kind(one)}")
    _only(one, ONE_SERVER_KEYS, where)
    url = _text(one, "url")
    if url is None:
        raise SpecError(f"{where} has no 'url'")
    return TestedServer(
        parse_url(url),
        _text(one, "agent"),
        _text(one, "hostname"),
        _text(one, "origin"),
        _strings(one, "protocols"),
        _settings(one.get("options", {}), settings),
    )


def _settings(options: Any, settings: Settings) -> Settings:
    if not isinstance(options, dict):
        raise SpecError(f"'options' has to be an object, it is {_kind(options)}")
    for name, value in options.items():
        if name in _TIMES:
            if not isinstance(value, int | float) or isinstance(value, bool) or value <= 0:
                raise SpecError(f"option {name!r} has to be a number of seconds, it is {value!r}")
            settings = settings.with_time(_TIMES[name], float(value))
        elif name == "failByDrop":
            settings = replace(settings, fail_by_drop=bool(value))
        elif name not in IGNORED_OPTIONS:
            known = ", ".join([*_TIMES, "failByDrop"])
            raise SpecError(f"option {name!r} is not known; those with an effect are {known}")
    return settings


def _only(content: Mapping[str, Any], known: set[str], where: str) -> None:
    for key in content:
        if key not in known:
            raise SpecError(
                f"{where} has the key {key!r}, which is not known; known are {', '.join(sorted(known))}"
            )


def _port(content: Mapping[str, Any]) -> int | None:
    value = content.get("webport")
    if value is not None and (not isinstance(value, int) or not 0 <= value < 1 << 16):
        raise SpecError(f"'webport' has to be a port, it is {value!r}")
    return value


def _text(content: Mapping[str, Any], key: str) -> str | None:
    value = content.get(key)
    if value is not None and not isinstance(value, str):
        raise SpecError(f"{key!r} has to be text, it is {_kind(value)}")
    return value or None


def _list(content: Mapping[str, Any], key: str) -> list[Any]:
    value = content.get(key, [])
    if not isinstance(value, list):
        raise SpecError(f"{key!r} has to be a list, it is {_kind(value)}")
    return value


def _strings(content: Mapping[str, Any], key: str) -> tuple[str, ...]:
    values = _list(content, key)
    for value in values:
        if not isinstance(value, str):
            raise SpecError(f"{key!r} has to be a list of text, one element is {_kind(value)}")
    return tuple(values)


_KINDS = {
    bool: "true or false",
    int: "a number",
    float: "a number",
    str: "text",
    list: "a list",
    dict: "an object",
}


def _kind(value: Any) -> str:
    return _KINDS.get(type(value), "null")
