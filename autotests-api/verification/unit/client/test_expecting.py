"""An expectation takes the message that it wants, or says where the other one differs."""

from __future__ import annotations

import re
from typing import Any

import pytest

from pytest_websocket.client import (
    ExpectationFailed,
    json_with,
)
from verification.unit.client.handlers import (
    BRIEF,
    echo,
    flood,
    lines_of,
    says,
)


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
async def test_message_that_fits_the_expectation_is_returned(peer: Any, message: Any, expected: Any) -> None:
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
        ('{"a": 1}', {"a": True}, "$.a: expected true, got the number 1"),
        ("[1]", [1, 2], "$ has 1 item, expected 2"),
        ('{"type": "nak"}', json_with(type="ack"), '$.type: expected “"ack"”, got “"nak"”'),
    ],
)
async def test_failure_says_where_the_message_differs(
    peer: Any, message: Any, expected: Any, because: str
) -> None:
    client = await peer(says(message))
    with pytest.raises(ExpectationFailed) as failure:
        await client.expect(expected)
    assert any(line.startswith(f"because:  {because}") for line in lines_of(failure)), failure.value


async def test_failure_shows_both_sides_and_the_conversation(peer: Any) -> None:
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


async def test_difference_far_inside_a_long_message_is_in_sight(peer: Any) -> None:
    client = await peer(says("x" * 5000 + "A" + "y" * 5000))
    with pytest.raises(ExpectationFailed) as failure:
        await client.expect("x" * 5000 + "B" + "y" * 5000)
    received = next(line for line in lines_of(failure) if line.startswith("received:"))
    assert "xAy" in received
    assert len(received) < 250


async def test_wait_for_skips_and_keeps_what_it_skipped(peer: Any) -> None:
    client = await peer(says("tick", "tock", "alarm", "after"))
    assert await client.wait_for("alarm") == "alarm"
    assert list(client.skipped) == ["tick", "tock"]
    assert await client.receive() == "after"


async def test_answers_in_another_order_than_expected_are_found(peer: Any) -> None:
    client = await peer(says('{"id": 2}', '{"id": 1}'))
    assert await client.wait_for(json_with(id=1)) == '{"id": 1}'
    assert await client.wait_for(json_with(id=2)) == '{"id": 2}'
    assert not client.skipped


async def test_failed_wait_shows_the_nearest_miss(peer: Any) -> None:
    client = await peer(says("heartbeat", "order 17 filled", "heartbeat"))
    with pytest.raises(ExpectationFailed, match="no message that matches came within") as failure:
        await client.wait_for("order 18 filled", deadline=BRIEF)
    assert lines_of(failure)[1:4] == [
        "expected: text, 15 characters: “order 18 filled”",
        "nearest:  text, 15 characters: “order 17 filled”",
        "because:  at character 8: expected “8” (U+0038), got “7” (U+0037)",
    ]
    assert list(client.skipped) == ["heartbeat", "order 17 filled", "heartbeat"]


async def test_condition_that_nothing_met_is_named_with_its_place(peer: Any) -> None:
    client = await peer(says("text"))
    with pytest.raises(ExpectationFailed) as failure:
        await client.wait_for(lambda message: message == "other", deadline=BRIEF)
    assert f"of {__file__}" in lines_of(failure)[1]


async def test_collect_returns_so_many_messages(peer: Any) -> None:
    client = await peer(says("1", "2", "3"))
    assert await client.collect(2) == ["1", "2"]
    assert await client.collect(1) == ["3"]


async def test_collect_returns_all_until_quiet(peer: Any) -> None:
    client = await peer(says("1", "2", "3"))
    assert await client.collect(quiet=BRIEF) == ["1", "2", "3"]


async def test_end_of_the_connection_is_quiet_enough_to_collect(peer: Any, deadline: float) -> None:
    client = await peer(says("1", "2", then="close"))
    assert await client.collect(quiet=deadline) == ["1", "2"]


async def test_missing_messages_of_a_collection_are_counted(peer: Any) -> None:
    client = await peer(says("1"))
    with pytest.raises(ExpectationFailed, match="only 1 of 2 messages came within"):
        await client.collect(2, deadline=BRIEF)


async def test_flood_is_no_quiet(peer: Any) -> None:
    client = await peer(flood)
    with pytest.raises(ExpectationFailed, match="no quiet came"):
        await client.collect(quiet=1, deadline=BRIEF)
    client.abort()


async def test_silence_is_proved_by_a_marker(peer: Any) -> None:
    client = await peer(echo)
    assert await client.expect_silence("marker", "marker") == "marker"


async def test_silence_that_was_broken_fails_with_what_broke_it(peer: Any) -> None:
    client = await peer(echo)
    await client.send("surprise")
    with pytest.raises(ExpectationFailed, match="a message came where silence was expected") as failure:
        await client.expect_silence("marker", "marker")
    assert "received: text, 8 characters: “surprise”" in lines_of(failure)
