"""Cases 5: messages in fragments, RFC 6455 §5.4."""

from __future__ import annotations

from pytest_websocket.protocol.frames import Frame, continuation, ping, text
from pytest_websocket.protocol.frames import pong as pong_frame
from pytest_websocket.wstest.case import (
    NORMAL,
    REFUSED,
    Behavior,
    Case,
    Event,
    Send,
    Step,
    Wait,
    message,
    pong,
)

FAILS = "The connection is failed with 1002, or by the end of TCP."
PING = b"ping payload"
PAUSE = 1.0
"""Seconds between the two halves of 5.19 and 5.20."""

_FIRST, _LAST = text("fragment1", fin=False), continuation("fragment2")
_NOTHING, _HELLO = "non-continuation payload", text("Hello, world!")
_WAYS = ((0, ""), (0, ", each frame in a write of its own"), (1, ", written byte by byte"))


def _sent(frames: tuple[Frame, ...], chop: int = 0) -> tuple[Step, ...]:
    return tuple(Send(frame, chop) for frame in frames)


def _refused(number: int, sends: str, frames: tuple[Frame, ...], chop: int = 0) -> Case:
    return Case(f"5.{number}", "5.4", sends, FAILS, _sent(frames, chop), REFUSED, {Behavior.OK: ()})


def _echoed(number: int, sends: str, frames: tuple[Frame, ...], chop: int, *expected: Event) -> Case:
    return Case(
        f"5.{number}",
        "5.4",
        sends,
        "The Pong comes back, then the message." if len(expected) > 1 else "The message comes back.",
        _sent(frames, chop),
        NORMAL,
        {Behavior.OK: expected},
        ends_quietly=True,
    )


def _fragmented_control(number: int, name: str, first: Frame) -> Case:
    split = Frame(first.opcode, b"fragment1", False)
    return _refused(number, f"A {name} in two fragments.", (split, _LAST))


def _paused(number: int, how: str) -> Case:
    frames = [
        text("fragment1", fin=False),
        continuation("fragment2", fin=False),
        ping(b"pongme 1!"),
        continuation("fragment3", fin=False),
        continuation("fragment4", fin=False),
        ping(b"pongme 2!"),
        continuation("fragment5"),
    ]
    whole = "".join(f"fragment{number}" for number in range(1, 6))
    return Case(
        f"5.{number}",
        "5.4",
        f"A text message in five fragments with two Pings in it and a pause after the first Ping{how}.",
        "Both Pongs come back, then the message.",
        (*_sent(tuple(frames[:3])), Wait(PAUSE, ""), *_sent(tuple(frames[3:]))),
        NORMAL,
        {Behavior.OK: (pong(b"pongme 1!"), pong(b"pongme 2!"), message(whole))},
        ends_quietly=True,
    )


_ORPHANS = tuple(
    _refused(
        9 + 3 * at + way,
        f"A continuation with FIN {int(fin)} and nothing to continue, then a text message{how}.",
        (continuation(_NOTHING, fin=fin), _HELLO),
        chop,
    )
    for at, fin in enumerate((True, False))
    for way, (chop, how) in enumerate(_WAYS)
)

CASES = (
    _fragmented_control(1, "Ping", ping()),
    _fragmented_control(2, "Pong", pong_frame()),
    *(
        _echoed(
            3 + way,
            f"A text message in two fragments{how}.",
            (_FIRST, _LAST),
            chop,
            message("fragment1fragment2"),
        )
        for way, (chop, how) in enumerate(_WAYS)
    ),
    *(
        _echoed(
            6 + way,
            f"A text message in two fragments with a Ping between them{how}.",
            (_FIRST, ping(PING), _LAST),
            chop,
            pong(PING),
            message("fragment1fragment2"),
        )
        for way, (chop, how) in enumerate(_WAYS)
    ),
    *_ORPHANS,
    Case(
        "5.15",
        "5.4",
        "A text message in two fragments, a continuation with nothing to continue, then a text message.",
        "The first message comes back, then the connection is failed with 1002, or by the end of TCP.",
        _sent((_FIRST, _LAST, continuation("fragment3", fin=False), text("fragment4"))),
        REFUSED,
        {Behavior.OK: (message("fragment1fragment2"),), Behavior.NON_STRICT: ()},
    ),
    *(
        _refused(
            16 + at,
            f"Twice: a continuation with FIN {int(fin)} and nothing to continue, text in fragments.",
            (continuation("fragment1", fin=fin), text("fragment2", fin=False), continuation("fragment3")) * 2,
        )
        for at, fin in enumerate((False, True))
    ),
    _refused(18, "A text message whose second fragment is a text frame again.", (_FIRST, text("fragment2"))),
    _paused(19, ""),
    _paused(20, ", each frame in a write of its own"),
)
