"""Cases 2: Ping and Pong, RFC 6455 §5.5.2 and §5.5.3."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_websocket.protocol.frames import Frame, ping
from pytest_websocket.protocol.frames import pong as pong_frame
from pytest_websocket.wstest.case import NORMAL, REFUSED, Behavior, Case, Send, SendClose, Step, pong
from pytest_websocket.wstest.cases.framing import BYTES

UNASKED = b"unsolicited pong payload"
FULL = b"\xfe" * 125


def _answered(
    number: str,
    sends: str,
    frames: Sequence[Frame],
    payloads: Sequence[bytes],
    chop: int = 0,
    limit: float = 1,
) -> Case:
    return Case(
        number,
        "5.5.2",
        sends,
        "Pongs with these payloads, in order." if len(payloads) > 1 else "A Pong with this payload.",
        tuple(Send(frame, chop) for frame in frames),
        NORMAL,
        {Behavior.OK: tuple(map(pong, payloads))},
        limit,
        ends_quietly=True,
    )


def _unasked(number: str, payload: bytes) -> Case:
    steps: tuple[Step, ...] = Send(pong_frame(payload)), SendClose()
    return Case(
        number,
        "5.5.3",
        f"A Pong of {len(payload)} bytes that nothing asked for, then a Close frame.",
        "No answer to the Pong.",
        steps,
        NORMAL,
        {Behavior.OK: ()},
        ends_quietly=True,
        closes=False,
    )


_TEN = tuple(b"payload-%d" % number for number in range(10))

CASES = (
    _answered("2.1", "A Ping without payload.", [ping()], [b""]),
    _answered("2.2", "A Ping with text.", [ping(b"Hello, world!")], [b"Hello, world!"]),
    _answered("2.3", "A Ping with bytes that are not UTF-8.", [ping(BYTES)], [BYTES]),
    _answered("2.4", "A Ping of 125 bytes.", [ping(FULL)], [FULL]),
    Case(
        "2.5",
        "5.5",
        "A Ping of 126 bytes.",
        "The connection is failed with 1002, or by the end of TCP.",
        (Send(ping(FULL + b"\xfe")),),
        REFUSED,
        {Behavior.OK: ()},
    ),
    _answered("2.6", "A Ping of 125 bytes, written byte by byte.", [ping(FULL)], [FULL], 1, 2),
    _unasked("2.7", b""),
    _unasked("2.8", UNASKED),
    _answered(
        "2.9",
        "A Pong that nothing asked for, then a Ping.",
        [pong_frame(UNASKED), ping(b"ping payload")],
        [b"ping payload"],
    ),
    _answered("2.10", "Ten Pings.", list(map(ping, _TEN)), _TEN, limit=3),
    _answered("2.11", "Ten Pings, written byte by byte.", list(map(ping, _TEN)), _TEN, 1, 3),
)
