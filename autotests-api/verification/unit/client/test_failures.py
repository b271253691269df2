"""A wait of the client that fails says what was wanted, what came instead, and how the connection ended."""

from __future__ import annotations

import asyncio
import re
from collections import deque
from types import SimpleNamespace
from typing import Any, cast

import pytest
from websockets.exceptions import ConnectionClosedOK
from websockets.frames import Close
from websockets.protocol import State

from pytest_websocket.client import Client, Closing, ConnectionEnded, ExpectationFailed, json_with
from pytest_websocket.client.ending import describe_ending
from pytest_websocket.client.inbox import MAX_KEPT_MESSAGES
from pytest_websocket.client.waiting import Waits
from pytest_websocket.protocol.frames import Frame, close
from pytest_websocket.recording import Recording

BYE = Close(1001, "bye")
ENDED = "the connection was closed by the server with 1001 (going away) “bye”"


class Script:
    """In place of a connection: brings these messages, then ends or falls silent."""

    def __init__(self, *messages: Any, ends: bool = False, takes: bool = True) -> None:
        self.messages = deque(messages)
        self.ends = ends
        self.takes = takes
        self.sent: list[Any] = []
        self.state = State.OPEN
        self.transport = SimpleNamespace(abort=lambda: self.sent.append("abort"))
        self.recording = Recording(url="ws://host/?token=t")
        self.close_code = 1001 if ends else None
        self.close_reason = "bye" if ends else None

    async def recv(self) -> Any:
        return self.messages.popleft() if self.messages else await self._end()

    async def send(self, message: Any) -> None:
        self.sent.append(message)
        if not self.takes:
            await self._end()

    async def ping(self, payload: Any) -> Any:
        self.sent.append(payload)
        return self._end()

    async def close(self, code: int, reason: str) -> None:
        self.sent.append((code, reason))

    async def _end(self) -> Any:
        if not self.ends:
            await asyncio.Event().wait()
        self.recording.received(close(1001, "bye").encode(masked=False))
        raise ConnectionClosedOK(BYE, BYE, True)


def talking(*messages: Any, **settings: Any) -> Client:
    script: Any = Script(*messages, **settings)
    return Client(script, script.recording, Waits(0.01))


def script_of(client: Client) -> Any:
    return client._connection


def told(failure: pytest.ExceptionInfo[ExpectationFailed]) -> list[str]:
    """Returns the headline and the rows below it."""
    lines = str(failure.value).splitlines()
    return [" ".join(line.split()) for line in lines[: lines.index("")]]


WAITS = {
    "receive": (lambda c, **d: c.receive(**d), "no message came", []),
    "receive_json": (lambda c, **d: c.receive_json(**d), "no message came", []),
    "ask": (lambda c, **d: c.ask("?", **d), "no reply came", ["sent: text, 1 character: “?”"]),
    "ping": (lambda c, **d: c.ping(**d), "no Pong came", []),
    "expect": (lambda c, **d: c.expect("!", **d), "no message came", ["expected: text, 1 character: “!”"]),
    "wait_for": (
        lambda c, **d: c.wait_for("!", **d),
        "no message that matches came",
        ["expected: text, 1 character: “!”", "received: no message at all"],
    ),
    "collect": (lambda c, **d: c.collect(1, **d), "only 0 of 1 message came", []),
    "expect_silence": (
        lambda c, **d: c.expect_silence("?", "!", **d),
        "the marker was not answered",
        ["expected: silence, then the answer to the marker: text, 1 character: “!”"],
    ),
}


@pytest.mark.parametrize(("wait", "headline", "rows"), WAITS.values(), ids=WAITS)
async def test_silence_is_told_with_the_deadline_and_what_was_wanted(
    wait: Any, headline: str, rows: Any
) -> None:
    for settings in ({}, {"deadline": 0.02}):
        with pytest.raises(ExpectationFailed) as failure:
            await wait(talking(), **settings)
        assert told(failure) == [f"{headline} within {settings.get('deadline', 0.01)} s", *rows]
        assert not isinstance(failure.value, ConnectionEnded)


@pytest.mark.parametrize(("wait", "headline", "rows"), WAITS.values(), ids=WAITS)
async def test_end_is_told_with_its_code_and_what_was_wanted(wait: Any, headline: str, rows: Any) -> None:
    with pytest.raises(ConnectionEnded) as failure:
        await wait(talking(ends=True), deadline=5)
    assert told(failure) == [f"{headline}: {ENDED}", *rows]
    assert failure.value.headline == f"{headline}: {ENDED}"


SENDS = {
    "send": (lambda c, **d: c.send("x", **d), ["x"]),
    "send_json": (lambda c, **d: c.send_json({"ё": 1}, **d), ['{"ё": 1}']),
    "expect_silence": (lambda c, **d: c.expect_silence("x", "!", **d), ["x"]),
}


@pytest.mark.parametrize(("send", "sent"), SENDS.values(), ids=SENDS)
async def test_message_that_is_not_taken_is_told(send: Any, sent: bool) -> None:
    for settings in ({}, {"deadline": 0.02}):
        client = talking(takes=False)
        with pytest.raises(ExpectationFailed) as failure:
            await send(client, **settings)
        seconds = settings.get("deadline", 0.01)
        assert told(failure) == [f"the server did not take a message within {seconds} s"]
        assert script_of(client).sent == sent
    with pytest.raises(ConnectionEnded) as end:
        await send(talking(takes=False, ends=True), deadline=5)
    assert told(end) == [f"a message could not be sent: {ENDED}"]


async def test_what_json_does_not_know_is_not_sent() -> None:
    client = talking()
    with pytest.raises(ValueError, match="not JSON compliant"):
        await client.send_json(float("nan"))
    assert script_of(client).sent == []


async def test_ping_carries_the_payload_it_is_given() -> None:
    client = talking()
    with pytest.raises(ExpectationFailed):
        await client.ping(b"payload")
    assert script_of(client).sent == [b"payload"]


async def test_message_that_is_no_json_is_told_with_the_reason() -> None:
    with pytest.raises(ExpectationFailed) as failure:
        await talking("{\x1b").receive_json()
    assert told(failure)[:2] == ["the next message is not JSON", r"received: text, 2 characters: “{\x1b”"]
    assert told(failure)[2].startswith("because: Expecting property name")


async def test_other_message_than_expected_is_told_from_where_it_differs() -> None:
    with pytest.raises(ExpectationFailed) as failure:
        await talking("a" * 200 + "b").expect("a" * 200)
    assert told(failure) == [
        "the next message is not the expected one",
        f"expected: text, 200 characters: “{'a' * 120}” …",
        f"received: text, 201 characters: … “{'a' * 119}b”",
        "because: at character 201: expected the end of the message, got “b” (U+0062)",
    ]
    assert failure.value.expected.startswith("text, 200 characters")
    assert failure.value.actual.startswith("text, 201 characters")


async def test_long_bytes_are_shown_from_where_they_differ() -> None:
    with pytest.raises(ExpectationFailed) as failure:
        await talking(b"a" * 200 + b"b").expect(b"a" * 200)
    assert told(failure)[2] == f"received: binary, 201 bytes: … b'{'a' * 119}b'"


async def test_silence_that_was_broken_is_told_with_both_messages() -> None:
    client = talking("surprise")
    with pytest.raises(ExpectationFailed) as failure:
        await client.expect_silence("?", "!")
    assert told(failure) == [
        "a message came where silence was expected",
        "expected: silence, then the answer to the marker: text, 1 character: “!”",
        "received: text, 8 characters: “surprise”",
        "because: at character 1: expected “!” (U+0021), got “s” (U+0073)",
    ]
    assert await talking("!").expect_silence("?", "!") == "!"


async def test_nearest_of_what_was_skipped_is_told_from_where_it_differs() -> None:
    client = talking("tick", "x" * 200 + "a", "tock", ends=True)
    with pytest.raises(ConnectionEnded) as failure:
        await client.wait_for("x" * 200 + "b")
    assert told(failure) == [
        f"no message that matches came: {ENDED}",
        f"expected: text, 201 characters: “{'x' * 120}” …",
        f"nearest: text, 201 characters: … “{'x' * 119}a”",
        "because: at character 201: expected “b” (U+0062), got “a” (U+0061)",
    ]
    assert failure.value.actual.startswith("text, 201 characters: …")


async def test_skipped_messages_are_bounded_by_their_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_websocket.client.inbox.MAX_KEPT_BYTES", 4)
    client = talking("ab", "cd", "!", "e", "!", "fghi", "!", "jklmn", "!")
    assert cast("deque[str]", client.skipped).maxlen == MAX_KEPT_MESSAGES
    await client.wait_for("!")
    assert list(client.skipped) == ["ab", "cd"]
    await client.wait_for("!")
    assert list(client.skipped) == ["cd", "e"]
    await client.wait_for("!")
    assert list(client.skipped) == ["fghi"]
    await client.wait_for("!")
    assert list(client.skipped) == []


async def test_what_was_skipped_is_looked_through_first() -> None:
    client = talking('{"id": 2}', '{"id": 3}', '{"id": 1}')
    assert await client.wait_for(json_with(id=1)) == '{"id": 1}'
    assert await client.wait_for(json_with(id=3)) == '{"id": 3}'
    assert list(client.skipped) == ['{"id": 2}']


async def test_collection_that_is_short_shows_its_last_message() -> None:
    with pytest.raises(ExpectationFailed) as failure:
        await talking("1", "2").collect(3)
    assert told(failure) == [
        "only 2 of 3 messages came within 0.01 s",
        "the last: text, 1 character: “2”",
    ]
    with pytest.raises(ConnectionEnded) as end:
        await talking("1", ends=True).collect(2)
    assert told(end) == [f"only 1 of 2 messages came: {ENDED}", "the last: text, 1 character: “1”"]


async def test_quiet_ends_a_collection_before_its_count() -> None:
    assert await talking("1", "2").collect(3, quiet=0.01, deadline=5) == ["1", "2"]
    assert await talking("1", "2", "3").collect(2, quiet=0.01, deadline=5) == ["1", "2"]
    assert await talking("1", ends=True).collect(2, quiet=5, deadline=6) == ["1"]
    assert await talking("1").collect(deadline=5) == ["1"]


async def test_quiet_that_is_longer_than_the_deadline_cannot_come() -> None:
    with pytest.raises(ExpectationFailed) as failure:
        await talking("1").collect(quiet=5)
    assert told(failure) == ["no quiet came within 0.01 s: 1 message and more"]


@pytest.mark.parametrize(
    ("limit", "messages"),
    [("MAX_KEPT_MESSAGES", ["", "", ""]), ("MAX_KEPT_BYTES", ["a", "b"]), ("MAX_KEPT_BYTES", ["ab"])],
)
async def test_flood_is_no_quiet_and_no_end(
    monkeypatch: pytest.MonkeyPatch, limit: int, messages: Any
) -> None:
    monkeypatch.setattr(f"pytest_websocket.client.inbox.{limit}", 2 if messages[0] == "" else 1)
    with pytest.raises(ExpectationFailed) as failure:
        await talking(*messages).collect()
    count = f"{len(messages)} message{'s' * (len(messages) > 1)}"
    assert told(failure) == [f"no quiet came: {count} and more"]
    client = talking(*messages, "later")
    with pytest.raises(ExpectationFailed) as endless:
        await client.expect_closed()
    assert told(endless) == [
        "the server goes on sending instead of closing",
        "expected: the end of the connection",
    ]
    assert list(script_of(client).messages) == ["later"]
    assert [await client.receive() for _ in messages] == messages
    kept = messages[:-1]
    assert await talking(*kept).collect(quiet=0.005, deadline=5) == kept
    assert await talking(*kept, ends=True).expect_closed() == Closing(1001, "bye")


async def test_connection_that_does_not_end_is_told_with_what_was_wanted() -> None:
    client = talking("unread")
    with pytest.raises(ExpectationFailed) as failure:
        await client.expect_closed(1000, "bye")
    assert told(failure) == [
        "the connection is still open after 0.01 s",
        "expected: the end of the connection with 1000 (normal closure) and the reason “bye”",
    ]
    assert await client.ask("?") == "unread"
    assert script_of(client).sent == ["?"]


async def test_close_frame_without_the_end_of_tcp_is_told() -> None:
    client = talking()
    client.recording.sent(close().encode())
    client.recording.received(b"\x89\x00")
    with pytest.raises(ExpectationFailed) as failure:
        await client.expect_closed()
    assert len(told(failure)) == 2
    client.recording.received(close().encode(masked=False))
    with pytest.raises(ExpectationFailed) as failure:
        await client.expect_closed()
    assert told(failure)[2] == (
        "but: the server sent a Close frame and did not close TCP after it (RFC 6455 §7.1.1)"
    )


@pytest.mark.parametrize(
    ("code", "reason", "fits"),
    [
        (None, None, True),
        (1001, None, True),
        ((1000, 1001), "bye", True),
        (None, re.compile("^b"), True),
        (1000, None, False),
        ([1000, 1002], None, False),
        (1001, "by", False),
        (None, re.compile("^y"), False),
    ],
)
async def test_code_and_reason_of_the_end_are_compared(code: int, reason: Any, fits: bool) -> None:
    client = talking("kept", ends=True)
    if fits:
        assert await client.expect_closed(code, reason) == Closing(1001, "bye")
    else:
        with pytest.raises(ExpectationFailed) as failure:
            await client.expect_closed(code, reason)
        assert told(failure)[0] == "the connection ended in another way"
        assert told(failure)[1].startswith("expected: the end of the connection with") or code is None
        assert told(failure)[2] == "received: closed by the server with 1001 (going away) “bye”"
        assert failure.value.expected.startswith("the end of the connection")
    assert await client.receive() == "kept"


OURS, THEIRS = (True, close(4000, "mine")), (False, close(1001, "bye"))


@pytest.mark.parametrize(
    ("closes", "tcp", "words"),
    [
        ([THEIRS], "", "closed by the server with 1001 (going away) “bye”"),
        ([THEIRS, OURS], "", "closed by the server with 1001 (going away) “bye”"),
        (
            [OURS, THEIRS],
            "",
            "closed by the client with 4000 (private to the application) “mine”; "
            "the server answered 1001 (going away) “bye”",
        ),
        (
            [OURS],
            "",
            "closed by the client with 4000 (private to the application) “mine”; the server did not answer; "
            "TCP is still open",
        ),
        ([], "TCP broken: x", "ended without a Close frame (1006), TCP broken: x"),
        ([], "", "ended without a Close frame (1006), TCP is still open"),
    ],
)
def test_ending_says_who_closed_and_who_answered(
    closes: list[tuple[bool, Frame]], tcp: str, words: str
) -> None:
    recording = Recording()
    for sent, frame in closes:
        (recording.sent if sent else recording.received)(frame.encode(masked=sent))
    recording.end(tcp)
    assert describe_ending(recording) == words


async def test_closing_reads_what_was_not_read_and_keeps_no_more_than_it_may(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("pytest_websocket.client.inbox.MAX_KEPT_MESSAGES", 3)
    client = talking("ab", "cd", "ef", "g", ends=True)
    await client.close(4000, "enough")
    assert script_of(client).sent == [(4000, "enough")]
    assert list(client._inbox.unread) == ["ab", "cd", "ef"]
    monkeypatch.setattr("pytest_websocket.client.inbox.MAX_KEPT_BYTES", 7)
    client = talking("abcd", "efg", ends=True)
    await client.close()
    assert script_of(client).sent == [(1000, "")]
    assert list(client._inbox.unread) == ["abcd"]


async def test_closing_that_takes_too_long_is_cut_short() -> None:
    client = talking()
    await client.close(deadline=0.01)
    assert sorted(map(str, script_of(client).sent)) == ["(1000, '')", "abort"]
