"""What may not reach a report: credentials, lone surrogates, control characters that draw on a terminal."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import attr

MASK = "•••••"

# Shorter values ("1", "en", "test") would be found in the middle of innocent words.
SHORTEST_SECRET = 6

_CREDENTIAL = re.compile(
    r"auth|cookie|token|secret|passw|pwd|session|signature|credential|api.?key|access.?key|\bkey\b|\bsig\b|jwt",
    re.IGNORECASE,
)
# These carry the word "key" or "auth" and no secret: they are what a handshake's reader wants to see.
_PUBLIC_HEADERS = {"sec-websocket-key", "www-authenticate", "proxy-authenticate", "host", ":authority"}
# Values given for these by option are addresses and tastes, not credentials.
_HARMLESS_OPTIONS = re.compile(
    r"host|origin|user-agent|accept.*|cache-control|pragma|referer|connection|upgrade|sec-websocket-.*", re.I
)
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


def printable(text: str) -> str:
    r"""Text that can be written anywhere: control characters and lone surrogates as ``\x1b``, ``\ud800``.

    Line feeds and tabs stay.
    """
    if text.isascii() and text.isprintable():
        return text
    return _CONTROLS.sub(lambda found: ascii(found[0])[1:-1], text)


def is_credential(name: str) -> bool:
    """Whether a header, a query parameter or a field of this name carries a credential."""
    return name.lower() not in _PUBLIC_HEADERS and _CREDENTIAL.search(name) is not None


class Secrets:
    """The values that this run was given in confidence, found and masked wherever they turn up."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        spelled: set[str] = set()
        for value in values:
            if len(value) >= SHORTEST_SECRET:
                spelled |= _spellings(value)
        self._text = sorted(spelled, key=len, reverse=True)
        self._bytes = [value.encode("utf-8", "surrogatepass") for value in self._text]

    @classmethod
    def of(cls, url: str, headers: Iterable[tuple[str, str]]) -> Secrets:
        """The secrets of a target: header values given by option, credentials in its URL."""
        values = [part for name, value in headers for part in _header_secrets(name, value)]
        parts = urlsplit(url)
        values += [unquote(part) for part in (parts.username, parts.password) if part]
        values += [value for name, value in parse_qsl(parts.query) if is_credential(name)]
        return cls(values)

    def __bool__(self) -> bool:
        return bool(self._text)

    def mask(self, text: str) -> str:
        """``text`` without any secret."""
        for secret in self._text:
            if secret in text:
                text = text.replace(secret, MASK)
        return text

    def mask_bytes(self, data: bytes) -> bytes:
        """``data`` without any secret, and as long as it was."""
        for secret in self._bytes:
            if secret in data:
                data = data.replace(secret, b"*" * len(secret))
        return data

    def header(self, name: str, value: str) -> str:
        """A header's value as it may be shown."""
        return MASK if is_credential(name) else printable(self.mask(value))

    def url(self, url: str) -> str:
        """A URL with its password and its credential parameters masked, all else letter by letter."""
        url = re.sub(r"(?<=//)[^/@?#]*@", f"{MASK}@", self.mask(url))

        def masked(found: re.Match[str]) -> str:
            return f"{found[1]}{MASK}" if is_credential(found[1]) else found[0]

        return printable(re.sub(r"([^?&=#]+=)[^&#]*", masked, url) if "?" in url else url)


def clean(item: Any, secrets: Secrets) -> None:
    """Make every string of an Allure model object writable, in place, and mask the secrets in it."""
    for field in attr.fields(type(item)):
        value = getattr(item, field.name)
        if isinstance(value, str):
            setattr(item, field.name, secrets.mask(printable(value)))
        elif isinstance(value, list):
            for index, element in enumerate(value):
                if isinstance(element, str):
                    value[index] = secrets.mask(printable(element))
                elif attr.has(type(element)):
                    clean(element, secrets)
        elif value is not None and attr.has(type(value)):
            clean(value, secrets)


def clean_json(data: Any, secrets: Secrets) -> Any:
    """The same for plain data: what crosses from an xdist worker to the controller."""
    if isinstance(data, str):
        return secrets.mask(printable(data))
    if isinstance(data, dict):
        return {clean_json(key, secrets): clean_json(value, secrets) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [clean_json(element, secrets) for element in data]
    return data


def _header_secrets(name: str, value: str) -> list[str]:
    if _HARMLESS_OPTIONS.fullmatch(name):
        return []
    scheme, _, credentials = value.partition(" ")
    if not credentials:
        return [value]
    found = [value, credentials.strip()]
    if scheme.lower() == "basic":
        # user:password is as secret in clear as it is in base64.
        decoded = base64.b64decode(credentials + "==", validate=False).decode("utf-8", "replace")
        found += [decoded, decoded.partition(":")[2]]
    return found


def _spellings(value: str) -> set[str]:
    return {
        value,
        quote(value),
        quote(value, safe=""),
        html.escape(value),
        json.dumps(value)[1:-1],
        repr(value)[1:-1],
    }
