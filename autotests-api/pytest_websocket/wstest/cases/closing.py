"""Cases 7: Close frames, RFC 6455 §5.5.1 and §7."""

from __future__ import annotations

import struct
from dataclasses import replace

from pytest_websocket.protocol.frames import Frame, continuation, ping, text
from pytest_websocket.wstest.case import (
    NORMAL,
    Behavior,
    Case,
    Ends,
    Event,
    Send,
    SendClose,
    Step,
    message,
)
from pytest_websocket.wstest.cases.utf8 import SURROGATE

CLOSES = "A Close frame with 1000 or without a code."
REFUSES = "A Close frame with 1002, or the end of TCP."
LONG = b"BAsd7&jh23"

VALID = (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999)
INVALID = (0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999)
UNDEFINED = (5000, 65535)

_ANSWERED = replace(NORMAL, code_decides=True)
_HELLO = text("Hello World!")


def _refuses(*codes: int) -> Ends:
    return Ends(by_us=True, codes=codes, clean=False, code_decides=True)


def _closing(
    number: str,
    sends: str,
    steps: tuple[Step, ...],
    ends: Ends = _ANSWERED,
    expects: str = CLOSES,
    outcome: tuple[Event, ...] = (),
) -> Case:
    section = "5.5.1" if number.startswith(("7.1", "7.3", "7.5")) else "7.4"
    outcomes = {Behavior.OK: outcome}
    return Case(number, section, sends, expects, steps, ends, outcomes, closes=bool(outcome))


def _close(code: int, reason: bytes = b"") -> SendClose:
    return SendClose(struct.pack("!H", code) + reason)


_TOO_LATE = (
    ("7.1.2", "Two Close frames.", Frame(8)),
    ("7.1.3", "A Close frame, then a Ping.", ping()),
    ("7.1.4", "A Close frame, then a text message.", _HELLO),
)

CASES = (
    _closing(
        "7.1.1",
        "A text message, and a Close frame once it has come back.",
        (Send(_HELLO),),
        outcome=(message("Hello World!"),),
    ),
    *(_closing(number, sends, (_close(1000), Send(frame))) for number, sends, frame in _TOO_LATE),
    _closing(
        "7.1.5",
        "The first fragment of a message, a Close frame, then the last fragment.",
        (Send(text("fragment1", fin=False)), _close(1000), Send(continuation("fragment2"))),
    ),
    Case(
        "7.1.6",
        "5.5.1",
        "Text of 256 KiB, a short text, a Close frame and a Ping, one after the other.",
        "Recorded is what comes back before the connection is closed.",
        (
            Send(text(LONG * (2**18 // len(LONG)) + LONG[: 2**18 % len(LONG)])),
            Send(_HELLO),
            _close(1000),
            Send(ping()),
        ),
        NORMAL,
        {Behavior.OK: (message("Hello World!"),), Behavior.NON_STRICT: ()},
        closes=False,
        judges=False,
    ),
    _closing("7.3.1", "A Close frame without a body.", (SendClose(b""),)),
    _closing("7.3.2", "A Close frame with a body of one byte.", (SendClose(b"a"),), _refuses(1002), REFUSES),
    _closing("7.3.3", "A Close frame with a code.", (_close(1000),)),
    _closing("7.3.4", "A Close frame with code and reason.", (_close(1000, b"Hello World!"),)),
    _closing("7.3.5", "A Close frame with a reason of 123 bytes.", (_close(1000, b"*" * 123),)),
    _closing(
        "7.3.6",
        "A Close frame of 126 bytes, one more than a control frame may have.",
        (_close(1000, b"*" * 124),),
        _refuses(1002),
        REFUSES,
    ),
    _closing(
        "7.5.1",
        "A Close frame whose reason is not UTF-8.",
        (_close(1000, SURROGATE),),
        _refuses(1002, 1007),
        "A Close frame with 1002 or 1007, or the end of TCP.",
    ),
    *(
        _closing(
            f"7.7.{number}",
            f"A Close frame with {code}, which is legal.",
            (_close(code),),
            replace(_ANSWERED, codes=(1000, code)),
            "A Close frame with 1000, with the same code or without one.",
        )
        for number, code in enumerate(VALID, 1)
    ),
    *(
        _closing(
            f"7.9.{number}",
            f"A Close frame with {code}, which is not legal.",
            (_close(code),),
            _refuses(1002),
            REFUSES,
        )
        for number, code in enumerate(INVALID, 1)
    ),
    *(
        replace(
            _closing(
                f"7.13.{number}", f"A Close frame with {code}.", (_close(code),), _refuses(1000, code, 1002)
            ),
            expects="Recorded is what happens: the RFC does not define the code.",
            judges=False,
        )
        for number, code in enumerate(UNDEFINED, 1)
    ),
)
