"""Faults in regular expressions that take quadratic time on long input (the contract)."""

from __future__ import annotations

import re

from verification.faulty_servers.correct import Connection
from verification.faulty_servers.correct.framing import Message
from verification.faulty_servers.correct.negotiation import Offer
from verification.faulty_servers.correct.request import Request
from verification.faulty_servers.registry import fault


@fault(
    "contract",
    caught_by="tests/security/test_hostile_handshakes.py::"
    "test_giant_handshake_is_answered_or_ended[a subprotocol behind 200 KiB of blanks]",
    origin="blind round 4",
)
class BacktracksOverBlanks(Connection):
    """A list is taken apart by a pattern that tries every blank as the beginning of a comma."""

    head_limit = 1 << 20

    def offered_subprotocols(self, request: Request) -> list[str]:
        for value in request.values("Sec-WebSocket-Protocol"):
            re.split(r"\s*,\s*", value)
        return super().offered_subprotocols(request)


@fault(
    "contract",
    caught_by="tests/security/test_hostile_handshakes.py::"
    "test_giant_handshake_is_answered_or_ended[an extension behind 200 KiB of blanks]",
    origin="blind round 4",
)
class BacktracksOverBlanksOfAnOffer(Connection):
    """Blanks in an offer of extensions are matched again and again."""

    head_limit = 1 << 20

    def offered_extensions(self, request: Request) -> list[Offer]:
        for value in request.values("Sec-WebSocket-Extensions"):
            re.split(r"\s*;\s*", value)
        return super().offered_extensions(request)


@fault(
    "contract",
    caught_by="tests/security/test_hostile_handshakes.py::"
    "test_giant_handshake_is_answered_or_ended[a parameter of 200 KiB of backslashes]",
    origin="blind round 4",
)
class BacktracksOverBackslashes(Connection):
    """A quoted value that never ends is tried from each of its backslashes."""

    head_limit = 1 << 20

    def offered_extensions(self, request: Request) -> list[Offer]:
        for value in request.values("Sec-WebSocket-Extensions"):
            re.findall(r"\\*$x", value)
        return super().offered_extensions(request)


@fault(
    "contract",
    caught_by="tests/contract/test_text.py::"
    "test_white_space_comes_back_untouched[a hundred thousand spaces before a word]",
    origin="blind round 4",
)
class BacktracksOverBlanksInAMessage(Connection):
    """What a text ends in is looked for from each of its blanks."""

    def reply_to(self, message: Message) -> Message:
        if isinstance(message, str):
            re.search(r"\s+$", message)
        return super().reply_to(message)
