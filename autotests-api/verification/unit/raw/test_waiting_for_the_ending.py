"""How a raw connection waits for the end of a connection, and what it reports of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pytest_websocket.protocol.frames import close, pong, text
from pytest_websocket.raw.connection import Connection
from pytest_websocket.raw.framed import PROBE
from verification.conftest import RecordingTransport
from verification.unit.raw.frames import encoded


@pytest.fixture
def waits(raw: Connection, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Returns the seconds that a connection waits for something, none of which is spent."""
    found: list[float] = []

    async def comes_true(condition: Callable[[], bool], seconds: float) -> bool:
        found.append(round(seconds, 6))
        if len(found) == raw.__dict__.get("answers_at"):
            raw.data_received(encoded(pong(PROBE)))
        return condition()

    monkeypatch.setattr(raw, "comes_true", comes_true)
    return found


async def test_ending_probes_a_silent_server_after_a_tenth_of_the_deadline(
    raw: Connection, transport: RecordingTransport, waits: list[float]
) -> None:
    ending = await raw.ending(deadline=1)
    assert transport.frames == [(9, PROBE)]
    assert waits == [0.1, 0.8]
    assert (ending.ended, ending.answered_ping) == (False, False)
    await raw.ending()
    assert waits[2:] == [0.005, 0.04]


async def test_ending_waits_a_little_longer_for_a_server_that_answers_the_probe(
    raw: Connection, waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(raw, "answers_at", 2, raising=False)
    ending = await raw.ending(deadline=1)
    assert waits == [0.1, 0.8, 0.1]
    assert (ending.ended, ending.answered_ping) == (False, True)


async def test_ending_does_not_probe_where_a_ping_would_be_payload_or_too_late(
    raw: Connection, transport: RecordingTransport, waits: list[float]
) -> None:
    assert (await raw.ending(probe_with_ping=False, deadline=1)).answered_ping is False
    raw.sent_close = True
    await raw.ending(deadline=1)
    assert waits == [0.1, 1.1] * 2
    assert transport.written == b""


async def test_ending_that_has_come_is_not_waited_for(
    raw: Connection, transport: RecordingTransport, waits: list[float]
) -> None:
    raw.eof_received()
    assert (await raw.ending(deadline=1)).tcp == "closed"
    await raw.ending(probe_with_ping=False, deadline=1)
    assert waits == [0.1, 0.1]
    assert transport.written == b""


async def test_pong_with_another_payload_does_not_answer_the_probe(
    raw: Connection, waits: list[float]
) -> None:
    raw.data_received(encoded(pong(b"other")))
    assert (await raw.ending(deadline=1)).answered_ping is False
    assert waits == [0.1, 0.8]


async def test_more_answers_than_were_due_end_the_wait(
    raw: Connection, transport: RecordingTransport, waits: list[float]
) -> None:
    raw.data_received(encoded(text("1"), text("2")))
    await raw.ending(answers=1)
    assert (len(waits), transport.written) == (1, b"")
    await raw.ending(answers=2)
    assert transport.frames == [(9, PROBE)]


async def test_probe_is_over_with_its_answer_or_with_the_ending(
    raw: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    async def comes_true(condition: Callable[[], bool], _: float) -> bool:
        asked.append(condition)
        return False

    monkeypatch.setattr(raw, "comes_true", comes_true)
    await raw.ending()
    raw.data_received(encoded(pong(b"other")))
    assert not asked[1]()
    raw.data_received(encoded(pong(PROBE)))
    assert asked[1]()
    assert not asked[0]()
    raw.eof_received()
    assert asked[0]()


async def test_close_is_sent_as_asked_and_its_answer_is_the_ending(
    raw: Connection, transport: RecordingTransport
) -> None:
    raw.data_received(encoded(close(1001, "bye")))
    transport.written = b""
    ending = await raw.close(4000, "enough")
    assert transport.frames == [(8, b"\x0f\xa0enough")]
    assert ending.code == 1001
    transport.written = b""
    await raw.close()
    assert transport.frames == [(8, b"\x03\xe8")]


async def test_what_comes_after_the_close_frames_has_a_tenth_of_the_deadline(
    raw: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def tcp_ending(*, deadline: float) -> float:
        return deadline

    monkeypatch.setattr(raw, "tcp_ending", tcp_ending)
    assert await raw.after_closing() == pytest.approx(0.005)


async def test_tcp_is_waited_for_whatever_was_received(raw: Connection) -> None:
    raw.deadline = 600
    raw.data_received(encoded(close()))
    ending = await raw.tcp_ending(deadline=0.01)
    assert (ending.ended, ending.tcp, ending.answered_ping) == (True, "open", False)
    assert ending.took >= 0.01
    raw.eof_received()
    assert (await raw.tcp_ending()).tcp == "closed"


async def test_first_end_of_tcp_is_the_one_that_is_reported(raw: Connection) -> None:
    raw.eof_received()
    raw.connection_lost(ConnectionResetError())
    assert raw.tcp == "closed"
