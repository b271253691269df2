"""Costs of a handshake: the time that a server needs for one grows with its length, and no faster."""

import contextlib
import time
from collections.abc import Callable

import pytest

from pytest_websocket import security
from pytest_websocket.fixtures import Connect, Dial, Echo
from pytest_websocket.protocol.handshake import Request
from pytest_websocket.raw.ending import NotReceived

pytestmark = [
    pytest.mark.alone,
    security(
        cwe=1333,
        cve=["CVE-2021-32640", "CVE-2020-7662", "CVE-2020-7663", "CVE-2024-52804", "CVE-2023-43669"],
        asvs="1.3.12",
        gain="A header that costs time by the square of its length keeps the server busy for many clients.",
    ),
]

LENGTHS = [3_750, 7_500, 15_000, 30_000, 60_000]
"""Bytes that a part of the handshake is long; many servers refuse a head of more than 8 or 16 KiB in all."""

MEASURABLE = 0.1
"""Seconds from which on a time is compared with that of half the length."""

QUADRATIC = 2.5
"""Between two times, for a cost that grows with the length, and four, for one that grows with its square."""

HARMLESS = 4
"""How much longer a costly handshake takes at least than one of as many harmless bytes."""

ROUNDS = 8
"""How often a suspicious length is measured again at most."""

MakeRequest = Callable[[Request, int], Request]

GROWING: dict[str, MakeRequest] = {
    "blanks in a subprotocol": lambda opening, size: opening.having(
        "Sec-WebSocket-Protocol", "a" + " " * size + "b"
    ),
    "commas in a subprotocol": lambda opening, size: opening.having(
        "Sec-WebSocket-Protocol", "a" + "," * size
    ),
    "subprotocols": lambda opening, size: opening.having(
        "Sec-WebSocket-Protocol", ",".join(f"{number:07}" for number in range(size // 8))
    ),
    "blanks in an extension": lambda opening, size: opening.having(
        "Sec-WebSocket-Extensions", "a" + " " * size + "b"
    ),
    "tabs in a subprotocol": lambda opening, size: opening.having(
        "Sec-WebSocket-Protocol", "a" + "\t" * size + "b"
    ),
    "escapes in a parameter": lambda opening, size: opening.having(
        "Sec-WebSocket-Extensions", 'a; b="' + "\\c" * (size // 2)
    ),
    "parameters without a value": lambda opening, size: opening.having(
        "Sec-WebSocket-Extensions", "a" + "; a=a" * (size // 5) + "="
    ),
    "commas in an extension": lambda opening, size: opening.having(
        "Sec-WebSocket-Extensions", "a" + "," * size
    ),
    "semicolons in an extension": lambda opening, size: opening.having(
        "Sec-WebSocket-Extensions", "a" + ";" * size
    ),
    "backslashes in a parameter": lambda opening, size: opening.having(
        "Sec-WebSocket-Extensions", 'a; b="' + "\\" * size
    ),
    "quotes in a parameter": lambda opening, size: opening.having(
        "Sec-WebSocket-Extensions", "a; b=" + '"' * size
    ),
    "parameters of deflate": lambda opening, size: opening.having(
        "Sec-WebSocket-Extensions",
        "permessage-deflate" + "".join(f"; p{number:04}" for number in range(size // 7)),
    ),
    "blanks in Connection": lambda opening, size: opening.having("Connection", "Upgrade" + " " * size + "x"),
    "commas in Connection": lambda opening, size: opening.having("Connection", "Upgrade" + "," * size),
    "blanks in Upgrade": lambda opening, size: opening.having("Upgrade", "websocket" + " " * size + "x"),
    "cookies": lambda opening, size: opening.having("Cookie", "a=b; " * (size // 5)),
    "quotes in a cookie": lambda opening, size: opening.having("Cookie", 'a="' + '\\"' * (size // 2)),
    "octal escapes in a cookie": lambda opening, size: opening.having(
        "Cookie", 'a="' + "\\1" * (size // 2) + '"'
    ),
    "blanks in the key": lambda opening, size: opening.having("Sec-WebSocket-Key", "a" + " " * size + "b"),
    "a user agent": lambda opening, size: opening.having("User-Agent", "a" + " " * size + "b"),
    "languages": lambda opening, size: opening.having("Accept-Language", "a-" * (size // 2) + "!"),
    "broken escapes in a path": lambda opening, size: opening.using(resource="/" + "%2" * (size // 2)),
    "blanks in a header": lambda opening, size: opening.having("X-Long", "a" + " " * size + "b"),
    "blanks after a header": lambda opening, size: opening.having("X-Long", "a" + " " * size),
    "a header's name": lambda opening, size: opening.having("X" * size, "x"),
    "headers": lambda opening, size: opening.having("X-Many", *["x"] * (size // 11)),
    "a key": lambda opening, size: opening.having("Sec-WebSocket-Key", "A" * size),
    "a version": lambda opening, size: opening.having("Sec-WebSocket-Version", "1" * size),
    "a host": lambda opening, size: opening.having("Host", "a." * (size // 2)),
    "an origin": lambda opening, size: opening.having("Origin", "http://" + "a-" * (size // 2) + "."),
    "a path": lambda opening, size: opening.using(resource="/" * size),
    "escapes in a path": lambda opening, size: opening.using(resource="/" + "%41" * (size // 3)),
    "dots in a path": lambda opening, size: opening.using(resource="/" + "../" * (size // 3)),
    "a query": lambda opening, size: opening.using(resource="/?" + "a=b&" * (size // 4)),
}
"""Requests with a part of so many bytes, each of which a careless parser tries again from every byte."""


class Stopwatch:
    """Measures how long the target takes for a handshake with a part of some length."""

    def __init__(self, dial: Dial, opening: Request, make: MakeRequest) -> None:
        self._dial = dial
        self._opening = opening
        self._make = make

    async def seconds(self, size: int) -> float:
        """Returns the seconds of one handshake. Raises NotReceived."""
        return await self._time(self._make(self._opening, size))

    async def shortest(self, size: int, enough: float) -> float:
        """Returns the seconds of one handshake; of three, where one took more than a tenth of ``enough``."""
        taken = await self.seconds(size)
        return (
            taken if taken < enough / 10 else min(taken, await self.seconds(size), await self.seconds(size))
        )

    async def costly(self, size: int, enough: float) -> tuple[float, float, float] | None:
        """Returns the seconds for half the length, for the length, and for as many harmless bytes.

        Returns None where it is not costly: as soon as the length took less than ``enough``, or in the end
        little longer than half of it, or than as many harmless bytes. A busy machine makes a handshake slow
        now and then, a costly one is slow every time; so the three are measured in turn, and the shortest
        times count.
        """
        half, whole, harmless = [], [], []
        for number in range(ROUNDS):
            half.append(await self.seconds(size // 2))
            with contextlib.suppress(NotReceived):
                whole.append(await self.seconds(size))
            harmless.append(await self._time(self._opening.having("X-Harmless", "x" * size)))
            taken = min(whole, default=0.0)
            if taken < enough:
                return None
            # What takes half a second every time is no delay of the machine.
            if number >= 2 and taken >= 0.5:
                break
        if taken <= min(half) * QUADRATIC or taken <= min(harmless) * HARMLESS:
            return None
        return min(half), taken, min(harmless)

    async def _time(self, request: Request) -> float:
        raw = await self._dial("growing")
        began = time.monotonic()
        await raw.response_to(request)
        taken = time.monotonic() - began
        raw.abort()
        return taken


@pytest.mark.parametrize("make", GROWING.values(), ids=GROWING.keys())
async def test_time_for_a_handshake_grows_no_faster_than_its_length(
    connect: Connect, dial: Dial, opening: Request, echo: Echo, make: MakeRequest
) -> None:
    """Twice the length takes twice the time; where it takes four times, a hostile client stops the server."""
    watch = Stopwatch(dial, opening, make)
    enough = MEASURABLE * echo.target.time_scale
    curve = {LENGTHS[0] // 2: await watch.shortest(LENGTHS[0] // 2, enough)}
    for size in LENGTHS:
        try:
            curve[size] = await watch.shortest(size, enough)
            if curve[size] >= enough and curve[size] > curve[size // 2] * QUADRATIC:
                found = await watch.costly(size, enough)
                if found is not None:
                    curve[size // 2], curve[size], harmless = found
                    told = ", ".join(f"{length} bytes {taken:.3f} s" for length, taken in curve.items())
                    pytest.fail(f"the time grows faster than the length: {told}; harmless {harmless:.3f} s")
        except NotReceived:
            # Whether a giant head may be left unanswered is judged elsewhere.
            break
        if curve[size] >= echo.target.deadline / 2:
            break
    await echo.expect_healthy(await connect(name="another client"))
