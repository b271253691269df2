"""Listens on fresh connections: what does a target send unasked, as greetings and later?"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pytest_websocket.raw.ending import NotReceived
from pytest_websocket.target.dial import Unusable, opened
from pytest_websocket.target.patterns import Pattern, json_object, narrower, one_pattern_of, patterns_of
from pytest_websocket.target.target import Message, Target
from pytest_websocket.text import preview, quantity

SECONDS = 1.6
"""How long is listened: what comes each second is heard, a little late, too."""

EARLY = 0.6
"""Seconds after the connection was entered within which a greeting comes."""

CONNECTIONS = 2
MAX_HEARD = 2_000
MAX_HEARD_BYTES = 1 << 20


@dataclass(frozen=True)
class Heard:
    """A message that came unasked, ``after`` seconds on an open connection."""

    after: float
    message: Message


@dataclass(frozen=True)
class Unasked:
    """What a target sends unasked: ``greetings`` messages first that have no pattern, and what has one."""

    greetings: int = 0
    patterns: tuple[Pattern, ...] = ()
    samples: tuple[Message, ...] = ()
    notes: tuple[str, ...] = ()

    def apart_from(self, replies: Sequence[Message]) -> Unasked:
        """Returns it with patterns that match none of ``replies``, and says what could not be told apart."""
        patterns: list[Pattern] = []
        notes = list(self.notes)
        lost = 0
        for pattern in self.patterns:
            kept: Pattern | None = pattern
            if any(map(pattern.matches, replies)):
                kept = narrower(pattern, self.samples)
            if kept is not None and not any(map(kept.matches, replies)):
                patterns.append(kept)
                continue
            lost += 1
            notes.append(
                f"what comes unasked cannot be told from replies by {pattern.text!r}: --ws-ignore can"
            )
        return replace(self, patterns=tuple(patterns), greetings=self.greetings + lost, notes=tuple(notes))


async def listen(target: Target) -> Unasked:
    """Listens for `SECONDS` on new connections of ``target``; what its options ignore is not heard."""
    heard = [found for found in await asyncio.gather(*(_listen(target) for _ in range(CONNECTIONS))) if found]
    streams = [stream for stream, _ in heard]
    notes = tuple(dict.fromkeys(ending for _, ending in heard if ending))
    return replace(analysed(streams), notes=notes)


async def _listen(target: Target) -> tuple[list[Heard], str] | None:
    """Returns what came on one connection and how it ended, if it did; None where it was not opened."""
    loop = asyncio.get_running_loop()
    stream: list[Heard] = []
    try:
        async with opened(target) as connection:
            began = loop.time()
            size = 0
            while (
                len(stream) < MAX_HEARD
                and size < MAX_HEARD_BYTES
                and (left := began + SECONDS - loop.time()) > 0
            ):
                try:
                    message = await connection.message(deadline=left)
                except NotReceived:
                    break
                stream.append(Heard(loop.time() - began, message.content))
                size += len(message.data)
            if connection.close_status is not None:
                took = loop.time() - began
                return stream, (
                    f"a connection on which nothing was sent was closed after {took:.1f} s with "
                    f"{connection.close_status}; if it waits for a login: --ws-login"
                )
    except Unusable:
        # The questions of the probe say why.
        return None
    return stream, ""


def analysed(streams: Sequence[Sequence[Heard]]) -> Unasked:
    """Returns what was heard on several connections as greetings and patterns."""
    messages = tuple(heard.message for stream in streams for heard in stream)
    if not messages:
        return Unasked()
    late = [heard.message for stream in streams for heard in stream if heard.after > EARLY]
    pushes = patterns_of(late)
    openings = [
        [heard.message for heard in stream if heard.after <= EARLY and not _is_of(pushes, heard.message)]
        for stream in streams
    ]
    greetings, patterns = 0, list(pushes)
    for place in range(max(map(len, openings))):
        there = [opening[place] for opening in openings if place < len(opening)]
        pattern = one_pattern_of(there)
        if pattern is not None:
            patterns.append(pattern)
        elif len(there) == len(streams) and any(json_object(message) is None for message in there):
            greetings += 1
        else:
            # Objects of different kinds, or what came on one connection alone, are pushed and no greetings.
            patterns += patterns_of(there)
    return Unasked(greetings, tuple(dict.fromkeys(patterns)), messages)


def _is_of(patterns: Sequence[Pattern], message: Message) -> bool:
    return any(pattern.matches(message) for pattern in patterns)


def described(unasked: Unasked, *, connections: int = CONNECTIONS) -> str:
    """Returns in one line what comes unasked."""
    if not unasked.samples:
        return "nothing"
    each = len(unasked.samples) / connections
    number = quantity(round(each), "message") if each >= 1 else "less than a message"
    words = f"about {number} in {SECONDS:g} s, the first {preview(unasked.samples[0], limit=60)}"
    if unasked.patterns:
        words += "; ignored: " + ", ".join(f"--ws-ignore '{pattern}'" for pattern in unasked.patterns[:6])
    if unasked.greetings:
        words += f"; first of all --ws-greetings {unasked.greetings}"
    return words
