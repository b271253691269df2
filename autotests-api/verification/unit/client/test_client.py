"""The client loses nothing, waits no longer than it may, and explains what went wrong."""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, ExitStack, suppress
from functools import partial
from http import HTTPStatus
from time import perf_counter
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.utils import accept_key

from pytest_websocket.client import (
    Client,
    Closing,
    ConnectFailed,
    ConnectionEnded,
    ExpectationFailed,
    connect,
    expect_rejected,
    json_with,
)
from pytest_websocket.client.opening import _proxy
from pytest_websocket.plugin.clients import Connect
from pytest_websocket.recording import Recording
from pytest_websocket.server.background import run_in_background

BRIEF = 0.15
"""Seconds to wait for what will not come."""

Handler = Callable[[ServerConnection], Awaitable[None]]


@pytest.fixture
async def peer(deadline: float) -> AsyncIterator[Callable[..., Awaitable[Client]]]:
    """Opens a client of a server that does what the given handler does, in a thread of its own."""
    with ExitStack() as servers:
        async with AsyncExitStack() as clients:

            async def open_client(handler: Handler, *, server: Any = (), **settings: Any) -> Client:
                start = partial(serve, quietly(handler), "127.0.0.1", 0, close_timeout=BRIEF, **dict(server))
                url = servers.enter_context(run_in_background(start)).url
                opening = connect(url, **{"deadline": deadline, **settings})
                return await clients.enter_async_context(opening)

            yield open_client


def quietly(handler: Handler) -> Handler:
    """A handler for which the end of its connection is no error."""

    async def handle(connection: ServerConnection) -> None:
        with suppress(ConnectionClosed):
            await handler(connection)

    return handle


@pytest.fixture
async def speaks_tcp(deadline: float) -> AsyncIterator[Callable[..., Awaitable[str]]]:
    """Starts a server of raw TCP and returns the URL that a WebSocket client would use for it."""
    talks: set[asyncio.Task[None]] = set()
    async with AsyncExitStack() as stack:

        async def start(answer: bytes = b"", *, accepts: bool = False, hangs: bool = False) -> str:
            async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                talks.add(asyncio.current_task())
                request = await reader.read(2**16)
                writer.write(acceptance_of(request) if accepts else answer)
                if hangs or accepts:
                    with suppress(ConnectionError):
                        await reader.read()
                writer.close()

            server = await asyncio.start_server(talk, "127.0.0.1", 0)
            stack.callback(server.close)
            return f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/"

        yield start
    if talks:
        await asyncio.wait(talks, timeout=deadline)


def acceptance_of(request: bytes) -> bytes:
    key = re.search(rb"Sec-WebSocket-Key: (\S+)", request)[1].decode()
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accept_key(key).encode() + b"\r\n\r\n"
    )


def says(*messages: str | bytes, then: str = "wait") -> Handler:
    """A server that sends these messages and then waits for the client to leave, or ends in another way."""

    async def handler(connection: ServerConnection) -> None:
        for message in messages:
            await connection.send(message)
        if then == "close":
            await connection.close(4001, "said all")
        elif then == "reset":
            connection.transport.abort()
        else:
            await connection.wait_closed()

    return handler


async def echo(connection: ServerConnection) -> None:
    async for message in connection:
        await connection.send(message)


async def flood(connection: ServerConnection) -> None:
    while True:
        await connection.send(bytes(1000))


async def never_read(connection: ServerConnection) -> None:
    connection.transport.pause_reading()
    await connection.wait_closed()


def lines_of(failure: pytest.ExceptionInfo[ExpectationFailed]) -> list[str]:
    return [line.strip() for line in str(failure.value).splitlines()]


# Nothing is lost.


async def test_messages_that_came_before_the_wait_are_read_in_order(peer) -> None:
    client = await peer(says("1", b"2", "3", then="close"))
    await client.expect_closed(4001)
    assert [await client.receive() for _ in range(3)] == ["1", b"2", "3"]


async def test_more_messages_than_the_library_buffers_survive_the_end(peer) -> None:
    client = await peer(says(*map(str, range(500)), then="close"))
    assert await client.expect_closed() == Closing(4001, "said all")
    assert await client.collect(500) == [str(number) for number in range(500)]


async def test_wait_that_failed_loses_no_message(peer) -> None:
    client = await peer(echo)
    for number in range(50):
        waiting = asyncio.ensure_future(client.receive())
        await client.send(str(number))
        waiting.cancel()
        await asyncio.wait([waiting])
        if waiting.cancelled():
            assert await client.receive() == str(number)
        else:
            assert waiting.result() == str(number)


async def test_close_leaves_the_unread_messages_to_be_read(peer) -> None:
    client = await peer(says(*map(str, range(40))))
    await client.expect("0")
    await client.close()
    assert (await client.collect())[:16] == [str(number) for number in range(1, 17)]


# Sending and receiving.


async def test_ask_returns_the_next_message(peer) -> None:
    client = await peer(echo)
    assert await client.ask("Привет") == "Привет"
    assert await client.ask(b"\x00\xff") == b"\x00\xff"


async def test_iterable_goes_as_fragments_of_one_message(peer) -> None:
    client = await peer(echo)
    await client.send(["one ", "two"])
    await client.expect("one two")
    assert [frame.fin for frame in client.recording.frames if frame.sent] == [False, False, True]


async def test_json_travels_as_readable_text(peer) -> None:
    client = await peer(echo)
    await client.send_json({"имя": "Ёж", "n": [1, 2.5, None]})
    assert await client.receive_json() == {"имя": "Ёж", "n": [1, 2.5, None]}
    assert "Ёж" in client.recording.frames[0].data.decode()


@pytest.mark.parametrize("message", ["not json", "[" * 100_000], ids=["words", "too deep"])
async def test_message_that_is_not_json_is_shown(peer, message) -> None:
    client = await peer(says(message))
    with pytest.raises(ExpectationFailed, match="the next message is not JSON") as failure:
        await client.receive_json()
    assert message[:20] in str(failure.value)


async def test_ping_returns_the_round_trip_in_seconds(peer, deadline) -> None:
    client = await peer(echo)
    assert 0 < await client.ping() < deadline


async def test_two_tasks_that_wait_at_once_are_told(peer) -> None:
    client = await peer(says("for one"))
    first = asyncio.ensure_future(client.wait_for("for nobody"))
    await asyncio.sleep(0)
    with pytest.raises(RuntimeError, match="two tasks wait for a message"):
        await client.receive()
    first.cancel()
    await asyncio.wait([first])


# Expectations.


@pytest.mark.parametrize(
    "message, expected",
    [
        ("text", "text"),
        (b"bytes", b"bytes"),
        ("order 17 filled", re.compile(r"order \d+")),
        (b"\x00\x01", re.compile(rb"\x01$")),
        ("long enough", lambda message: len(message) > 5),
        ('{"a": 1, "b": [2]}', {"a": 1, "b": [2]}),
        ("[1, 2]", [1, 2]),
        ("null", None),
        ('{"type": "ack", "data": {"id": 7, "time": 1}}', json_with(type="ack", data={"id": 7})),
    ],
)
async def test_message_that_fits_the_expectation_is_returned(peer, message, expected) -> None:
    client = await peer(says(message, message))
    assert await client.expect(expected) == message
    assert await client.wait_for(expected) == message


@pytest.mark.parametrize(
    "message, expected, because",
    [
        ("текст", "тест", "at character 3: expected “с” (U+0441), got “к” (U+043A)"),
        ("Mир", "Мир", "at character 1: expected “М” (U+041C), got “M” (U+004D)"),
        ("short", "shorter", "at character 6: expected “e” (U+0065), got the end of the message"),
        (b"\x00\x02", b"\x00\x01", "at byte 2: expected 0x01, got 0x02"),
        (b"text", "text", "expected a text message, got a binary message"),
        (b"text", re.compile("text"), "expected a text message, got a binary message"),
        ("text", re.compile("^ext"), "the pattern is not found in it"),
        ("text", str.isdigit, "the condition is false for it"),
        ("text", lambda message: message["id"] == 1, "the condition raised TypeError("),
        ("text", {"a": 1}, "it is not JSON: "),
        ('{"a": {"b": [1, 2]}}', {"a": {"b": [1, 3]}}, "$.a.b[1]: expected “3”, got “2”"),
        ('{"a": 1, "b": 2}', {"a": 1}, "$.b was not expected"),
        ('{"a": 1}', {"a": 1, "b": 2}, "$.b is missing"),
        ('{"a": 1}', {"a": True}, "$.a: expected “true”, got “1”"),
        ("[1]", [1, 2], "$ has 1 item, expected 2"),
        ('{"type": "nak"}', json_with(type="ack"), '$.type: expected “"ack"”, got “"nak"”'),
    ],
)
async def test_failure_says_where_the_message_differs(peer, message, expected, because) -> None:
    client = await peer(says(message))
    with pytest.raises(ExpectationFailed) as failure:
        await client.expect(expected)
    assert any(line.startswith(f"because:  {because}") for line in lines_of(failure)), failure.value


async def test_failure_shows_both_sides_and_the_conversation(peer) -> None:
    client = await peer(echo)
    await client.send("Привет")
    with pytest.raises(ExpectationFailed) as failure:
        await client.expect("Привет!")
    lines = lines_of(failure)
    assert lines[:5] == [
        "the next message is not the expected one",
        "expected: text, 7 characters: “Привет!”",
        "received: text, 6 characters: “Привет”",
        "because:  at character 7: expected “!” (U+0021), got the end of the message",
        "",
    ]
    assert lines[5] == f"The conversation of “client” with {client.url}, 1 frame sent, 1 received:"
    assert re.fullmatch(r"\d+\.\d{4} s  sent      TEXT          12 bytes.*  “Привет”", lines[6])
    assert re.fullmatch(r"\d+\.\d{4} s  received  TEXT          12 bytes.*  “Привет”", lines[7])
    assert failure.value.expected == "text, 7 characters: “Привет!”"
    assert failure.value.actual == "text, 6 characters: “Привет”"


async def test_difference_far_inside_a_long_message_is_in_sight(peer) -> None:
    client = await peer(says("x" * 5000 + "A" + "y" * 5000))
    with pytest.raises(ExpectationFailed) as failure:
        await client.expect("x" * 5000 + "B" + "y" * 5000)
    received = next(line for line in lines_of(failure) if line.startswith("received:"))
    assert "xAy" in received
    assert len(received) < 250


async def test_wait_for_skips_and_keeps_what_it_skipped(peer) -> None:
    client = await peer(says("tick", "tock", "alarm", "after"))
    assert await client.wait_for("alarm") == "alarm"
    assert list(client.skipped) == ["tick", "tock"]
    assert await client.receive() == "after"


async def test_answers_in_another_order_than_expected_are_found(peer) -> None:
    client = await peer(says('{"id": 2}', '{"id": 1}'))
    assert await client.wait_for(json_with(id=1)) == '{"id": 1}'
    assert await client.wait_for(json_with(id=2)) == '{"id": 2}'
    assert not client.skipped


async def test_failed_wait_shows_the_nearest_miss(peer) -> None:
    client = await peer(says("heartbeat", "order 17 filled", "heartbeat"))
    with pytest.raises(ExpectationFailed, match="no message that matches came within") as failure:
        await client.wait_for("order 18 filled", deadline=BRIEF)
    assert lines_of(failure)[1:4] == [
        "expected: text, 15 characters: “order 18 filled”",
        "nearest:  text, 15 characters: “order 17 filled”",
        "because:  at character 8: expected “8” (U+0038), got “7” (U+0037)",
    ]
    assert list(client.skipped) == ["heartbeat", "order 17 filled", "heartbeat"]


async def test_condition_that_nothing_met_is_named_with_its_place(peer) -> None:
    client = await peer(says("text"))
    with pytest.raises(ExpectationFailed) as failure:
        await client.wait_for(lambda message: message == "other", deadline=BRIEF)
    assert f"of {__file__}" in lines_of(failure)[1]


async def test_collect_returns_so_many_messages(peer) -> None:
    client = await peer(says("1", "2", "3"))
    assert await client.collect(2) == ["1", "2"]
    assert await client.collect(1) == ["3"]


async def test_collect_returns_all_until_quiet(peer) -> None:
    client = await peer(says("1", "2", "3"))
    assert await client.collect(quiet=BRIEF) == ["1", "2", "3"]


async def test_end_of_the_connection_is_quiet_enough_to_collect(peer, deadline) -> None:
    client = await peer(says("1", "2", then="close"))
    assert await client.collect(quiet=deadline) == ["1", "2"]


async def test_missing_messages_of_a_collection_are_counted(peer) -> None:
    client = await peer(says("1"))
    with pytest.raises(ExpectationFailed, match="only 1 of 2 messages came within"):
        await client.collect(2, deadline=BRIEF)


async def test_flood_is_no_quiet(peer) -> None:
    client = await peer(flood)
    with pytest.raises(ExpectationFailed, match="no quiet came"):
        await client.collect(quiet=1, deadline=BRIEF)
    client.abort()


async def test_silence_is_proved_by_a_marker(peer) -> None:
    client = await peer(echo)
    assert await client.expect_silence("marker", "marker") == "marker"


async def test_silence_that_was_broken_fails_with_what_broke_it(peer) -> None:
    client = await peer(echo)
    await client.send("surprise")
    with pytest.raises(ExpectationFailed, match="a message came where silence was expected") as failure:
        await client.expect_silence("marker", "marker")
    assert "received: text, 8 characters: “surprise”" in lines_of(failure)


# Deadlines.


@pytest.mark.parametrize(
    "wait",
    [
        lambda client: client.receive(deadline=BRIEF),
        lambda client: client.receive_json(deadline=BRIEF),
        lambda client: client.ask("?", deadline=BRIEF),
        lambda client: client.expect("!", deadline=BRIEF),
        lambda client: client.wait_for("!", deadline=BRIEF),
        lambda client: client.collect(1, deadline=BRIEF),
        lambda client: client.expect_silence("?", "!", deadline=BRIEF),
        lambda client: client.expect_closed(deadline=BRIEF),
    ],
    ids=[
        "receive",
        "receive_json",
        "ask",
        "expect",
        "wait_for",
        "collect",
        "expect_silence",
        "expect_closed",
    ],
)
async def test_silent_server_costs_the_deadline_and_no_more(peer, wait, deadline) -> None:
    client = await peer(says())
    started = perf_counter()
    with pytest.raises(ExpectationFailed, match=rf"{BRIEF} s"):
        await wait(client)
    assert BRIEF <= perf_counter() - started < deadline


async def test_server_that_never_reads_costs_a_sender_the_deadline(peer) -> None:
    client = await peer(never_read, compression=False)
    with pytest.raises(ExpectationFailed, match="the server did not take a message within"):
        await client.send(bytes(2**25), deadline=BRIEF)
    client.abort()


async def test_deadline_of_the_connection_is_the_default(peer) -> None:
    client = await peer(says(), deadline=BRIEF)
    with pytest.raises(ExpectationFailed, match=rf"no message came within {BRIEF} s"):
        await client.receive()


async def test_shorter_deadline_is_kept_beside_a_longer_one(peer, deadline) -> None:
    client = await peer(never_read)
    longer = asyncio.ensure_future(client.receive(deadline=10 * deadline))
    await asyncio.sleep(0)
    with pytest.raises(ExpectationFailed, match=f"no Pong came within {BRIEF} s"):
        await client.ping(deadline=BRIEF)
    assert not longer.done()
    client.abort()
    with pytest.raises(ConnectionEnded):
        await longer


async def test_cancelling_from_outside_stays_a_cancellation(peer) -> None:
    client = await peer(says())
    waiting = asyncio.ensure_future(client.receive())
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait([waiting])
    assert waiting.cancelled()


async def test_closing_is_not_held_up_by_a_flood(peer, deadline) -> None:
    client = await peer(flood)
    await client.receive()
    started = perf_counter()
    await client.close(deadline=BRIEF)
    assert not client.is_open
    assert perf_counter() - started < deadline


async def test_closing_a_mute_server_costs_the_deadline(speaks_tcp, deadline) -> None:
    client = await connect(await speaks_tcp(accepts=True))
    started = perf_counter()
    await client.close(deadline=BRIEF)
    assert BRIEF <= perf_counter() - started < deadline
    assert client.recording.ended == "TCP closed by the client"


# The end of a connection.


async def test_code_and_reason_are_readable_afterwards(peer) -> None:
    client = await peer(says(then="close"))
    assert await client.expect_closed(4001, "said all") == Closing(4001, "said all")
    assert (client.close_code, client.close_reason, client.is_open) == (4001, "said all", False)


async def test_open_connection_has_no_code_yet(client) -> None:
    assert (client.close_code, client.close_reason, client.is_open) == (None, None, True)


async def test_one_of_several_codes_and_a_pattern_are_enough(peer) -> None:
    client = await peer(says(then="close"))
    await client.expect_closed((1000, 4001), re.compile("all$"))


@pytest.mark.parametrize("code, reason", [(1000, None), (4001, "other"), (None, re.compile("^all"))])
async def test_other_end_than_expected_is_shown(peer, code, reason) -> None:
    client = await peer(says(then="close"))
    with pytest.raises(ExpectationFailed, match="the connection ended in another way") as failure:
        await client.expect_closed(code, reason)
    assert (
        lines_of(failure)[2]
        == "received: closed by the server with 4001 (private to the application) “said all”"
    )


async def test_wait_on_a_connection_that_ends_says_how_it_ended(peer) -> None:
    client = await peer(says(then="close"))
    with pytest.raises(ConnectionEnded) as failure:
        await client.expect("more")
    assert failure.value.headline == (
        "no message came: "
        "the connection was closed by the server with 4001 (private to the application) “said all”"
    )


async def test_reset_is_told_from_a_close(peer) -> None:
    client = await peer(says(then="reset"))
    assert await client.expect_closed(1006) == Closing(1006, "")
    with pytest.raises(ConnectionEnded, match=r"ended without a Close frame \(1006\)"):
        await client.send("too late")


async def test_close_of_the_test_itself_is_called_so(peer) -> None:
    client = await peer(echo)
    await client.close(4000, "enough")
    with pytest.raises(ConnectionEnded, match=r"closed by the client with 4000"):
        await client.receive()


async def test_message_that_is_too_large_for_the_client_is_refused_with_1009(peer) -> None:
    client = await peer(says("x" * 1000), max_size=100, compression=False)
    with pytest.raises(ConnectionEnded) as failure:
        await client.receive()
    assert "closed by the client with 1009 (message too big)" in failure.value.headline


async def test_close_without_end_of_tcp_is_named(peer) -> None:
    async def half_close(connection: ServerConnection) -> None:
        connection.transport.write(b"\x88\x02\x03\xe8")
        connection.transport.pause_reading()
        await connection.wait_closed()

    client = await peer(half_close)
    with pytest.raises(ExpectationFailed, match="did not close TCP"):
        await client.expect_closed(1000, deadline=BRIEF)
    client.abort()


# The opening.


async def test_handshake_and_what_it_agreed_on_are_readable(peer) -> None:
    client = await peer(
        echo,
        server={"subprotocols": ["chat.v2"]},
        headers={"X-Team": "QA"},
        origin="https://example.org",
        subprotocols=["chat.v1", "chat.v2"],
    )
    assert client.request.headers["X-Team"] == "QA"
    assert client.request.headers["Origin"] == "https://example.org"
    assert client.response.status_code == HTTPStatus.SWITCHING_PROTOCOLS
    assert client.subprotocol == "chat.v2"
    assert client.extensions[0].startswith("permessage-deflate")
    assert b"X-Team: QA" in client.recording.request
    assert client.recording.response.startswith(b"HTTP/1.1 101")


async def test_compression_can_be_left_out_of_the_offer(peer) -> None:
    client = await peer(echo, compression=False)
    assert client.extensions == ()
    assert "Sec-WebSocket-Extensions" not in client.request.headers


async def test_refusal_carries_the_whole_answer(speaks_tcp) -> None:
    url = await speaks_tcp(b"HTTP/1.1 403 Forbidden\r\nX-Why: no\r\nContent-Length: 8\r\n\r\nkeep out")
    answer = await expect_rejected(url, 403)
    assert (answer.status_code, answer.headers["X-Why"], answer.body) == (403, "no", b"keep out")
    assert (await expect_rejected(url)).status_code == 403
    assert (await expect_rejected(url, (401, 403))).status_code == 403


async def test_other_refusal_than_expected_is_shown(speaks_tcp) -> None:
    url = await speaks_tcp(b"HTTP/1.1 404 Not Found\r\nContent-Length: 7\r\n\r\nnothing")
    with pytest.raises(ExpectationFailed) as failure:
        await expect_rejected(url, 401)
    assert lines_of(failure)[:4] == [
        f"{url} did not open: the server refused the handshake with HTTP 404 Not Found",
        "expected: the handshake to be refused with HTTP 401 Unauthorized",
        "received: HTTP 404 Not Found",
        "body:     “nothing”",
    ]


async def test_handshake_that_is_accepted_is_no_refusal(target) -> None:
    with pytest.raises(ExpectationFailed, match="accepted the handshake"):
        await expect_rejected(target.url, 403)


async def test_redirect_is_an_answer_and_is_not_followed(speaks_tcp, target) -> None:
    url = await speaks_tcp(
        f"HTTP/1.1 302 Found\r\nLocation: {target.url}\r\nContent-Length: 0\r\n\r\n".encode()
    )
    assert (await expect_rejected(url, 302)).headers["Location"] == target.url


@pytest.mark.parametrize(
    "answer, why",
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n", "the server did not answer with HTTP"),
        (b"", "the server closed the connection without an HTTP answer"),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
            "the server refused the handshake with HTTP 200 OK",
        ),
        (
            b"HTTP/1.1 101 -\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: no\r\n\r\n",
            "the server's answer breaks the handshake",
        ),
    ],
    ids=["no http", "nothing", "a page", "a wrong key"],
)
async def test_server_of_another_kind_is_told_apart(speaks_tcp, answer, why) -> None:
    with pytest.raises(ConnectFailed, match=why):
        await connect(await speaks_tcp(answer))


async def test_server_that_accepts_and_says_nothing_costs_the_deadline(speaks_tcp, deadline) -> None:
    url = await speaks_tcp(hangs=True)
    started = perf_counter()
    with pytest.raises(ConnectFailed, match=rf"the handshake was not answered within {BRIEF} s"):
        await connect(url, deadline=BRIEF)
    assert perf_counter() - started < deadline


async def test_recording_of_a_connection_that_did_not_open_is_at_hand(speaks_tcp) -> None:
    recording = Recording("refused")
    with pytest.raises(ConnectFailed):
        await connect(
            await speaks_tcp(b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n"), recording=recording
        )
    assert recording.request.startswith(b"GET / HTTP/1.1\r\n")
    assert recording.response.startswith(b"HTTP/1.1 500 Oops")
    assert "not opened" in recording.tail()


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


async def test_absent_server_is_one_clear_line() -> None:
    url = f"ws://127.0.0.1:{free_port()}"
    with pytest.raises(ConnectFailed) as failure:
        await connect(url)
    assert failure.value.headline == f"{url} did not open: nobody listens there (connection refused)"


async def test_tls_that_the_server_does_not_speak_is_called_so(speaks_tcp) -> None:
    url = (await speaks_tcp(b"HTTP/1.1 400 Bad Request\r\n\r\n")).replace("ws:", "wss:")
    with pytest.raises(ConnectFailed, match="TLS failed"):
        await connect(url, ssl=ssl.create_default_context())


async def test_proxy_of_the_environment_is_not_asked_for_a_loopback_address(peer, monkeypatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    client = await peer(echo)
    assert await client.ask("direct") == "direct"


@pytest.mark.parametrize(
    "url, wish, proxy",
    [
        ("ws://127.0.0.1:1", None, None),
        ("ws://[::1]:1", None, None),
        ("ws://localhost", None, None),
        ("wss://example.org", None, True),
        ("wss://example.org", False, None),
        ("ws://127.0.0.1", True, True),
        ("ws://127.0.0.1", "http://proxy:3128", "http://proxy:3128"),
    ],
)
def test_proxy_is_chosen_by_the_address_and_the_wish(url, wish, proxy) -> None:
    assert _proxy(url, wish) == proxy


# The fixtures.


async def test_clients_of_the_factory_are_open_until_the_test_ends(connect, target) -> None:
    one, other = await connect(), await connect(name="other")
    assert await one.ask("1") == target.answer("1")
    assert await other.ask("2") == target.answer("2")
    assert (one.recording.name, other.recording.name) == ("client", "other")


async def test_factory_asks_for_another_resource_with_the_targets_settings(connect, deadline) -> None:
    client = await connect("/other?x=1")
    assert client.request.path == "/other?x=1"
    assert client.deadline == deadline


async def test_factory_closes_all_that_it_opened(target, recordings, deadline) -> None:
    factory = Connect(target, recordings, deadline)
    clients = [await factory() for _ in range(20)]
    await factory.close()
    assert {client.close_code for client in clients} == {1000}
