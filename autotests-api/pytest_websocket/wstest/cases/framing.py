"""Cases 1 (messages of all lengths), 3 (reserved bits) and 4 (reserved opcodes), RFC 6455 §5.2."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_websocket.protocol.frames import BINARY, TEXT, Frame, opcode_name, ping
from pytest_websocket.wstest.case import NORMAL, REFUSED, Behavior, Case, Event, Send, Step, Wait, echoed

HELLO = b"Hello, world!"
BYTES = bytes.fromhex("00fffefdfcfb00ff")
RESERVED_PAYLOAD = b"reserved opcode payload"
PAUSE = 0.25
"""Seconds."""

_LENGTHS = ((0, 0, 1), (125, 0, 1), (126, 0, 1), (127, 0, 1), (128, 0, 1), (65535, 0, 10), (65536, 0, 10))
_CHOPPED = (65536, 997, 10)
"""Length of the payload, size of the writes, seconds."""


def _messages() -> Iterator[Case]:
    for second, (opcode, byte, kind) in enumerate(((TEXT, b"*", "text"), (BINARY, b"\xfe", "binary")), 1):
        for third, (length, chop, limit) in enumerate((*_LENGTHS, _CHOPPED), 1):
            frame = Frame(opcode, byte * length)
            in_pieces = f", written in pieces of {chop} bytes" if chop else ""
            yield Case(
                f"1.{second}.{third}",
                "5.2",
                f"A {kind} message of {length} bytes{in_pieces}.",
                "The same message comes back.",
                (Send(frame, chop),),
                NORMAL,
                {Behavior.OK: (echoed(frame.payload, opcode),)},
                limit,
            )


def _refused(number: str, sends: str, steps: tuple[Step, ...], first: bytes | None = None) -> Case:
    """Returns a case in which the peer has to fail the connection.

    A good message ``first`` comes before what is wrong. It may come back or not: a peer that has read both
    may fail the connection before it answers.
    """
    expects = "The connection is failed with 1002"
    outcomes: dict[Behavior, tuple[Event, ...]] = {Behavior.OK: ()}
    if first is not None:
        expects = "The good message comes back, then the connection is failed with 1002"
        outcomes = {Behavior.OK: (echoed(first, TEXT),), Behavior.NON_STRICT: ()}
    return Case(number, "5.2", sends, expects + ", or by the end of TCP.", steps, REFUSED, outcomes)


def _bits(frame: Frame, rsv: int) -> Frame:
    return Frame(frame.opcode, frame.payload, True, bool(rsv & 4), bool(rsv & 2), bool(rsv & 1))


def _between(wrong: Frame, chop: int) -> tuple[Step, ...]:
    """Returns a good message, what is wrong, and a Ping; byte by byte there is time to answer the message."""
    pause = (Wait(PAUSE, ""),) if chop else ()
    return Send(Frame(TEXT, HELLO), chop), *pause, Send(wrong, chop), Send(ping(), chop)


def _reserved_bits() -> Iterator[Case]:
    hello = Frame(TEXT, HELLO)
    yield _refused("3.1", "A short text message with RSV 1.", (Send(_bits(hello, 1)),))
    for number, rsv, chop, how in (
        ("3.2", 2, 0, ""),
        ("3.3", 3, 0, ", each frame in a write of its own"),
        ("3.4", 4, 1, ", written byte by byte"),
    ):
        sends = f"A good text message, one with RSV {rsv} and a Ping{how}."
        yield _refused(number, sends, _between(_bits(hello, rsv), chop), HELLO)
    for number, frame, rsv in (
        ("3.5", Frame(BINARY, BYTES), 5),
        ("3.6", Frame(BINARY, HELLO), 6),
        ("3.7", Frame(8), 7),
    ):
        kind = "Close frame" if frame.opcode == 8 else "binary message"
        yield _refused(number, f"A {kind} with RSV {rsv}.", (Send(_bits(frame, rsv)),))


def _reserved_opcodes() -> Iterator[Case]:
    for second, opcodes in ((1, range(3, 8)), (2, range(11, 16))):
        for third, opcode in enumerate(opcodes, 1):
            payload = (b"", RESERVED_PAYLOAD, b"", HELLO, HELLO)[third - 1]
            frame, chop = Frame(opcode, payload), 1 if third == 5 else 0
            named = f"a frame of the reserved {opcode_name(opcode)}, {len(payload)} bytes"
            number = f"4.{second}.{third}"
            if third < 3:
                yield _refused(number, f"{named.capitalize()}.", (Send(frame),))
            else:
                how = ", written byte by byte" if chop else ""
                sends = f"A good text message, {named}, and a Ping{how}."
                yield _refused(number, sends, _between(frame, chop), HELLO)


CASES = tuple(_messages())
RESERVED = (*_reserved_bits(), *_reserved_opcodes())
