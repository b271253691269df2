"""Tells the end of a conversation in words: who closed, with which code and reason, and how TCP ended."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pytest_websocket.protocol.close_codes import meaning_of
from pytest_websocket.protocol.frames import CLOSE
from pytest_websocket.recording import FrameRecord


@dataclass(frozen=True)
class Ending:
    """How a conversation ended.

    ``clean`` means that both sides sent a Close frame (RFC 6455 §7.1.4); ``by_server`` that the server ended
    the connection without one.
    """

    words: str
    clean: bool
    by_server: bool = False


def ending_of(frames: Sequence[FrameRecord], tcp_end: str, *, opened: bool) -> Ending:
    """Returns how a connection ended, in one or two sentences.

    ``tcp_end`` tells how the TCP connection ended, and is empty while it has not.
    """
    from_client = _first_close(frames, sent=True)
    from_server = _first_close(frames, sent=False)
    tcp = _sentence(tcp_end)
    left = "server" in tcp_end
    if not opened:
        return Ending(f"No WebSocket was opened. {tcp}".rstrip(), clean=False, by_server=left)
    if from_client is None and from_server is None:
        state = "No Close frame in either direction." if tcp else "Still open when the report was written."
        return Ending(f"{state} {tcp}".rstrip(), clean=False, by_server=left)
    if from_server is None or (from_client is not None and from_client.number < from_server.number):
        first, answer, who, other = from_client, from_server, "Client", "server"
    else:
        first, answer, who, other = from_server, from_client, "Server", "client"
    assert first is not None
    words = f"{who} closed with {describe(first.data)}"
    if answer is None:
        words += f"; no Close frame from the {other}."
    elif answer.data[:2] == first.data[:2]:
        words += f"; the {other} answered with the same code."
    else:
        words += f"; the {other} answered with {describe(answer.data)}."
    return Ending(f"{words} {tcp}".rstrip(), clean=answer is not None, by_server=from_server is None and left)


def describe(body: bytes) -> str:
    """Returns a Close frame's body in words (RFC 6455 §5.5.1): ``1009 (message too big), reason “…”``."""
    if not body:
        return "no code"
    if len(body) == 1:
        return f"a body of one byte, {body.hex()}"
    code = int.from_bytes(body[:2], "big")
    named = f"{code} ({meaning_of(code)})"
    reason = body[2:].decode("utf-8", "backslashreplace")
    return f"{named}, reason “{reason}”" if reason else named


def _first_close(frames: Iterable[FrameRecord], *, sent: bool) -> FrameRecord | None:
    return next((frame for frame in frames if frame.opcode == CLOSE and frame.sent == sent), None)


def _sentence(words: str) -> str:
    if not words:
        return ""
    return words[:1].upper() + words[1:] + ("" if words.endswith(".") else ".")
