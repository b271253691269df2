"""The raw connection against a real socket: what it writes, what it keeps, how it reports endings."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Awaitable, Callable, Iterator

import pytest

from pytest_websocket.protocol.frames import (
    binary,
    close,
    continuation,
    parse_header,
    ping,
    pong,
    text,
)
from pytest_websocket.protocol.handshake import Request, accept_value
from pytest_websocket.raw.connection import Connection
from pytest_websocket.raw.dialing import open_connection
from pytest_websocket.raw.ending import NotReceived
from pytest_websocket.recording import Recording
from verification.conftest import Listen
from verification.unit.raw.frames import encoded

Against = Callable[..., Awaitable[Connection]]
Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def opcode_of(frame: bytes) -> int | None:
    header = parse_header(frame)
    return None if header is None else header.opcode


def reset(writer: asyncio.StreamWriter) -> None:
    sock: socket.socket = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


@pytest.fixture
def against(listen: Listen, deadline: float) -> Iterator[Callable[..., Awaitable[Connection]]]:
    """Opens a raw connection to a server that switches protocols and then follows a script."""
    with contextlib.ExitStack() as stack:

        async def factory(script: Script, *, handshake: bool = True, seconds: float = deadline) -> Connection:
            port = await listen(switching_protocols(script) if handshake else script)
            connection = await open_connection(Connection(Recording(), seconds), "127.0.0.1", port)
            stack.callback(connection.abort)
            if handshake:
                assert (await connection.handshake(Request.opening("/", "127.0.0.1"))).accepted
            return connection

        yield factory


def switching_protocols(script: Script) -> Script:
    async def switch(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        key = next(line[19:] for line in head.split("\r\n") if line.startswith("Sec-WebSocket-Key: "))
        lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"]
        writer.write("\r\n".join([*lines, f"Sec-WebSocket-Accept: {accept_value(key)}", "", ""]).encode())
        await script(reader, writer)

    return switch


def saying(data: bytes, *, then: str = "wait") -> Script:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await writer.drain()
        if then == "reset":
            await reader.readexactly(1)
            reset(writer)
        elif then == "wait":
            await reader.read()

    return script


async def answering_pings(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        head = await reader.readexactly(6)
        header = parse_header(head)
        assert header is not None
        payload = await reader.readexactly(header.length)
        if header.opcode == 9:
            writer.write(encoded(pong(bytes(b ^ header.mask_key[i % 4] for i, b in enumerate(payload)))))


async def test_messages_pongs_and_frames_are_each_taken_for_themselves(against: Against) -> None:
    raw = await against(saying(encoded(text("a", fin=False), pong(b"p"), continuation("b"), binary(b"c"))))
    assert await raw.pong() == b"p"
    first = await raw.message()
    assert (first.content, first.frames) == ("ab", 2)
    assert (await raw.frame()).frame == binary(b"c")
    assert raw.violations == []


async def test_frames_in_the_segment_of_the_response_are_not_lost(against: Against) -> None:
    raw = await against(saying(encoded(text("early"))))
    assert (await raw.message()).content == "early"


async def test_close_frame_is_reported_with_code_and_reason_and_answered(against: Against) -> None:
    answers = []

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(encoded(close(1002, "bad frame")))
        answers.append(await reader.readexactly(8))

    raw = await against(script)
    ending = await raw.tcp_ending()
    assert ending.ended
    assert ending.code == 1002
    assert ending.tcp == "closed"
    assert str(ending).startswith("Close 1002 'bad frame', TCP closed after ")
    header = parse_header(answers[0])
    assert header is not None
    assert (header.opcode, header.masked, header.length) == (8, True, 2)


async def test_tcp_closed_without_a_close_frame_is_reported(against: Against) -> None:
    raw = await against(saying(b"", then="close"))
    ending = await raw.ending()
    assert (ending.ended, ending.code, ending.tcp) == (True, None, "closed")
    assert str(ending).startswith("no Close frame, TCP closed")


async def test_reset_is_not_reported_as_a_close(against: Against) -> None:
    raw = await against(saying(b"", then="reset"))
    await raw.send_bytes(b"x")
    assert (await raw.ending(probe_with_ping=False)).tcp == "reset"


async def test_server_that_answers_pings_is_reported_open_before_the_deadline(against: Against) -> None:
    raw = await against(answering_pings)
    ending = await raw.ending(deadline=2.0)
    assert not ending.ended
    assert ending.answered_ping
    assert ending.took < 2.0
    assert "still answers pings" in str(ending)


async def test_silent_server_is_given_up_at_the_deadline(against: Against) -> None:
    raw = await against(saying(b""), seconds=0.3)
    ending = await raw.ending()
    assert not ending.ended
    assert "still open" in str(ending)


async def test_answer_decides_that_the_connection_goes_on(against: Against) -> None:
    raw = await against(saying(encoded(text("answer"))))
    ending = await raw.ending(answers=0)
    assert not ending.ended
    assert raw.waiting_messages == 1


async def test_failed_wait_for_a_message_says_how_the_server_ended(against: Against) -> None:
    raw = await against(saying(encoded(close(1011, "boom"))))
    with pytest.raises(
        NotReceived, match=r"expected a message, but the server ended the connection: .*Close 1011 'boom'"
    ):
        await raw.message()


async def test_failed_wait_for_a_message_says_that_none_came(against: Against) -> None:
    raw = await against(saying(b""), seconds=0.2)
    with pytest.raises(
        NotReceived, match=r"expected a Pong, but none came within 0.2 s: the connection is open"
    ):
        await raw.pong()


async def test_message_that_came_before_the_end_is_not_lost(against: Against) -> None:
    raw = await against(saying(encoded(text("last words"), close(1000)), then="close"))
    await raw.tcp_ending()
    assert (await raw.message()).content == "last words"
    assert await raw.message_or_ending() is None


async def test_ping_of_the_server_is_answered_and_not_kept(against: Against) -> None:
    got = []

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(encoded(ping(b"are you there?")))
        got.append(await reader.readexactly(20))
        writer.write(encoded(text("good")))
        await reader.read()

    raw = await against(script)
    assert (await raw.message()).content == "good"
    assert opcode_of(got[0]) == 10


async def test_every_write_is_a_write_of_its_own(against: Against) -> None:
    got: list[bytes] = []

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while len(got) < 3:
            got.append(await reader.readexactly(1))
        writer.write(encoded(text("done")))
        await reader.read()

    raw = await against(script)
    await raw.send_in_pieces(b"abc", 1)
    await raw.message()
    assert got == [b"a", b"b", b"c"]


async def test_half_closed_connection_is_still_read(against: Against) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.read() == b""
        writer.write(encoded(text("still here")))

    raw = await against(script)
    raw.half_close()
    assert (await raw.message()).content == "still here"


async def test_writing_to_a_connection_that_is_gone_is_no_error(against: Against) -> None:
    raw = await against(saying(b"", then="close"))
    await raw.tcp_ending()
    for _ in range(3):
        await raw.send(text("anybody?"))
    assert raw.tcp == "closed"


async def test_flood_is_bounded_in_memory(against: Against, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_websocket.raw.framed.MAX_BACKLOG", 1 << 20)

    async def script(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(encoded(binary(bytes(1 << 16))))
            await writer.drain()

    raw = await against(script)
    await raw.message()
    with contextlib.suppress(NotReceived):
        await raw.pong(deadline=0.3)
    assert raw._backlog < 4 << 20


@pytest.mark.parametrize("interim", [b"100 Continue\r\n\r\n", b"103 Early Hints\r\nLink: </a>\r\n\r\n"])
async def test_interim_response_is_not_taken_for_the_final_one(against: Against, interim: bytes) -> None:
    final = b"HTTP/1.1 400 Bad Request\r\n\r\n"
    connection = await against(
        saying(b"HTTP/1.1 " + interim + b"HTTP/1.1 " + interim + final), handshake=False
    )
    assert (await connection.handshake(Request.opening("/", "127.0.0.1"))).status == 400


async def test_garbage_instead_of_a_response_is_reported(against: Against) -> None:
    raw = await against(saying(b"hello\r\n\r\n"), handshake=False)
    response = await raw.handshake(Request.opening("/", "x"))
    assert not response.accepted
    assert "no HTTP response" in str(response)


async def test_refusal_without_a_response_is_none(against: Against) -> None:
    raw = await against(saying(b"", then="close"), handshake=False)
    await raw.send_bytes(b"GET / HTTP/1.1\r\n\r\n")
    assert await raw.refusal() is None


async def test_request_that_is_never_answered_is_reported(against: Against) -> None:
    raw = await against(saying(b""), handshake=False, seconds=0.2)
    with pytest.raises(NotReceived, match=r"expected an answer, but none came within 0\.2 s"):
        await raw.refusal()


async def test_paused_connection_resumes_where_it_stopped(against: Against) -> None:
    raw = await against(answering_pings)
    raw.pause_reading()
    await raw.send(ping(b"unheard"))
    with pytest.raises(NotReceived):
        await raw.pong(deadline=0.05)
    raw.resume_reading()
    assert await raw.pong() == b"unheard"
