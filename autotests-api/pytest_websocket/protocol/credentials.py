"""Names that carry credentials, and URLs without them."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, parse_qsl, quote, urlsplit, urlunsplit

from pytest_websocket.text import printable

MASK = "•••••"

_CREDENTIAL = re.compile(
    r"auth(?!or(?!i[sz]))|bearer|cookie|credential|jwt|passw|passphrase|pwd|secret|session|signature|token"
    r"|(access|api|private).?key"
    r"|(^|[-_.])(cvv|key|pass|pin|sid|sig|ticket)s?$"
    r"|^(access|api|code|otp)$",
    re.IGNORECASE,
)
# In a message these say which error, which part, which entry of a map, how many of what.
_ORDINARY_IN_MESSAGES = re.compile(
    r"^(code|api|access|keys|sessions)$|^(max|min|total|num|prompt|input|output|completion|reasoning)_?tokens$",
    re.IGNORECASE,
)
# These contain such a word and no secret.
_PUBLIC = frozenset({"www-authenticate", "proxy-authenticate", "sec-websocket-key"})


def is_credential(name: str) -> bool:
    """Returns whether a header or a query parameter of this name carries a credential."""
    return name.lower() not in _PUBLIC and _CREDENTIAL.search(name) is not None


def is_credential_member(name: str) -> bool:
    """Returns whether the member of this name of a JSON message carries a credential."""
    return is_credential(name) and _ORDINARY_IN_MESSAGES.search(name) is None


def masked_url(url: str) -> str:
    """Returns ``url`` with its user information and the values of credential parameters masked.

    The result is safe for a terminal. Of a ``url`` that cannot be parsed, all that may be a credential is
    masked: what stands before its last @ and after its first question mark.
    """
    try:
        parts = urlsplit(url)
        query = parse_qsl(parts.query, keep_blank_values=True)
        parts.port  # noqa: B018 - raises ValueError where a password with a slash passes for it
        if "@" in parts.fragment:
            raise ValueError("a password with a # passes for a port")
    except ValueError:
        place, mark, _ = re.sub(r"(?<=//).*@", f"{MASK}@", url).partition("?")
        return printable(f"{place}?{MASK}" if mark else place)
    place = parts.netloc.rpartition("@")[2]
    if place != parts.netloc:
        place = f"{MASK}@{place}"
    masked = parts.query
    if any(is_credential(name) for name, _ in query):
        masked = "&".join(
            f"{quote(name, safe='')}={MASK if is_credential(name) else quote(value, safe='')}"
            for name, value in query
        )
    return printable(urlunsplit(SplitResult(parts.scheme, place, parts.path, masked, parts.fragment)))
