"""Targets that limit how many connections are opened: pacing, and what a limit looks like."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from pytest_websocket.protocol.handshake import Response, parse_response
from pytest_websocket.recording import Recording
from pytest_websocket.recording.direction import status_of

LIMITING = {429, 503}
"""HTTP statuses of a server that limits: RFC 6585 §4, RFC 9110 §15.6.4."""

SLOWEST = 2.0
"""Connections per second; a run is not paced below unless it is asked for: it would take hours."""

MARGIN = 0.8
"""Of the rate that was seen to be accepted, what is used from then on."""

CROWD = 5
"""Open connections of one case from which on a refusal is taken for a limit of their number."""

_REMEMBERED = 2000


class Pace:
    """Spaces new connections in time, and remembers when they were opened. ``rate`` is per second."""

    def __init__(self, rate: float | None = None) -> None:
        self.rate = rate
        self._next = 0.0
        self._opened: deque[float] = deque(maxlen=_REMEMBERED)

    async def turn(self) -> None:
        """Waits until the next connection may be opened."""
        now = time.monotonic()
        if self.rate is not None:
            at = max(now, self._next)
            self._next = at + 1 / self.rate
            if at > now:
                await asyncio.sleep(at - now)
        self._opened.append(time.monotonic())

    def below(self, window: float) -> float:
        """Returns the rate that keeps below a limit over ``window`` seconds that has just been met."""
        now = time.monotonic()
        count = sum(now - at <= window for at in self._opened)
        return MARGIN * max(count - 1, 1) / max(window, 1.0)

    def slow_down(self, rate: float) -> None:
        """Opens no more than ``rate`` a second from now on, where that is not too slow for a run."""
        if rate >= SLOWEST and (self.rate is None or rate < self.rate):
            self.rate = rate


@dataclass(frozen=True)
class Limit:
    """A limit as a case met it; ``retry_after`` in seconds where the server says it, ``open`` connections."""

    answer: str
    status: int
    retry_after: float | None
    open: int

    @property
    def is_of_their_number(self) -> bool:
        """Whether it limits how many connections are open at once, as far as one case shows it."""
        return self.open >= CROWD

    def __str__(self) -> str:
        if self.is_of_their_number:
            return f"the target limits connections: {self.answer} while {self.open} of the case were open"
        wait = f", Retry-After {self.retry_after:g} s" if self.retry_after is not None else ""
        return f"the target limits the rate: {self.answer}{wait}"


def limit_in(recordings: Sequence[Recording], url: str) -> Limit | None:
    """Returns the limit that connections to the server of ``url`` met; None where none was refused by one.

    A 503 counts here where it says when to come back.
    """
    heads = [
        (recording, parse_response(recording.response))
        for recording in recordings
        if _is_to(recording, url) and recording.response
    ]
    opened = sum(response.accepted and recording.ended_at is None for recording, response in heads)
    for _, response in heads:
        if response.status == 429 or (response.status == 503 and response.value("Retry-After")):
            return limit_of(response, opened)
    return None


def open_before_silence(recordings: Sequence[Recording], url: str) -> int:
    """Returns how many connections were open when a request to the server of ``url`` stayed unanswered.

    0 where every request was answered. A pool of threads does so when all of its places are taken.
    """
    ours = [recording for recording in recordings if _is_to(recording, url)]
    if all(recording.totals.bytes_received or not recording.request for recording in ours):
        return 0
    return sum(status_of(recording.response) == 101 and recording.ended_at is None for recording in ours)


def limit_of(response: Response, opened: int = 0) -> Limit:
    """Returns the limit that an HTTP response tells, met by a case that had ``opened`` connections."""
    answer = f"HTTP {response.status} {ascii(response.reason)[1:-1]}".rstrip()
    return Limit(answer, response.status, seconds_of(response.value("Retry-After")), opened)


def may_have_met_a_limit(recordings: Sequence[Recording], url: str) -> bool:
    """Returns whether a server ended a connection before it sent anything, or answered 503."""
    return any(
        status_of(recording.response) == 503
        or (not recording.response and not recording.totals.bytes_received)
        for recording in recordings
        if _is_to(recording, url)
    )


def seconds_of(value: str | None) -> float | None:
    """Returns the seconds that a Retry-After header (RFC 9110 §10.2.3) tells to wait; None without one."""
    if value is None:
        return None
    if value.strip().isdecimal():
        return float(value.strip())
    try:
        at = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() - time.time())


def _is_to(recording: Recording, url: str) -> bool:
    return urlsplit(recording.url).netloc == urlsplit(url).netloc
