"""Each assertion on a raw connection passes for what it expects, and else says in words what it received."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from pytest_websocket.fixtures import Abilities, RawConnection, Target
from pytest_websocket.protocol.frames import Frame, close, continuation, ping, pong, text
from pytest_websocket.protocol.handshake import Request, accept_value
from pytest_websocket.raw.ending import NotReceived
from pytest_websocket.recording import Recording
from verification.conftest import RecordingTransport

OPENING = Request.opening("/", "target.test")


def connection_to(target: Target, transport: object, *, max_message: int = 1000) -> RawConnection:
    """Returns a connection that has not sent its handshake, on a transport that records what is written."""
    connection = RawConnection(Recording(), 0.05, target, Abilities(max_message=max_message))
    connection.connection_made(transport)  # type: ignore[arg-type]
    return connection


@pytest.fixture
async def raw(transport: RecordingTransport) -> RawConnection:
    """Returns a connection after the handshake with a target that answers each message as it is."""
    connection = connection_to(Target("ws://target.test", reply="{message}"), transport)
    connection.switch_protocols()
    return connection


def receive(raw: RawConnection, *frames: Frame) -> None:
    """Lets the connection receive frames from its server."""
    raw.data_received(b"".join(frame.encode(masked=False) for frame in frames))


RECEIVED: dict[str, tuple[list[Frame], Callable[[RawConnection], Awaitable[object]]]] = {
    "echo": ([text("a"), text("b")], lambda raw: raw.expect_echo("a", "b")),
    "echo between control frames": ([pong(b"p"), text("a")], lambda raw: raw.expect_echo("a")),
    "service": ([text("still served?")], lambda raw: raw.expect_served()),
    "pong": ([pong(b"p")], lambda raw: raw.expect_pong(b"p")),
    "all pongs": ([pong(b"1"), pong(b"2")], lambda raw: raw.expect_pong(b"1", b"2")),
    "the last pong only": ([pong(b"2")], lambda raw: raw.expect_pong(b"1", b"2")),
    "failure": ([close(1002)], lambda raw: raw.expect_failed()),
    "failure with the code": ([close(1002)], lambda raw: raw.expect_failed(code=(1002, 1007))),
    "failure after an answer": ([text("a"), close(1002)], lambda raw: raw.expect_failed(answers=1)),
    "end": ([text("a"), close(1002)], lambda raw: raw.expect_ended(not_code=1000)),
    "close": ([close(1000)], lambda raw: raw.expect_closed(code=1000)),
    "close without a code": ([close(None)], lambda raw: raw.expect_closed(code=(1000, None))),
}


async def test_answers_may_come_in_any_order_where_the_target_has_none(transport: RecordingTransport) -> None:
    connection = connection_to(Target("ws://target.test", reply="{message}", any_order=True), transport)
    connection.switch_protocols()
    receive(connection, text("b"), text("a"), text("a"))
    await connection.expect_echo("a", "b")
    with pytest.raises(AssertionError, match="expected the answer 'b' to 'b', received 'a'"):
        await connection.expect_echo("b")


@pytest.mark.parametrize(("frames", "expect"), RECEIVED.values(), ids=RECEIVED.keys())
async def test_what_was_expected_passes(raw: RawConnection, frames: list[Frame], expect: Any) -> None:
    receive(raw, *frames)
    await expect(raw)


FAILURES: dict[str, tuple[list[Frame], Callable[[RawConnection], Awaitable[object]], str]] = {
    "another echo": (
        [text("b")],
        lambda raw: raw.expect_echo("a"),
        "expected the answer 'a' to 'a', received 'b'",
    ),
    "an echo of another type": (
        [text("a")],
        lambda raw: raw.expect_echo(b"a"),
        "expected the answer b'a' to b'a', received 'a'",
    ),
    "another pong": (
        [pong(b"x")],
        lambda raw: raw.expect_pong(b"p"),
        "expected the Pongs b'p', received b'x'",
    ),
    "pongs out of order": (
        [pong(b"2"), pong(b"1"), pong(b"3")],
        lambda raw: raw.expect_pong(b"1", b"2", b"3"),
        "expected the Pongs b'1' then b'2' then b'3', received b'1' as number 2",
    ),
    "an answer instead of a failure": (
        [text("a")],
        lambda raw: raw.expect_failed(),
        "expected the server to fail the connection, but it answered: text message of 1 bytes 'a'",
    ),
    "one answer too many": (
        [text("a"), text("b")],
        lambda raw: raw.expect_failed(answers=1),
        "but it answered: text message of 1 bytes 'b'",
    ),
    "an open connection instead of a failure": (
        [],
        lambda raw: raw.expect_failed(),
        "expected the server to fail the connection, but the connection is still open after",
    ),
    "an open connection instead of an end": (
        [],
        lambda raw: raw.expect_ended(),
        "expected the server to end the connection, but the connection is still open after",
    ),
    "another code": (
        [close(1000)],
        lambda raw: raw.expect_failed(code=1002),
        "expected Close 1002, received",
    ),
    "none of the codes": (
        [close(1011)],
        lambda raw: raw.expect_ended(code=(1002, None)),
        "expected Close 1002 or no code, received Close 1011",
    ),
    "the wrong code": (
        [close(1000)],
        lambda raw: raw.expect_ended(not_code=1000),
        "expected anything but Close 1000, received Close 1000",
    ),
    "no close": (
        [],
        lambda raw: raw.expect_closed(),
        "expected a Close frame in answer to the client's, but",
    ),
    "open TCP": ([], lambda raw: raw.expect_tcp_closed(), "expected the server to close TCP, but"),
}


@pytest.mark.parametrize(("frames", "expect", "message"), FAILURES.values(), ids=FAILURES.keys())
async def test_failure_says_what_was_expected_and_received(
    raw: RawConnection, frames: list[Frame], expect: Any, message: Any
) -> None:
    receive(raw, *frames)
    with pytest.raises(AssertionError) as failure:
        await expect(raw)
    assert message in str(failure.value)
    assert not str(failure.value).startswith("assert")


async def test_close_may_be_missing_where_that_is_allowed(raw: RawConnection) -> None:
    raw.eof_received()
    await raw.expect_ended(code=1002, or_no_close=True)
    with pytest.raises(AssertionError, match="expected Close 1002, received no Close frame"):
        await raw.expect_ended(code=1002)


async def test_reset_is_not_a_clean_end_of_tcp(raw: RawConnection) -> None:
    raw.connection_lost(ConnectionResetError())
    await raw.expect_tcp_closed()
    with pytest.raises(AssertionError, match="expected FIN, received RST"):
        await raw.expect_tcp_closed(cleanly=True)


async def test_waiting_message_is_named_with_what_it_means(raw: RawConnection) -> None:
    receive(raw, text("a"), text("b"), pong())
    raw.expect_no_message("too many", after=2)
    with pytest.raises(
        AssertionError, match="too many: expected no message, received text message of 1 bytes 'b'"
    ):
        raw.expect_no_message("too many", after=1)
    await raw.expect_echo("a", "b")
    raw.expect_no_message("too many")


async def test_broken_rule_of_the_server_is_named(raw: RawConnection) -> None:
    receive(raw, text("a"))
    raw.expect_no_violation()
    receive(raw, continuation("of nothing"))
    with pytest.raises(AssertionError, match="the server broke the protocol: "):
        raw.expect_no_violation()


async def test_target_that_does_not_echo_is_served_when_it_answers_a_ping(
    transport: RecordingTransport,
) -> None:
    raw = connection_to(Target("ws://target.test", echo=False), transport)
    raw.switch_protocols()
    receive(raw, pong(b"still served?"))
    await raw.expect_served()


async def test_message_above_the_limit_of_the_target_skips_the_test(raw: RawConnection) -> None:
    raw.needs_size(1000)
    with pytest.raises(
        pytest.skip.Exception, match="a message of 1001 bytes is above the target's limit of 1000"
    ):
        raw.needs_size(1001)


async def test_refusal_as_too_big_skips_only_what_is_above_the_limit(raw: RawConnection) -> None:
    receive(raw, close(1009))
    with pytest.raises(NotReceived):
        await raw.expect_echo("a")
    with pytest.raises(pytest.skip.Exception):
        await raw.expect_echo("a" * 1001)
    with pytest.raises(pytest.skip.Exception, match="the target has a limit for this: Close 1009"):
        await raw.expect_echo("a", skip_if_too_big=True)


def response_to(request: Request, status: str = "101 Switching Protocols") -> bytes:
    """Returns a legal response to ``request``, or one with another status."""
    key = next(value for name, value in request.headers if name == "Sec-WebSocket-Key")
    return (
        f"HTTP/1.1 {status}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Accept: {accept_value(key)}\r\n\r\n"
    ).encode()


async def test_legal_response_is_accepted_and_frames_follow_it(transport: RecordingTransport) -> None:
    raw = connection_to(Target("ws://target.test", reply="{message}"), transport)
    raw.data_received(response_to(OPENING) + text("a").encode(masked=False))
    assert (await raw.expect_accepted(OPENING)).status == 101
    await raw.expect_echo("a")


async def test_refused_handshake_is_not_accepted(transport: RecordingTransport) -> None:
    raw = connection_to(Target("ws://target.test"), transport)
    raw.data_received(response_to(OPENING, "400 Bad Request"))
    with pytest.raises(AssertionError, match=r"expected the opening handshake to be accepted, but .*400"):
        await raw.expect_accepted(OPENING)


@pytest.mark.parametrize("request_", [OPENING, b"no HTTP at all"], ids=["request", "bytes"])
async def test_accepted_handshake_is_not_rejected(transport: RecordingTransport, request_: Any) -> None:
    raw = connection_to(Target("ws://target.test"), transport)
    raw.data_received(response_to(OPENING))
    with pytest.raises(AssertionError, match=r"expected the handshake to be refused, received HTTP/1\.1 101"):
        await raw.expect_rejected(request_)


async def test_response_with_an_error_or_none_is_a_rejection(transport: RecordingTransport) -> None:
    raw = connection_to(Target("ws://target.test"), transport)
    raw.data_received(response_to(OPENING, "400 Bad Request"))
    response = await raw.expect_rejected(OPENING)
    assert response is not None
    assert response.status == 400
    raw.eof_received()
    assert await raw.expect_rejected(OPENING) is None


async def test_connection_is_shown_by_its_name_and_state(raw: RawConnection) -> None:
    assert repr(raw) == "<raw connection 'client': the connection is open>"
    receive(raw, ping(), close(1001))
    assert repr(raw) == "<raw connection 'client': it sent Close 1001>"
