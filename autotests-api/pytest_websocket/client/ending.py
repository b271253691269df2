"""How a connection ended, in words."""

from __future__ import annotations

from pytest_websocket.client.failures import Row
from pytest_websocket.protocol.close_codes import CloseCode, describe_body
from pytest_websocket.recording import Recording


def describe_ending(recording: Recording) -> str:
    """Returns who closed first, with which code and reason, and what the other side did."""
    sent, received = recording.close_sent, recording.close_received
    if received is not None:
        theirs = describe_body(received.data)
        if sent is not None and sent.number < received.number:
            return f"closed by the client with {describe_body(sent.data)}; the server answered {theirs}"
        return f"closed by the server with {theirs}"
    how = recording.ended or "TCP is still open"
    if sent is not None:
        return f"closed by the client with {describe_body(sent.data)}; the server did not answer; {how}"
    return f"ended without a Close frame (1006), {how}"


def limited_by_client(recording: Recording) -> list[Row]:
    """Returns the row of a failure that says that the client refused what came, by a limit of its own."""
    sent, received = recording.close_sent, recording.close_received
    is_first = sent is not None and (received is None or sent.number < received.number)
    if sent is None or not is_first or sent.data[:2] != CloseCode.MESSAGE_TOO_BIG.to_bytes(2):
        return []
    return [
        (
            "but",
            f"the client closed first, with {describe_body(sent.data)}: that is its own limit, and no fault "
            "of the server. connect(max_size=…) sets the limit in bytes, None takes every message; the "
            "environment variable WEBSOCKETS_MAX_FRAGMENTS that of fragments",
        )
    ]


def half_closed(recording: Recording) -> list[Row]:
    """Returns the row of a failure that says that the server closed without closing TCP."""
    if recording.close_received is None:
        return []
    return [("but", "the server sent a Close frame and did not close TCP after it (RFC 6455 §7.1.1)")]
