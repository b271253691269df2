"""Close codes of RFC 6455 §7.4: their meanings, and which may stand on the wire."""

from __future__ import annotations

from enum import IntEnum

from pytest_websocket.text import preview


class CloseCode(IntEnum):
    """Close codes of RFC 6455 §7.4.1 and of IANA's registry up to 1015."""

    NORMAL_CLOSURE = 1000
    GOING_AWAY = 1001
    PROTOCOL_ERROR = 1002
    UNSUPPORTED_DATA = 1003
    RESERVED = 1004
    NO_CODE = 1005
    NO_CLOSE_FRAME = 1006
    INVALID_DATA = 1007
    POLICY_VIOLATION = 1008
    MESSAGE_TOO_BIG = 1009
    EXTENSION_MISSING = 1010
    INTERNAL_ERROR = 1011
    SERVICE_RESTART = 1012
    TRY_AGAIN_LATER = 1013
    BAD_GATEWAY = 1014
    TLS_FAILURE = 1015


NEVER_SENT = frozenset({CloseCode.NO_CODE, CloseCode.NO_CLOSE_FRAME, CloseCode.TLS_FAILURE})
"""What a program reports and no Close frame carries (RFC 6455 §7.4.1)."""

_DEFINED = frozenset(CloseCode)
_MEANINGS = {
    CloseCode.NO_CODE: "no code given",
    CloseCode.NO_CLOSE_FRAME: "no Close frame",
    CloseCode.TLS_FAILURE: "TLS handshake failed",
}


def is_undefined(code: int) -> bool:
    """Returns whether a code below 3000 is not defined (RFC 6455 §7.4.2); `NEVER_SENT` are defined."""
    return code < 3000 and (code == CloseCode.RESERVED or code not in _DEFINED)


def may_be_sent(code: int) -> bool:
    """Returns whether a Close frame may carry the code (RFC 6455 §7.4): a defined one up to 4999."""
    return code < 5000 and code not in NEVER_SENT and not is_undefined(code)


def meaning_of(code: int) -> str:
    """Returns the meaning of a close code in a few words."""
    if code in _DEFINED:
        known = CloseCode(code)
        return _MEANINGS.get(known, known.name.lower().replace("_", " "))
    if 3000 <= code <= 3999:
        return "registered by a library or framework"
    return "private to the application" if 4000 <= code <= 4999 else "not a defined code"


def describe_code(code: int, reason: str = "") -> str:
    """Returns a close code with its meaning and the reason: ``1001 (going away) “bye”``."""
    named = f"{code} ({meaning_of(code)})"
    return f"{named} {preview(reason)}" if reason else named


def describe_body(body: bytes) -> str:
    """Returns the body of a Close frame (RFC 6455 §5.5.1) in words; ``body`` may be malformed."""
    if len(body) < 2:
        return f"a body of one byte, {body.hex()}" if body else "without a code"
    return describe_code(int.from_bytes(body[:2], "big"), body[2:].decode(errors="backslashreplace"))
