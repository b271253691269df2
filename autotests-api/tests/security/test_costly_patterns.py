"""Costly patterns: the time to answer a handshake grows no faster than its size (CWE-1333).

Each input is sent in sizes that double. Twice the size takes a linear server twice the time, a server whose
regular expression backtracks four times or more; the ratio tells them apart on fast and slow machines alike.
"""

import math
import time
from collections.abc import Callable

import pytest

from pytest_websocket import security
from pytest_websocket.fixtures import Connect, Dial, Echo, RecordProperty
from pytest_websocket.protocol.handshake import Request
from pytest_websocket.raw.ending import NotReceived

pytestmark = security(
    cwe=1333,
    cve=["CVE-2021-32640", "CVE-2020-7662", "CVE-2020-7663", "CVE-2024-52804"],
    asvs="1.3.12",
    gain="One header keeps a processor busy for seconds, and some of them keep the whole server.",
)

FIRST = 1_000
"""Characters of the shortest input; the longest fits into the 16 KiB that many servers read of a request."""

SIZES = [FIRST * factor for factor in (1, 2, 4, 8, 15)]

NOTICED = 0.06
"""Seconds by which the longest input has to be slower than the shortest one; less is noise."""

SUPERLINEAR = 2.6
"""Ratio of times of which one input is twice as long as the other: 2 is linear, 4 quadratic."""

Make = Callable[[Request, int], Request]


def header(name: str, begin: str, piece: str, end: str = "") -> Make:
    """Returns what fills a header with ``piece`` again and again, up to a size."""
    return lambda opening, size: opening.having(name, begin + piece * (size // len(piece)) + end)


INPUTS: dict[str, Make] = {
    "blanks in the subprotocols": header("Sec-WebSocket-Protocol", "a", " ", "b"),
    "tabs in the subprotocols": header("Sec-WebSocket-Protocol", "a", "\t", "b"),
    "commas in the subprotocols": header("Sec-WebSocket-Protocol", "a", " ,", "b"),
    "blanks in the extensions": header("Sec-WebSocket-Extensions", "a", " ", "b"),
    "escapes in a quoted parameter": header("Sec-WebSocket-Extensions", 'a; b="', "\\c"),
    "backslashes in a quoted parameter": header("Sec-WebSocket-Extensions", 'a; b="', "\\"),
    "semicolons in the extensions": header("Sec-WebSocket-Extensions", "a", ";"),
    "parameters of an extension": header("Sec-WebSocket-Extensions", "a", "; a=a", "="),
    "blanks in Connection": header("Connection", "Upgrade,", " ", "x"),
    "blanks in Upgrade": header("Upgrade", "websocket,", " ", "x"),
    "blanks in the key": header("Sec-WebSocket-Key", "a", " ", "b"),
    "blanks in the origin": header("Origin", "http://a", " ", "b"),
    "dots in the origin": header("Origin", "http://", "a.", "!"),
    "escapes in a quoted cookie": header("Cookie", 'a="', "\\1", '"'),
    "quotes in a cookie": header("Cookie", "a=", '"\\"', "!"),
    "semicolons in the cookies": header("Cookie", "a=b", "; "),
    "blanks in the user agent": header("User-Agent", "a", " ", "b"),
    "languages": header("Accept-Language", "", "a-", "!"),
    "slashes in the path": lambda opening, size: opening.using(resource="/" * size),
    "dots in the path": lambda opening, size: opening.using(resource="/" + "../" * (size // 3)),
    "percents in the path": lambda opening, size: opening.using(resource="/" + "%2" * (size // 2)),
    "parameters of the query": lambda opening, size: opening.using(resource="/?" + "a&" * (size // 2)),
}


async def seconds_to_answer(dial: Dial, request: Request) -> float | None:
    """Returns how long the server takes to answer or end the connection; None where it does neither."""
    raw = await dial("measured")
    began = time.perf_counter()
    await raw.send_bytes(request.encode())
    try:
        await raw.refusal()
    except NotReceived:
        return None
    finally:
        raw.abort()
    return time.perf_counter() - began


async def fastest(dial: Dial, request: Request, times: int = 3) -> float | None:
    """Returns the shortest of several times: the others waited for something else."""
    found = [await seconds_to_answer(dial, request) for _ in range(times)]
    return None if None in found else min(each for each in found if each is not None)


def growth_of(curve: dict[int, float], least: float) -> float:
    """Returns by how much the time above ``least`` grows for twice the input, over the last two steps.

    Returns 1 where the longest input takes hardly longer than the shortest.
    """
    half, size = SIZES[-3], SIZES[-1]
    if curve[size] - least < NOTICED:
        return 1.0
    ratio = (curve[size] - least) / max(curve[half] - least, 0.001)
    return float(ratio ** (1 / math.log2(size / half)))


@pytest.mark.parametrize("make", INPUTS.values(), ids=INPUTS.keys())
async def test_time_to_answer_grows_no_faster_than_the_input(
    connect: Connect, dial: Dial, opening: Request, echo: Echo, record_property: RecordProperty, make: Make
) -> None:
    shortest = await fastest(dial, make(opening, SIZES[0]))
    if shortest is None:
        pytest.skip("the server answers no such request, which is judged elsewhere")
    longest = await seconds_to_answer(dial, make(opening, SIZES[-1]))
    if longest is None:
        await echo.expect_healthy(await connect(name="another client"))
        pytest.skip("the server leaves a large request unanswered, and serves others meanwhile")
    if longest - shortest < NOTICED:
        return
    # Something takes time: the whole curve says whether it is the input or the machine.
    curve = {size: await fastest(dial, make(opening, size)) or 0.0 for size in SIZES}
    record_property("observed", ", ".join(f"{size}: {curve[size] * 1000:.0f} ms" for size in SIZES))
    growth = growth_of(curve, shortest)
    assert growth < SUPERLINEAR, f"twice the input takes {growth:.1f} times as long: " + ", ".join(
        f"{size} characters {curve[size] * 1000:.0f} ms" for size in SIZES[-3:]
    )
    await echo.expect_healthy(await connect(name="another client"))
