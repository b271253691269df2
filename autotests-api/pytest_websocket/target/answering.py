"""Tells a target on which nothing works: it opens connections, and answers nothing that is sent on them."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time

from pytest_websocket.protocol.frames import CLOSE, PING, Frame, close, ping, text
from pytest_websocket.raw.connection import Connection
from pytest_websocket.raw.ending import NotReceived
from pytest_websocket.target.dial import Silent, Unusable, opened
from pytest_websocket.target.target import Target
from pytest_websocket.text import quantity

FLOOD = 100
"""Frames that come within one deadline without being an answer, from which on they are a flood."""

FLOOD_BYTES = 4 << 20
"""Bytes that come so, in fewer frames."""

_FLOODS = "it floods"


async def check_answers(target: Target, first: Connection | None = None) -> None:
    """Opens connections, and is answered on one of them: to a text, a Ping or a Close.

    Takes one deadline. Raises Unusable with the reason where no connection is opened, or where nothing that
    was sent is answered; Silent where nothing comes at all. ``first`` is a connection on which a text was not
    answered: it reads no more, and what it heard is a reason, too.
    """
    word = f"probe-{secrets.token_hex(4)}".encode()
    questions = [ping(word), close()]
    if target.echo:
        questions.append(text(word))
    tasks = [asyncio.ensure_future(_ask(target, question, word)) for question in questions]
    causes: list[str] = []
    if first is not None:
        first.pause_reading()
        causes.append(_what_came(target, first))
    errors: list[Unusable] = []
    try:
        for done in asyncio.as_completed(tasks):
            try:
                cause = await done
            except Unusable as error:
                errors.append(error)
                continue
            if not cause:
                return
            causes.append(cause)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    if not causes:
        raise errors[0]
    cause = next((cause for cause in causes if cause.startswith(_FLOODS)), causes[-1])
    kind = Silent if cause == _nothing(target) else Unusable
    asked = "a text, a Ping nor a Close" if target.echo else "a Ping nor a Close"
    raise kind(f"nothing works on the connections of {target.shown()}: neither {asked} is answered; {cause}")


async def _ask(target: Target, question: Frame, word: bytes) -> str:
    """Returns why ``question`` was not answered; empty where it was."""
    # With small buffers a flood comes in small parts, between which the clock is looked at.
    async with opened(target, small_buffers=True) as connection:
        if question.opcode == CLOSE and await _closes_unasked(connection):
            return _what_came(target, connection)
        with contextlib.suppress(NotReceived):
            await connection.send(question)
            if await _is_answered(connection, question, word):
                return ""
        return _what_came(target, connection)


async def _closes_unasked(connection: Connection) -> bool:
    with contextlib.suppress(NotReceived):
        await connection.message_or_ending(take=False, deadline=connection.deadline / 10)
    return connection.close_status is not None or connection.tcp != "open"


async def _is_answered(connection: Connection, question: Frame, word: bytes) -> bool:
    if question.opcode == PING:
        return await connection.pong(word) == word
    if question.opcode == CLOSE:
        return (await connection.ending(probe_with_ping=False)).close is not None
    # Not asyncio.timeout: in a flood, asyncio.wait_for of Python 3.11 misses the cancellation.
    began = time.monotonic()
    while time.monotonic() - began < connection.deadline:
        if word in (await connection.message()).data:
            return True
    return False


def _what_came(target: Target, connection: Connection) -> str:
    """Returns in words what came in place of an answer."""
    totals = connection.recording.totals
    if totals.frames_received >= FLOOD or totals.bytes_received >= FLOOD_BYTES:
        return (
            f"{_FLOODS}: {quantity(totals.frames_received, 'frame')}, {totals.bytes_received >> 10} KiB, "
            "and none of them an answer"
        )
    if connection.violations:
        return f"what it sends is against the protocol: {connection.violations[0]}"
    if connection.close_status is not None:
        return f"it sent {connection.close_status} unasked"
    if connection.tcp != "open":
        return f"TCP was {connection.tcp} by the server"
    if totals.frames_received:
        return f"only {quantity(totals.frames_received, 'frame')} came that answer nothing"
    rest = totals.bytes_received - (len(connection.response.raw) if connection.response else 0)
    if rest > 0:
        return f"only {quantity(rest, 'byte')} of a frame came within {target.deadline:g} s"
    return _nothing(target)


def _nothing(target: Target) -> str:
    return f"nothing came within {target.deadline:g} s"
