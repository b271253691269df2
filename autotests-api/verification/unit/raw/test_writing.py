"""What a raw connection writes, and how it closes, on a transport that records writes."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable
from typing import Any

import pytest

from pytest_websocket.protocol.frames import PONG, TEXT, close, ping, text
from pytest_websocket.raw.connection import Connection
from pytest_websocket.raw.ending import NotReceived
from pytest_websocket.recording import Recording
from verification.conftest import RecordingTransport
from verification.unit.raw.frames import encoded, sent_in_recording

LINGER_NOT = struct.pack("ii", 1, 0)


async def test_small_writes_are_not_held_back_by_the_kernel(
    raw: Connection, unconnected: socket.socket
) -> None:
    assert unconnected.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


async def test_other_frames_are_no_close(raw: Connection, transport: RecordingTransport) -> None:
    await raw.send(ping(), text("x"))
    await raw.send_together(ping(), text("x"))
    assert not raw.sent_close
    assert transport.frames == [(9, b""), (1, b"x")] * 2
    raw.sent_close = True
    await raw.send_together(ping())
    await raw.send(ping())
    assert raw.sent_close


async def test_frame_is_sent_as_it_is_asked_for(raw: Connection, transport: RecordingTransport) -> None:
    await raw.send(text("x"), masked=False, length=7, length_bits=16)
    assert transport.written == b"\x81\x7e\x00\x07x"
    transport.written = b""
    await raw.send(text("x"), mask_key=b"\x01\x02\x03\x04")
    assert transport.written == b"\x81\x81\x01\x02\x03\x04y"


async def test_pieces_are_of_the_size_that_was_asked_for(
    raw: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    pieces = []

    async def send_bytes(data: bytes) -> None:
        pieces.append(data)

    monkeypatch.setattr(raw, "_send_bytes", send_bytes)
    await raw.send_in_pieces(b"abcde", 2)
    await raw.send_split(b"abcde", 1, 4)
    assert pieces == [b"ab", b"cd", b"e", b"a", b"bcd", b"e"]


@pytest.mark.parametrize("paced", [1, 2, 200])
async def test_first_pieces_wait_for_the_servers_turn(
    raw: Connection, monkeypatch: pytest.MonkeyPatch, paced: Any
) -> None:
    events = []

    async def turn() -> None:
        events.append("turn")

    async def send_bytes(data: bytes) -> None:
        events.append(data.decode())

    monkeypatch.setattr("pytest_websocket.raw.stream.MAX_TURNS", paced)
    monkeypatch.setattr(raw, "await_server_turn", turn)
    monkeypatch.setattr(raw, "_send_bytes", send_bytes)
    await raw.send_split(b"abc", 1, 2)
    assert (
        events
        == {
            1: ["a", "b", "c"],
            2: ["a", "turn", "b", "c"],
            200: ["a", "turn", "b", "turn", "c"],
        }[paced]
    )


async def test_server_that_stopped_reading_costs_the_deadline(raw: Connection) -> None:
    raw.pause_writing()
    with pytest.raises(
        NotReceived, match=r"^the server stopped reading: 3 bytes could not be sent within 0\.05 s$"
    ):
        await raw.send_bytes(b"abc")
    raw.resume_writing()
    await raw.send_bytes(b"abc")


async def test_writer_is_not_held_back_by_a_connection_that_is_lost(raw: Connection) -> None:
    raw.pause_writing()
    raw.connection_lost(None)
    await raw.send_bytes(b"abc")


async def test_nothing_is_written_to_a_transport_that_is_closing(
    raw: Connection, transport: RecordingTransport
) -> None:
    transport.closing = True
    await raw.send(text("x"))
    raw.data_received(encoded(ping()))
    raw.half_close()
    assert (transport.written, transport.asked) == (b"", [])
    assert sent_in_recording(raw) == []


@pytest.mark.parametrize("cut", [1, 2, 5, 7])
async def test_pong_waits_for_the_end_of_a_frame_that_is_partly_sent(
    raw: Connection, transport: RecordingTransport, cut: int
) -> None:
    whole = text("a").encode(mask_key=bytes(4))
    await raw.send_bytes(whole[:cut])
    raw.data_received(encoded(ping(b"1"), ping(b"2")))
    if cut < len(whole):
        assert transport.written == whole[:cut]
    await raw.send_bytes(whole[cut:])
    await raw.send_bytes(whole[:1])
    raw.data_received(encoded(ping(b"3")))
    await raw.send_bytes(whole[1:])
    assert [opcode for opcode, _ in transport.frames] == [TEXT, PONG, PONG, TEXT, PONG]


async def test_pongs_that_wait_for_the_end_of_a_frame_are_bounded(
    raw: Connection, transport: RecordingTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pytest_websocket.raw.framed.MAX_UNSENT", 20)
    whole = text("a").encode(mask_key=bytes(4))
    await raw.send_bytes(whole[:1])
    raw.data_received(encoded(*[ping(b"four")] * 9))
    await raw.send_bytes(whole[1:])
    assert [opcode for opcode, _ in transport.frames] == [TEXT, PONG, PONG]


async def test_nothing_is_written_after_a_half_close(raw: Connection, transport: RecordingTransport) -> None:
    raw.half_close()
    await raw.send(text("late"))
    raw.data_received(encoded(ping(), close(1000)))
    assert transport.written == b""
    assert raw.close_status is not None


async def test_writer_does_not_wait_where_nothing_can_be_written(raw: Connection) -> None:
    raw.pause_writing()
    raw.half_close()
    await raw.send_bytes(b"late")


async def test_half_close_of_what_the_server_has_reset_is_no_error(
    raw: Connection, transport: RecordingTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise OSError(107, "Transport endpoint is not connected")

    as_ever = type(transport).__getattribute__
    monkeypatch.setattr(
        type(transport),
        "__getattribute__",
        lambda self, name: refuse if name == "write_eof" else as_ever(self, name),
    )
    raw.half_close()


async def test_nothing_can_be_done_on_a_connection_that_was_never_made() -> None:
    raw = Connection(Recording(), 0.05)
    await raw.send(text("x"))
    raw.half_close()
    raw.reset()
    raw.shutdown()
    raw.abort()
    raw.pause_reading()
    raw.resume_reading()
    raw._write(ping().encode())
    assert sent_in_recording(raw) == []


@pytest.mark.parametrize(("half_closes", "asked"), [(True, "write_eof"), (False, "close")])
async def test_half_close_is_a_fin_where_the_transport_can_send_one(
    unconnected: socket.socket,
    transport_for: Callable[..., RecordingTransport],
    half_closes: bool,
    asked: str,
) -> None:
    raw, transport = Connection(Recording(), 0.05), transport_for(unconnected, half_closes=half_closes)
    raw.connection_made(transport)
    raw.half_close()
    assert transport.asked == [asked]
    assert [note.text for note in raw.recording.notes] == ["the client closed its half of TCP"]


async def test_reset_sends_what_is_a_rst(
    raw: Connection, transport: RecordingTransport, unconnected: socket.socket
) -> None:
    raw.reset()
    assert transport.asked == ["abort"]
    assert unconnected.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8) == LINGER_NOT
    assert raw.recording.ended == "TCP reset by the client"


async def test_reset_of_a_socket_that_is_gone_is_no_error(
    raw: Connection, transport: RecordingTransport, unconnected: socket.socket
) -> None:
    unconnected.close()
    raw.reset()
    raw.shutdown()
    assert transport.asked == ["abort"]


async def test_shutdown_ends_both_directions(
    deadline: float, transport_for: Callable[..., RecordingTransport]
) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        raw = Connection(Recording(), deadline)
        raw.connection_made(transport_for(ours))
        raw.shutdown()
        assert theirs.recv(1) == b""
        with pytest.raises(BrokenPipeError):
            ours.send(b"x")
        raw.shutdown()
