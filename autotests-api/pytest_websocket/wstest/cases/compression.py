"""Cases 12 (data of several kinds) and 13 (parameters) with permessage-deflate, RFC 7692."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from pytest_websocket.wstest.case import NORMAL, Case, Compression, RoundTrips
from pytest_websocket.wstest.payloads import KINDS, Kind, messages_of

_KIB = 1 << 10
_SIZES = (
    *((length, limit, 0) for length, limit in ((16, 60), (64, 60), (256, 120), (1024, 240), (4096, 480))),
    *((length * _KIB, 480, 0) for length in (8, 16, 32, 64, 128)),
    *((length * _KIB, 480, 256) for length in (8, 16, 32, 64, 128)),
    *((128 * _KIB, 480, fragment) for fragment in (_KIB, 4 * _KIB, 32 * _KIB)),
)
"""Length of the messages, seconds, size of the fragments in bytes (0: none)."""

PARAMETERS = (
    ((False, 0),),
    ((True, 0),),
    ((False, 9),),
    ((False, 15),),
    ((True, 9),),
    ((True, 15),),
    ((True, 9), (True, 0), (False, 0)),
)


def _wish(forgets: bool, bits: int) -> str:
    wishes = ["no context takeover"] * forgets + [f"a window of {bits} bits"] * bool(bits)
    return " and ".join(wishes) or "nothing"


def _case(group: str, third: int, kind: Kind, compression: Compression, asked: str, count: int) -> Case:
    length, limit, fragment = _SIZES[third - 1]
    in_fragments = f" in fragments of {fragment} bytes" if fragment else ""
    return Case(
        f"{group}.{third}",
        "7.2" if group.startswith("12") else "7.1",
        f"{count} compressed messages of {length} bytes{in_fragments}, {kind.words}; asked for: {asked}.",
        "Every message comes back.",
        (RoundTrips(partial(messages_of, kind, length), count, kind.binary, fragment),),
        NORMAL,
        limit=limit,
        ends_quietly=True,
        timed=True,
        compression=compression,
    )


def cases(count: int) -> Iterator[Case]:
    """Yields the cases, with ``count`` messages each."""
    for second, kind in enumerate(KINDS, 1):
        for third in range(1, len(_SIZES) + 1):
            yield _case(f"12.{second}", third, kind, Compression(), "nothing", count)
    for second, wishes in enumerate(PARAMETERS, 1):
        asked = ", else ".join(_wish(*wish) for wish in wishes)
        for third in range(1, len(_SIZES) + 1):
            yield _case(f"13.{second}", third, KINDS[0], Compression(wishes), asked, count)
