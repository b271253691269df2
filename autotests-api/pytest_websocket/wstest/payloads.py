"""Data for the cases with compression: five kinds, made when they are needed."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from functools import cache
from typing import NamedTuple

SIZE = 256 << 10
"""Bytes of each kind; messages are cut out of them one after the other, and begin anew at the end."""

_SEED = 6455
_WORDS = (
    *("und", "der", "die", "das", "nicht", "ein", "ich", "ist", "zu", "in", "den", "mit", "sich", "auf"),
    *("für", "von", "dem", "wie", "so", "es", "an", "als", "auch", "sie", "Geist", "Welt", "Herz"),
    *("Nacht", "Himmel", "Leben", "Wasser", "Feuer", "Erde", "Stimme", "Wunder", "Garten", "Tage", "Lied"),
)


def _json(chance: random.Random) -> Iterator[str]:
    while True:
        record = {
            "id": chance.randrange(10**6),
            "name": " ".join(chance.choices(_WORDS[:40], k=3)).encode("ascii", "ignore").decode(),
            "active": chance.random() < 0.5,
            "score": round(chance.random() * 100, 3),
            "tags": chance.sample(("red", "green", "blue", "large", "small", "old"), 3),
        }
        yield json.dumps(record) + ",\n"


def _picture(chance: random.Random) -> Iterator[str]:
    grey = 128
    while True:
        grey = max(0, min(255, grey + chance.randrange(-4, 5)))
        yield chr(grey)


def _prose(chance: random.Random) -> Iterator[str]:
    while True:
        words = chance.choices(_WORDS, k=chance.randrange(5, 9))
        yield " ".join(words).capitalize() + chance.choice((",", ".", "!", ";")) + "\r\n"


def _html(chance: random.Random) -> Iterator[str]:
    while True:
        words = " ".join(chance.choices(_WORDS[:40], k=4)).encode("ascii", "ignore").decode()
        number = chance.randrange(1000)
        yield f'<li class="entry"><a href="/page/{number}.html" title="{words}">{words}</a></li>\n'


def _compressed(chance: random.Random) -> Iterator[str]:
    while True:
        yield "stream\n" + chance.randbytes(2000).decode("latin-1") + "\nendstream\n"


class Kind(NamedTuple):
    """One kind of data; ``encoding`` turns the pieces that ``pieces`` makes into bytes."""

    words: str
    binary: bool
    encoding: str
    pieces: Callable[[random.Random], Iterator[str]]


KINDS = (
    Kind("JSON", False, "ascii", _json),
    Kind("a picture in shades of grey", True, "latin-1", _picture),
    Kind("German prose", True, "utf-8", _prose),
    Kind("HTML", False, "ascii", _html),
    Kind("data that is compressed already", True, "latin-1", _compressed),
)


@cache
def data_of(kind: Kind) -> bytes:
    """Returns the data of a kind, the same in every process."""
    chance = random.Random(_SEED)  # noqa: S311 - the data need not be secret, it has to be the same
    parts, size = [], 0
    for piece in kind.pieces(chance):
        parts.append(piece.encode(kind.encoding))
        size += len(parts[-1])
        if size >= SIZE:
            break
    return b"".join(parts)[:SIZE]


def messages_of(kind: Kind, length: int, count: int) -> Iterator[bytes]:
    """Yields ``count`` messages of ``length`` bytes."""
    data = data_of(kind) * (2 + length // SIZE)
    at = 0
    for _ in range(count):
        yield data[at : at + length]
        at = (at + length) % SIZE
