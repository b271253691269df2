"""The scripted server: what it does with its clients, and what it says when they do not do as expected."""

import asyncio
import re
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest
import websockets

from pytest_websocket.client import ConnectionEnded, ExpectationFailed
from pytest_websocket.protocol.frames import Frame, binary, close, parse_header, ping, text
from pytest_websocket.protocol.handshake import accept_value
from pytest_websocket.recording import Recording
from pytest_websocket.server.scripted import ScriptedServer
from pytest_websocket.server.scripted_conversation import Conversation

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
REQUEST = (
    f"GET /chat?room=1 HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    f"Sec-WebSocket-Key: {KEY}\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
SHORT = 0.1

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Start = Callable[..., Awaitable[ScriptedServer]]
Dial = Callable[[ScriptedServer], Awaitable[Streams]]
Opened = tuple[ScriptedServer, Conversation, asyncio.StreamReader, asyncio.StreamWriter]


@pytest.fixture
async def start(deadline: float) -> AsyncIterator[Start]:
    async with AsyncExitStack() as stack:

        async def factory(**settings: object) -> ScriptedServer:
            server = ScriptedServer(Recording, **{"deadline": deadline, **settings})  # type: ignore[arg-type]
            await server.start()
            stack.push_async_callback(server.stop)
            return server

        yield factory


@pytest.fixture
async def dial_tcp() -> AsyncIterator[Dial]:
    writers: list[asyncio.StreamWriter] = []

    async def dial(server: ScriptedServer) -> Streams:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(server.url.rpartition(":")[2]))
        writers.append(writer)
        return reader, writer

    yield dial
    for writer in writers:
        writer.close()
        try:
            await writer.wait_closed()
        except ConnectionError:
            continue


@pytest.fixture
async def opened(start: Start, dial_tcp: Dial) -> Opened:
    """Returns a conversation after its handshake, and the streams of its raw client."""
    server = await start()
    reader, writer = await dial_tcp(server)
    writer.write(REQUEST.encode())
    conversation = await server.accept()
    await reader.readuntil(b"\r\n\r\n")
    return server, conversation, reader, writer


async def read_frame(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = await reader.readexactly(2)
    header = parse_header(head)
    assert header is not None
    assert not header.masked
    return header.opcode, await reader.readexactly(header.length)


async def test_request_is_read_and_answered_by_rfc_6455(start: Start, dial_tcp: Dial) -> None:
    server = await start()
    reader, writer = await dial_tcp(server)
    for piece in (REQUEST[:30], REQUEST[30:]):
        writer.write(piece.encode())
        await writer.drain()
    conversation = await server.accept("/chat", headers=[("X-Server", "yes")])
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    assert head.startswith("HTTP/1.1 101 Switching Protocols\r\n")
    assert f"Sec-WebSocket-Accept: {accept_value(KEY)}\r\n" in head
    assert "X-Server: yes\r\n" in head
    assert conversation.request.path == "/chat"
    assert conversation.request.query == {"room": "1"}
    assert conversation.request.value("host") == "localhost"


@pytest.mark.parametrize(
    ("line", "instead", "words"),
    [
        ("GET /", "POST /", "the method is 'POST'"),
        ("HTTP/1.1", "HTTP/1.0", "the version is HTTP/1.0"),
        ("/chat", "chat", "neither a path nor an absolute URI"),
        ("/chat?", "/chat#x?", "has a fragment"),
        ("Host: localhost\r\n", "", "Host is missing"),
        ("Host: localhost\r\n", "Host: a\r\nHost: b\r\n", "Host stands 2 times"),
        ("Upgrade: websocket", "Upgrade: h2c", "Upgrade is 'h2c'"),
        ("Connection: Upgrade", "Connection: close", "Connection is 'close'"),
        (KEY, "c2hvcnQ=", "Sec-WebSocket-Key is 'c2hvcnQ='"),
        (KEY, "?", "Sec-WebSocket-Key is '?'"),
        ("Version: 13", "Version: 8", "Sec-WebSocket-Version is '8'"),
        ("\r\n\r\n", "\r\nSec-WebSocket-Protocol: a, a\r\n\r\n", "offered twice"),
        ("\r\n\r\n", "\r\nSec-WebSocket-Protocol: a b\r\n\r\n", "is not a token"),
        ("\r\n\r\n", "\r\nSec-WebSocket-Protocol: \r\n\r\n", "Sec-WebSocket-Protocol is empty"),
        ("\r\n\r\n", "\r\nSec-WebSocket-Extensions: a;;\r\n\r\n", "is malformed"),
        ("\r\n\r\n", "\r\n folded\r\n\r\n", "malformed header line"),
        ("GET", "\x16\x03", "the request line is not that of HTTP"),
    ],
)
async def test_request_that_breaks_the_rfc_is_told(
    start: Start, dial_tcp: Dial, line: str, instead: str, words: str
) -> None:
    server = await start()
    reader, writer = await dial_tcp(server)
    writer.write(REQUEST.replace(line, instead, 1).encode())
    with pytest.raises(ExpectationFailed, match=re.escape(words)):
        await server.accept()
    assert (await reader.read()).startswith(b"HTTP/1.1 400 ")


async def test_subprotocol_that_is_not_offered_is_told(start: Start, dial_tcp: Dial) -> None:
    server = await start()
    _, writer = await dial_tcp(server)
    writer.write(REQUEST.encode())
    with pytest.raises(ExpectationFailed, match="it offers none"):
        await server.accept(subprotocol="chat")


async def test_clients_are_told_apart_by_path(start: Start, dial_tcp: Dial) -> None:
    server = await start()
    for path in ("/first", "/second"):
        _, writer = await dial_tcp(server)
        writer.write(REQUEST.replace("/chat", path).encode())
    second = await server.accept("/second")
    first = await server.accept()
    assert [second.request.path, first.request.path] == ["/second", "/first"]


async def test_wait_for_a_client_names_those_that_came(start: Start, dial_tcp: Dial) -> None:
    server = await start(deadline=SHORT)
    with pytest.raises(ExpectationFailed, match=r"no client connected within 0\.1 s"):
        await server.accept()
    _, writer = await dial_tcp(server)
    writer.write(REQUEST.encode())
    with pytest.raises(ExpectationFailed, match=r"a connection to /other\n.*GET /chat"):
        await server.accept("/other")


async def test_rejection_is_an_http_answer_and_the_end_of_tcp(start: Start, dial_tcp: Dial) -> None:
    server = await start()
    reader, writer = await dial_tcp(server)
    writer.write(REQUEST.encode())
    await server.reject(302, headers=[("Location", "ws://elsewhere")], body="gone")
    head, _, body = (await reader.read()).decode().partition("\r\n\r\n")
    assert head.splitlines()[0] == "HTTP/1.1 302 Found"
    assert "Location: ws://elsewhere" in head
    assert body == "gone"
    await server.check()


async def test_raw_answer_goes_as_it_is(start: Start, dial_tcp: Dial) -> None:
    server = await start()
    reader, writer = await dial_tcp(server)
    writer.write(REQUEST.encode())
    await (await server.connected()).answer(b"nonsense")
    assert await reader.readexactly(8) == b"nonsense"


async def test_messages_are_read_in_order_and_compared(opened: Opened) -> None:
    _, conversation, _, writer = opened
    writer.write(text("one").encode() + binary(b"two").encode() + text('{"n": 3}').encode())
    assert await conversation.expect("one") == "one"
    assert await conversation.receive() == b"two"
    assert await conversation.receive_json() == {"n": 3}


async def test_frames_behind_the_request_in_its_segment_are_read(start: Start, dial_tcp: Dial) -> None:
    server = await start()
    _, writer = await dial_tcp(server)
    writer.write(REQUEST.encode() + text("early").encode())
    assert await (await server.accept()).receive() == "early"


async def test_wrong_message_shows_both_and_the_conversation(opened: Opened) -> None:
    _, conversation, _, writer = opened
    writer.write(text("logon").encode())
    with pytest.raises(ExpectationFailed) as caught:
        await conversation.expect("login")
    assert "expected:        text, 5 characters: “login”" in str(caught.value)
    assert "the client sent: text, 5 characters: “logon”" in str(caught.value)
    assert re.search("sent +TEXT +5 bytes  “logon”", str(caught.value))
    assert (caught.value.expected, caught.value.actual) == (
        "text, 5 characters: “login”",
        "text, 5 characters: “logon”",
    )


async def test_message_that_is_not_json_is_told(opened: Opened) -> None:
    _, conversation, _, writer = opened
    writer.write(text("{").encode())
    with pytest.raises(ExpectationFailed, match="is not JSON"):
        await conversation.receive_json()


async def test_silence_and_the_end_are_told_apart(opened: Opened) -> None:
    _, conversation, _, writer = opened
    with pytest.raises(ExpectationFailed, match=r"no message came from the client within 0\.1 s"):
        await conversation.receive(deadline=SHORT)
    writer.write(close(1001, "bye").encode())
    with pytest.raises(ConnectionEnded, match=r"a Close frame with 1001 \(going away\) “bye”"):
        await conversation.receive()


async def test_ping_of_the_server_and_of_the_client(opened: Opened) -> None:
    _, conversation, reader, writer = opened
    waiting = asyncio.create_task(conversation.ping(b"a"))
    assert await read_frame(reader) == (9, b"a")
    writer.write(Frame(10, b"a").encode() + ping(b"b").encode())
    assert await waiting >= 0
    assert await read_frame(reader) == (10, b"b")


async def test_pong_waits_for_the_end_of_a_frame_that_is_being_sent(opened: Opened) -> None:
    _, conversation, reader, writer = opened
    frame = text("in two pieces").encode(masked=False)
    await conversation.send_bytes(frame[:5])
    writer.write(ping(b"now").encode() + text("after the ping").encode())
    await conversation.expect("after the ping")
    await conversation.send_bytes(frame[5:])
    assert await read_frame(reader) == (1, b"in two pieces")
    assert await read_frame(reader) == (10, b"now")


@pytest.mark.parametrize("size", [1, 7])
async def test_bytes_can_be_sent_in_pieces(opened: Opened, size: int) -> None:
    _, conversation, reader, _ = opened
    await conversation.send_in_pieces(text("pieces").encode(masked=False), size)
    assert await read_frame(reader) == (1, b"pieces")


async def test_close_of_the_client_is_answered_and_ends_tcp(opened: Opened) -> None:
    _, conversation, reader, writer = opened
    writer.write(text("last").encode() + close(3000, "done").encode())
    assert await conversation.expect_closed(3000, "done") == (3000, "done")
    assert await read_frame(reader) == (8, struct.pack("!H", 3000))
    assert await reader.read() == b""
    assert await conversation.receive() == "last"


async def test_close_of_the_server_waits_for_the_answer(opened: Opened) -> None:
    _, conversation, reader, writer = opened
    closing = asyncio.create_task(conversation.close(1012, "restart"))
    assert await read_frame(reader) == (8, struct.pack("!H", 1012) + b"restart")
    assert not closing.done()
    writer.write(close(1012).encode())
    await closing
    assert await reader.read() == b""
    await conversation.close()
    assert await conversation.expect_closed(1012) == (1012, "")


async def test_request_for_what_is_no_uri_is_shown_as_it_came(start: Start, dial_tcp: Dial) -> None:
    server = await start()
    _, writer = await dial_tcp(server)
    writer.write(REQUEST.replace("/chat?room=1", "//[chat?room=1").encode())
    with pytest.raises(ExpectationFailed, match=r"GET //\[chat\?room=1 HTTP/1\.1"):
        await server.accept("/chat", deadline=SHORT)
    assert (await server.connected()).request.path == "//[chat?room=1"


async def test_close_that_is_not_answered_costs_the_deadline(opened: Opened) -> None:
    _, conversation, reader, _ = opened
    await conversation.close(deadline=SHORT)
    assert await read_frame(reader) == (8, struct.pack("!H", 1000))
    assert await reader.read() == b""


async def test_other_endings_than_expected_are_told(opened: Opened) -> None:
    _, conversation, _, writer = opened
    with pytest.raises(ExpectationFailed, match=r"the client has not closed within 0\.1 s"):
        await conversation.expect_closed(deadline=SHORT)
    writer.write_eof()
    with pytest.raises(ExpectationFailed, match=r"no Close frame \(1006\); TCP closed by the client"):
        await conversation.expect_closed(1000)
    assert await conversation.expect_closed(1006) == (1006, "")


async def test_reset_of_the_client_is_told_from_its_fin(opened: Opened) -> None:
    _, conversation, _, writer = opened
    unconnected: socket.socket = writer.get_extra_info("socket")
    unconnected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
    await conversation.expect_closed(1006)
    assert conversation.tcp == "reset"
    with pytest.raises(ConnectionEnded, match="a message could not be sent"):
        await conversation.send("too late")


@pytest.mark.parametrize(("how", "error"), [("abort", None), ("reset", ConnectionResetError)])
async def test_server_drops_tcp(opened: Opened, how: str, error: type[Exception] | None) -> None:
    _, conversation, reader, _ = opened
    getattr(conversation, how)()
    if error is None:
        assert await reader.read() == b""
    else:
        with pytest.raises(error):
            await reader.read()


async def test_half_close_lets_the_client_go_on(opened: Opened) -> None:
    _, conversation, reader, writer = opened
    conversation.half_close()
    assert await reader.read() == b""
    writer.write(text("still here").encode())
    assert await conversation.receive() == "still here"


async def test_client_that_does_not_read_costs_the_deadline(start: Start, dial_tcp: Dial) -> None:
    server = await start(deadline=SHORT)
    reader, writer = await dial_tcp(server)
    writer.write(REQUEST.encode())
    conversation = await server.accept()
    assert isinstance(writer.transport, asyncio.Transport)
    writer.transport.pause_reading()
    with pytest.raises(ExpectationFailed, match="the client stopped reading"):
        await conversation.send(b"x" * (32 << 20))
    assert reader is not None


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (text("x").encode(masked=False), "is not masked"),
        (Frame(1, b"x", rsv2=True).encode(), "RSV2"),
        (Frame(3).encode(), "reserved"),
        (Frame(9, fin=False).encode(), "is fragmented"),
        (Frame(0).encode(), "without a message to continue"),
        (text(b"\xff").encode(), "not valid UTF-8"),
        (text("x").encode(length_bits=64), "fewest bytes"),
    ],
    # A random masking key makes each collection its own ids.
    ids=["not masked", "bit", "opcode", "fragmented", "continuation", "text", "length"],
)
async def test_frame_that_breaks_the_rfc_fails_the_test(opened: Opened, frame: bytes, words: str) -> None:
    server, conversation, _, writer = opened
    writer.write(frame + ping(b"behind").encode() + close().encode())
    await conversation.expect_closed()
    with pytest.raises(ExpectationFailed, match=words):
        await server.check()


async def test_masked_frames_break_nothing(opened: Opened) -> None:
    server, conversation, _, writer = opened
    writer.write(text("x").encode() + close().encode())
    assert await conversation.receive() == "x"
    await conversation.expect_closed(1000)
    await server.check()


async def test_unread_message_and_unexpected_connection_fail_unless_allowed(
    opened: Opened, dial_tcp: Dial
) -> None:
    server, conversation, _, writer = opened
    writer.write(text("this is not read").encode())
    with pytest.raises(ExpectationFailed, match=r"did not read 1 message\n.*this is not read"):
        await server.check()
    server.allow_unread = True
    await server.check()
    _, other = await dial_tcp(server)
    other.write(REQUEST.encode())
    with pytest.raises(ExpectationFailed, match=r"did not expect 1 connection\n.*GET /chat"):
        await server.check()
    server.allow_unexpected = True
    await server.check()
    assert conversation.unread


async def test_server_that_stops_says_so_to_its_clients(start: Start) -> None:
    server = await start()
    connecting = asyncio.create_task(websockets.connect(server.url).__aenter__())
    await server.accept()
    client = await connecting
    await server.stop()
    await client.wait_closed()
    assert client.close_code == 1001


async def test_clients_that_do_not_read_are_left_after_a_tenth_of_the_deadline(dial_tcp: Dial) -> None:
    server = ScriptedServer(Recording, deadline=5.0)
    await server.start()
    loop = asyncio.get_running_loop()
    for _ in range(3):
        _, writer = await dial_tcp(server)
        writer.write(REQUEST.encode())
        conversation = await server.accept()
        assert isinstance(writer.transport, asyncio.Transport)
        writer.transport.pause_reading()
        # More than the kernel's buffers and the transport's own take.
        conversation._write(binary(bytes(16 << 20)).encode(masked=False))
    began = loop.time()
    await server.stop()
    assert loop.time() - began < 4
