"""What a raw connection reads, counts, pauses at and reports, on a transport that records writes."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

import pytest

from pytest_websocket.protocol.deflate import Deflater, Inflater
from pytest_websocket.protocol.frames import Frame, binary, close, continuation, ping, pong, text
from pytest_websocket.protocol.handshake import Request
from pytest_websocket.raw.connection import Connection
from pytest_websocket.raw.ending import NotReceived
from pytest_websocket.recording import Recording
from verification.conftest import RecordingTransport
from verification.unit.raw.frames import encoded, sent_in_recording


async def test_frame_is_taken_with_the_message_that_it_completes(raw: Connection) -> None:
    raw.data_received(encoded(pong(b"p"), text("a", fin=False), continuation("b"), text("c")))
    assert raw.waiting_messages == 2
    assert (await raw.frame()).is_pong
    assert raw.waiting_messages == 2
    assert (await raw.frame()).message is None
    assert str((await raw.frame()).message) == "text message of 2 bytes 'ab'"
    assert raw.waiting_messages == 1
    assert raw._backlog == 1


@pytest.mark.parametrize(
    ("ask", "what"),
    [
        (lambda raw: raw.message(deadline=0.01), "a message"),
        (lambda raw: raw.message_or_ending(deadline=0.01), "a message or an ending"),
        (lambda raw: raw.pong(deadline=0.01), "a Pong"),
        (lambda raw: raw.frame(deadline=0.01), "a frame"),
        (lambda raw: raw.read_response(deadline=0.01), "an HTTP response"),
        (lambda raw: raw.refusal(deadline=0.01), "an answer"),
    ],
    ids=["message", "message or ending", "pong", "frame", "response", "refusal"],
)
async def test_wait_in_vain_names_what_did_not_come_and_how_long_it_took(
    raw: Connection, ask: Any, what: Any
) -> None:
    with pytest.raises(NotReceived) as failure:
        await ask(raw)
    assert str(failure.value) == f"expected {what}, but none came within 0.01 s: the connection is open"


async def test_wait_without_a_deadline_of_its_own_has_that_of_the_connection(raw: Connection) -> None:
    with pytest.raises(NotReceived, match=r"within 0\.05 s"):
        await raw.message()


RESET = ConnectionResetError()


@pytest.mark.parametrize(
    ("end", "how", "tcp"),
    [
        (lambda raw: raw.data_received(encoded(close(1011, "x"))), "it sent Close 1011 'x'", ""),
        (lambda raw: raw.eof_received(), "TCP closed without a Close frame", "TCP closed by the server"),
        (lambda raw: raw.connection_lost(None), "TCP closed without a Close frame", "TCP closed"),
        (lambda raw: raw.connection_lost(RESET), "TCP reset", "TCP reset by the server"),
    ],
    ids=["Close", "FIN", "end", "RST"],
)
async def test_wait_ends_with_the_connection_and_says_how_that_ended(
    raw: Connection, end: Any, how: Any, tcp: str
) -> None:
    end(raw)
    with pytest.raises(NotReceived) as failure:
        await raw.pong()
    assert str(failure.value) == f"expected a Pong, but the server ended the connection: {how}"
    assert raw.recording.ended == tcp
    assert raw.failure is (RESET if how == "TCP reset" else None)


async def test_clients_half_stays_open_when_the_server_has_closed_its_own_but_not_in_tls(
    raw: Connection, unconnected: socket.socket, transport_for: Callable[..., RecordingTransport]
) -> None:
    assert raw.eof_received() is True
    tls = transport_for(unconnected)
    tls._extra["ssl_object"] = object()
    raw.connection_made(tls)
    assert raw.eof_received() is False


async def test_clients_half_is_closed_when_the_server_closed_the_connection_and_tcp(raw: Connection) -> None:
    raw.data_received(encoded(close(1000)))
    assert raw.eof_received() is False


async def test_message_that_came_in_time_is_taken_or_left(raw: Connection) -> None:
    raw.data_received(encoded(text("a")))
    assert await raw.message_or_ending(take=False) is None
    assert str(await raw.message_or_ending()) == "text message of 1 bytes 'a'"
    with pytest.raises(NotReceived):
        await raw.message_or_ending(deadline=0.01)
    raw.eof_received()
    assert await raw.message_or_ending() is None


async def test_ping_is_answered_with_its_payload_unless_that_is_switched_off(
    raw: Connection, transport: RecordingTransport
) -> None:
    raw.data_received(encoded(ping(b"1"), text("behind it")))
    assert (await raw.message()).content == "behind it"
    raw.answers_pings = False
    raw.data_received(encoded(ping(b"2")))
    assert transport.frames == [(10, b"1")]
    assert sent_in_recording(raw) == ["PONG"]
    assert not raw.has_data


@pytest.mark.parametrize(
    ("code", "answer"),
    [
        (1000, b"\x03\xe8"),
        (4999, b"\x13\x87"),
        (999, b""),
        (5000, b""),
        (1004, b""),
        (1005, b""),
        (1006, b""),
        (1015, b""),
        (1016, b""),
        (None, b""),
    ],
)
async def test_close_is_answered_once_with_its_own_code_where_that_is_legal(
    raw: Connection, transport: RecordingTransport, code: int | None, answer: Any
) -> None:
    raw.data_received(encoded(close(code), close(1001)))
    assert transport.frames == [(8, answer)]
    assert raw.sent_close is True
    assert raw.close_status is not None
    assert raw.close_status.code == code


async def test_close_is_not_answered_where_that_is_switched_off(
    raw: Connection, transport: RecordingTransport
) -> None:
    raw.answers_close = False
    raw.data_received(encoded(close()))
    assert transport.written == b""
    assert raw.sent_close is False


@pytest.mark.parametrize(
    "send",
    [lambda raw: raw.send(close()), lambda raw: raw.send_together(text("x"), close())],
    ids=["send", "send together"],
)
async def test_close_after_the_clients_own_is_not_answered(
    raw: Connection, transport: RecordingTransport, send: Any
) -> None:
    await send(raw)
    assert raw.sent_close is True
    raw.data_received(encoded(close(1001)))
    assert transport.frames[-1] == (8, b"\x03\xe8")


async def test_reading_stops_and_goes_on_once(raw: Connection, transport: RecordingTransport) -> None:
    raw.resume_reading()
    raw.pause_reading()
    raw.pause_reading()
    raw.resume_reading()
    raw.resume_reading()
    assert transport.asked == ["pause_reading", "resume_reading"]


async def test_reading_stops_at_a_backlog_and_goes_on_when_half_of_it_is_taken(
    raw: Connection, transport: RecordingTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pytest_websocket.raw.framed.MAX_BACKLOG", 9)
    raw.data_received(encoded(binary(bytes(5)), binary(bytes(4))))
    assert transport.asked == []
    raw.data_received(encoded(binary(b"x")))
    assert transport.asked == ["pause_reading"]
    assert len((await raw.message()).data) == 5
    await raw.message()
    assert transport.asked == ["pause_reading", "resume_reading"]
    raw.data_received(encoded(binary(bytes(5)), binary(bytes(4))))
    await raw.message()
    await raw.message()
    assert raw._backlog == 4
    assert transport.asked == ["pause_reading", "resume_reading", "pause_reading"]
    await raw.message()
    raw.data_received(encoded(binary(bytes(7)), binary(bytes(3))))
    await raw.message()
    assert raw._backlog == 3
    assert transport.asked == ["pause_reading", "resume_reading"] * 3


async def test_reading_stops_at_too_many_frames_and_goes_on_when_half_of_them_are_taken(
    raw: Connection, transport: RecordingTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pytest_websocket.raw.framed.MAX_WAITING", 2)
    raw.data_received(encoded(text(""), text("")))
    assert transport.asked == []
    raw.data_received(encoded(text("")))
    assert transport.asked == ["pause_reading"]
    await raw.message()
    assert transport.asked == ["pause_reading"]
    await raw.message()
    assert transport.asked == ["pause_reading", "resume_reading"]


async def test_initial_messages_are_not_kept(raw: Connection) -> None:
    raw.initial_messages = 2
    raw.data_received(encoded(text("a", fin=False), pong(b"!"), continuation("b"), text("c"), text("d")))
    assert raw.initial_messages == 0
    assert await raw.pong() == b"!"
    assert (await raw.message()).content == "d"
    assert not raw.has_data


async def test_head_that_never_ends_is_not_read_without_end(
    transport: RecordingTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pytest_websocket.raw.connection.MAX_HEAD", 8)
    raw = Connection(Recording(), 0.05)
    raw.connection_made(transport)
    with pytest.raises(
        NotReceived, match=r"an HTTP response, but none came within 0\.01 s: the connection is"
    ):
        await raw.read_response(deadline=0.01)
    raw.data_received(b"12345678")
    assert transport.asked == []
    assert raw.has_data
    with pytest.raises(NotReceived, match="it has sent b'12345678'"):
        await raw.read_response(deadline=0.01)
    raw.data_received(b"9")
    assert transport.asked == ["pause_reading"]
    assert str(await raw.read_response()).endswith(": b'123456789'")


async def test_what_comes_after_a_head_is_the_body_or_the_first_frames(transport: RecordingTransport) -> None:
    raw = Connection(Recording(), 0.05)
    raw.connection_made(transport)
    raw.data_received(b"HTTP/1.1 404 Not Found\r\n\r\nnothing")
    refusal = await raw.refusal()
    assert refusal is not None
    assert refusal is raw.response
    assert (refusal.status, raw.body) == (404, b"nothing")
    raw.data_received(b"HTTP/1.1 101 -\r\n\r\n" + encoded(text("early")))
    raw._head = raw._head.removeprefix(b"nothing")
    assert (await raw.handshake(Request("/", ()))).accepted
    assert raw.request == Request("/", ())
    assert transport.written == b"GET / HTTP/1.1\r\n\r\n"
    assert (await raw.message()).content == "early"
    assert raw.body == b""


async def test_refusal_without_an_answer_is_none_and_a_half_answer_is_shown(
    transport: RecordingTransport,
) -> None:
    raw = Connection(Recording(), 0.05)
    raw.connection_made(transport)
    raw.data_received(b"HTTP/1.1 4" + b"x" * 100)
    with pytest.raises(NotReceived) as failure:
        await raw.refusal(deadline=0.01)
    assert str(failure.value).endswith(f": it has sent b'HTTP/1.1 4{'x' * 70}'")
    raw.eof_received()
    assert await raw.refusal() is None


async def test_inflated_messages_are_those_of_the_given_inflater(transport: RecordingTransport) -> None:
    raw = Connection(Recording(), 0.05)
    raw.connection_made(transport)
    raw.data_received(b"HTTP/1.1 101 -\r\n\r\n" + encoded(Frame(1, Deflater().deflate(b"hello"), rsv1=True)))
    await raw.handshake(Request("/", ()), inflate=Inflater())
    assert (await raw.message()).content == "hello"
    assert raw.violations == []


async def test_message_that_cannot_be_inflated_is_named_where_a_message_is_missed(
    transport: RecordingTransport,
) -> None:
    raw = Connection(Recording(), 0.05)
    raw.connection_made(transport)
    raw.data_received(b"HTTP/1.1 101 -\r\n\r\n" + encoded(Frame(1, b"\xff\xff", rsv1=True)))
    await raw.handshake(Request("/", ()), inflate=Inflater())
    with pytest.raises(
        NotReceived, match=r"is open, and what came .* a compressed message cannot be inflated"
    ):
        await raw.message(deadline=0.01)


async def test_new_connection_has_received_nothing() -> None:
    new = Connection(Recording(), 0.05)
    assert (new.violations, new.request, new.response, new.initial_messages) == ([], None, None, 0)
