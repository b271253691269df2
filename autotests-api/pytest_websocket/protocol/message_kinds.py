"""The members by which JSON messages are usually told apart."""

from __future__ import annotations

DISCRIMINATORS = (
    *("type", "op", "event", "action", "method", "kind", "channel", "topic", "cmd", "command", "msg"),
    *("name", "subject", "stream", "opcode", "code", "e", "t"),
)
"""Members that say of which kind a message is, the usual first."""

CORRELATIONS = ("id", "request_id", "requestId", "ref", "room", "symbol")
"""Members that say to which request or thing a message belongs."""
