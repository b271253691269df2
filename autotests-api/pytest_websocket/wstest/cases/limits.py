"""Cases 9 (long messages, many messages) and 10 (a long message in fragments), RFC 6455 §5.2, §5.4."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import repeat

from pytest_websocket.protocol.frames import BINARY, TEXT
from pytest_websocket.wstest.case import NORMAL, Behavior, Case, RoundTrips, SendFragments, echoed
from pytest_websocket.wstest.cases.closing import LONG

ECHO = "The same message comes back."
KIB, MIB = 1 << 10, 1 << 20

_SIZES = ((64 * KIB, 10), (256 * KIB, 10), (MIB, 100), (4 * MIB, 100), (8 * MIB, 100), (16 * MIB, 100))
_FRAGMENTS = (64, 256, KIB, 4 * KIB, 16 * KIB, 64 * KIB, 256 * KIB, MIB, 4 * MIB)
_CHOPS = (64, 128, 256, 512, 1024, 2048)
_ROUND_TRIPS = ((0, 60), (16, 60), (64, 60), (256, 120), (1024, 240), (4096, 480))
_TURNS = 1000

_KINDS = ((TEXT, "text", LONG, b"*"), (BINARY, "binary", bytes.fromhex("00fe23faf0"), b"\xfe"))


def _filled(pattern: bytes, length: int) -> bytes:
    return (pattern * (length // len(pattern) + 1))[:length]


def _long(number: str, sends: str, step: RoundTrips, limit: float) -> Case:
    return Case(number, "5.2", sends, ECHO, (step,), NORMAL, limit=limit, ends_quietly=True, timed=True)


def _once(pattern: bytes, length: int, opcode: int, *, fragment: int = 0, chop: int = 0) -> RoundTrips:
    """Returns one message, made when it is sent: all of them would be half a second and 100 MB."""
    messages = partial(_messages, pattern, length)
    return RoundTrips(messages, 1, opcode == BINARY, fragment=fragment, chop=chop)


def _messages(pattern: bytes, length: int, count: int) -> Iterator[bytes]:
    return repeat(_filled(pattern, length), count)


def _round_trips(number: str, kind: str, length: int, payload: bytes, limit: float, *, binary: bool) -> Case:
    return Case(
        number,
        "5.2",
        f"{_TURNS} {kind} messages of {length} bytes, each once the one before has come back.",
        "Every message comes back.",
        (RoundTrips(partial(repeat, payload), _TURNS, binary),),
        NORMAL,
        limit=limit,
        ends_quietly=True,
        timed=True,
    )


def _cases() -> Iterator[Case]:
    for at, (opcode, kind, pattern, _) in enumerate(_KINDS):
        for third, (length, limit) in enumerate(_SIZES, 1):
            sends = f"A {kind} message of {length >> 10} KiB."
            yield _long(f"9.{1 + at}.{third}", sends, _once(pattern, length, opcode), limit)
    for at, (opcode, kind, _, _) in enumerate(_KINDS):
        for third, size in enumerate(_FRAGMENTS, 1):
            sends = f"A {kind} message of 4 MiB in fragments of {size} bytes."
            step = _once(b"*", 4 * MIB, opcode, fragment=size)
            yield _long(f"9.{3 + at}.{third}", sends, step, 100)
    for at, (opcode, kind, pattern, _) in enumerate(_KINDS):
        for third, chop in enumerate(_CHOPS, 1):
            sends = f"A {kind} message of 1 MiB, written in pieces of {chop} bytes."
            yield _long(f"9.{5 + at}.{third}", sends, _once(pattern, MIB, opcode, chop=chop), 1000)
    for at, (opcode, kind, _, byte) in enumerate(_KINDS):
        for third, (length, limit) in enumerate(_ROUND_TRIPS, 1):
            number = f"9.{7 + at}.{third}"
            yield _round_trips(number, kind, length, byte * length, limit, binary=opcode == BINARY)
    data = b"*" * 65536
    yield Case(
        "10.1.1",
        "5.4",
        "A text message of 65536 bytes in fragments of 1300 bytes.",
        ECHO,
        (SendFragments(TEXT, data, 1300),),
        NORMAL,
        {Behavior.OK: (echoed(data, TEXT),)},
        10,
    )


CASES = tuple(_cases())
