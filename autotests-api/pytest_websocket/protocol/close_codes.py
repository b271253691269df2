"""Close codes of RFC 6455 §7.4."""

from __future__ import annotations

from pytest_websocket.text import preview

CLOSE_CODES = {
    1000: "normal closure",
    1001: "going away",
    1002: "protocol error",
    1003: "unsupported data",
    1005: "no code given",
    1006: "no Close frame",
    1007: "invalid data",
    1008: "policy violation",
    1009: "message too big",
    1010: "extension missing",
    1011: "internal error",
    1012: "service restart",
    1013: "try again later",
    1014: "bad gateway",
    1015: "TLS handshake failed",
}


def describe_code(code: int, reason: str = "") -> str:
    """Returns a close code with its meaning and the reason: ``1001 (going away) “bye”``."""
    named = f"{code} ({CLOSE_CODES.get(code, 'no common meaning')})"
    return f"{named} {preview(reason)}" if reason else named


def describe_body(body: bytes) -> str:
    """Returns the body of a Close frame (RFC 6455 §5.5.1) in words; ``body`` may be malformed."""
    if len(body) < 2:
        return f"{body!r}" if body else "without a code"
    return describe_code(int.from_bytes(body[:2], "big"), body[2:].decode(errors="replace"))
