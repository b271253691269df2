"""Cases 6: text is UTF-8, RFC 6455 §8.1, with sequences at the edges of RFC 3629."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from pytest_websocket.protocol.frames import TEXT, Frame, continuation, text
from pytest_websocket.wstest.case import (
    NORMAL,
    NOT_UTF8,
    Behavior,
    Case,
    Send,
    SendFragments,
    SendPart,
    Step,
    Wait,
    message_text,
    timeout,
)

ECHO = "The message comes back."
FAILS = "The connection is failed with 1007, or by the end of TCP."
FIRST_PAUSE = 0.25
"""Seconds in which a peer must not fail the connection: what it has is a part of valid text."""
PAUSE = 1.0
"""Seconds in which a peer may fail the connection because of what it has, without waiting for the rest."""

MIXED = "Hello-µ@ßöäüàá-UTF-8!!".encode()
GREEK = "κ\u1f79σμε".encode()
EDITED = b"edited"
SURROGATE = GREEK + b"\xed\xa0\x80" + EDITED
TOO_HIGH = GREEK + b"\xf4\x90\x80\x80" + EDITED
_SPLIT = len("Hello-µ@ßöä".encode())


def _valid(number: str, sends: str, steps: tuple[Step, ...], data: bytes, limit: float = 1) -> Case:
    outcomes = {Behavior.OK: (message_text(data),)}
    return Case(number, "8.1", sends, ECHO, steps, NORMAL, outcomes, limit, ends_quietly=limit == 1)


def _invalid(number: str, sends: str, steps: tuple[Step, ...], limit: float = 1) -> Case:
    return Case(number, "8.1", sends, FAILS, steps, NOT_UTF8, {Behavior.OK: ()}, limit)


def _at_once(number: int, sends: str, first: int, second: int, *, frames: bool) -> Case:
    """Returns a case in which the peer can know after the second part that the text is not UTF-8."""
    cuts = (0, first, second, len(TOO_HIGH))
    parts = [TOO_HIGH[start:end] for start, end in pairwise(cuts)]
    steps: tuple[Step, ...]
    if frames:
        steps = (
            Send(text(parts[0], fin=False)),
            Wait(FIRST_PAUSE, "A"),
            Send(continuation(parts[1], fin=False)),
            Wait(PAUSE, "B"),
            Send(continuation(parts[2])),
        )
    else:
        whole = Frame(TEXT, TOO_HIGH)
        steps = (
            SendPart(whole, 0, first),
            Wait(FIRST_PAUSE, "A"),
            SendPart(whole, first, second),
            Wait(PAUSE, "B"),
            SendPart(whole, second, len(TOO_HIGH)),
        )
    return Case(
        f"6.4.{number}",
        "8.1",
        sends,
        "The connection is failed after the second part; later is tolerated.",
        steps,
        NOT_UTF8,
        {Behavior.OK: (timeout("A"),), Behavior.NON_STRICT: (timeout("A"), timeout("B"))},
    )


def _forms() -> Iterator[Case]:
    yield _valid("6.1.1", "An empty text message.", (Send(text("")),), b"")
    empty = continuation("", fin=False)
    steps = (Send(text("", fin=False)), Send(empty), Send(continuation("")))
    yield _valid("6.1.2", "A text message in three empty fragments.", steps, b"")
    middle = b"middle frame payload"
    steps = (Send(text("", fin=False)), Send(continuation(middle, fin=False)), Send(continuation("")))
    yield _valid("6.1.3", "A text message in three fragments, first and last empty.", steps, middle)
    yield _valid("6.2.1", "Text with characters of two bytes.", (Send(text(MIXED)),), MIXED)
    halves = (Send(text(MIXED[:_SPLIT], fin=False)), Send(continuation(MIXED[_SPLIT:])))
    yield _valid("6.2.2", "Text in two fragments, cut between characters.", halves, MIXED)
    for number, data in (("6.2.3", MIXED), ("6.2.4", GREEK)):
        by_byte = (SendFragments(TEXT, data, 1),)
        yield _valid(number, "Text in fragments of one byte, cut inside characters.", by_byte, data)
    yield _invalid("6.3.1", "Text with a surrogate.", (Send(text(SURROGATE)),))
    by_byte = (SendFragments(TEXT, SURROGATE, 1),)
    yield _invalid("6.3.2", "Text with a surrogate, in fragments of one byte.", by_byte)
    beyond = "Text with a code point beyond U+10FFFF"
    parts = f"{beyond}, in three parts of one frame"
    yield _at_once(1, f"{beyond}, in three fragments with pauses.", 11, 15, frames=True)
    yield _at_once(2, f"{beyond}, in three fragments, cut after its second byte.", 12, 13, frames=True)
    yield _at_once(3, f"{parts} with pauses.", 11, 15, frames=False)
    yield _at_once(4, f"{parts}, cut after its second byte.", 12, 13, frames=False)


def _hex(*values: str) -> tuple[bytes, ...]:
    return tuple(map(bytes.fromhex, values))


_CUT = _hex(
    *("c0", "e080", "f08080", "f8808080", "fc80808080"), *("df", "efbf", "f7bfbf", "fbbfbfbf", "fdbfbfbfbf")
)
_STARTS = ((0xC0, 0xDF), (0xE0, 0xEF), (0xF0, 0xF7), (0xF8, 0xFB), (0xFC, 0xFD))
_NO_CHARACTERS = tuple(
    chr(plane << 16 | last).encode() for plane in range(1, 17) for last in (0xFFFE, 0xFFFF)
)
_EVERY_FOURTH = tuple(data for data in _NO_CHARACTERS if data[1] in (0x8F, 0x9F, 0xAF, 0xBF))

SEQUENCES: tuple[tuple[str, tuple[bytes, ...]], ...] = (
    (
        "characters of one to four bytes",
        (
            *map(str.encode, ("hello$world", "hello¢world", "hello€world", "hello\U00024b62world")),
            GREEK,
        ),
    ),
    ("every beginning of a word in Greek", tuple(GREEK[:end] for end in range(1, len(GREEK) + 1))),
    ("the first code point of each length", _hex("00", "c280", "e0a080", "f0908080")),
    ("the first sequence of five and of six bytes", _hex("f888808080", "fc8480808080")),
    ("the last code point of each length", _hex("7f", "dfbf", "efbfbf", "f48fbfbf")),
    ("the last sequence of four, five and six bytes", _hex("f7bfbfbf", "fbbfbfbfbf", "fdbfbfbfbfbf")),
    ("code points beside a border", _hex("ed9fbf", "ee8080", "efbfbd", "f48fbfbf", "f4908080")),
    (
        "continuation bytes without a start",
        (
            *_hex("80", "bf", "80bf", "80bf80", "80bf80bf", "80bf80bf80", "80bf80bf80bf"),
            bytes(range(0x80, 0xBF)),
        ),
    ),
    (
        "start bytes without a continuation",
        tuple(b"".join(bytes((byte, 0x20)) for byte in range(*bounds)) for bounds in _STARTS),
    ),
    ("sequences whose last byte is missing", _CUT),
    ("all of those after each other", (b"".join(_CUT),)),
    ("bytes that stand in no sequence", _hex("fe", "ff", "fefeffff")),
    ("a slash in too many bytes", _hex("c0af", "e080af", "f08080af", "f8808080af", "fc80808080af")),
    (
        "the last code points in too many bytes",
        _hex("c1bf", "e09fbf", "f08fbfbf", "f887bfbfbf", "fc83bfbfbfbf"),
    ),
    ("NUL in too many bytes", _hex("c080", "e08080", "f0808080", "f880808080", "fc8080808080")),
    (
        "single surrogates",
        _hex("eda080", "edadbf", "edae80", "edafbf", "edb080", "edbe80", "edbfbf"),
    ),
    (
        "pairs of surrogates",
        tuple(
            first + last
            for first in _hex("eda080", "edadbf", "edae80", "edafbf")
            for last in _hex("edb080", "edbfbf")
        ),
    ),
    ("code points that are no characters", (*_hex("efbfbe", "efbfbf"), *_EVERY_FOURTH)),
    ("code points with a special use", tuple(chr(point).encode() for point in range(0xFFF9, 0x10000))),
)


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _sequences() -> Iterator[Case]:
    for second, (title, sequences) in enumerate(SEQUENCES, 5):
        for third, data in enumerate(sequences, 1):
            number, sends = f"6.{second}.{third}", f"Text with {title}: {data.hex(' ')}."
            steps = (Send(text(data)),)
            yield (
                _valid(number, sends, steps, data, 0.5)
                if _is_utf8(data)
                else _invalid(number, sends, steps, 0.5)
            )


CASES = (*_forms(), *_sequences())
