"""What a message may be compared with, and the words for what is missing, too much, or merely near."""

from __future__ import annotations

import re
from typing import Any

import pytest

from pytest_websocket.client.expectations import (
    describe_expected,
    describe_expected_closing,
    find_difference,
    first_difference,
    json_with,
)
from pytest_websocket.client.nearest import nearest


def is_big(message: str) -> bool:
    return len(message) > 100


class Anything:
    """A condition without a name or a place of its own."""

    def __call__(self, _: str) -> bool:
        return True

    def __repr__(self) -> str:
        return "anything"


FITTING = [
    ("text", "text"),
    (b"bytes", b"bytes"),
    (re.compile(r"\d+"), "order 17"),
    (re.compile(rb"\x01$"), b"\x00\x01"),
    (str.isdigit, "17"),
    (None, "null"),
    ([1, [2]], "[1, [2]]"),
    ((1, 2), b"[1, 2]"),
    ({"a": {"b": 1}}, '{"a": {"b": 1}}'),
    (json_with(a={"b": 1}), '{"a": {"b": 1, "c": 2}, "d": 3}'),
    (json_with({"a-b": 1}, c=2), '{"a-b": 1, "c": 2}'),
    (json_with(a=[{"b": 1}]), '{"a": [{"b": 1, "c": 2}]}'),
]


@pytest.mark.parametrize(("expected", "message"), FITTING)
def test_message_that_fits_has_no_difference(expected: Any, message: Any) -> None:
    assert find_difference(expected, message) == ""


DIFFERENT = [
    ("тест", "текст", "at character 3: expected “с” (U+0441), got “к” (U+043A)"),
    ("b", "a", "at character 1: expected “b” (U+0062), got “a” (U+0061)"),
    ("a", "ab", "at character 2: expected the end of the message, got “b” (U+0062)"),
    ("ab", "a", "at character 2: expected “b” (U+0062), got the end of the message"),
    (b"\x00\x0b", b"\x00\xff", "at byte 2: expected 0x0b, got 0xff"),
    (b"\x00", b"", "at byte 1: expected 0x00, got the end of the message"),
    ("text", b"text", "expected a text message, got a binary message"),
    (b"text", "text", "expected a binary message, got a text message"),
    (re.compile("text"), b"text", "expected a text message, got a binary message"),
    (re.compile(b"text"), "text", "expected a binary message, got a text message"),
    (re.compile("^ext"), "text", "the pattern is not found in it"),
    (str.isdigit, "text", "the condition is false for it"),
    (str.isdigit, b"text", "the condition raised TypeError("),
    ({}, "text", "it is not JSON: Expecting value"),
    ({"a": {"b": [1, 3]}}, '{"a": {"b": [1, 2]}}', "$.a.b[1]: expected “3”, got “2”"),
    ({"a": 1}, '{"a": 1, "b": 2, "c": 3}', "$.b was not expected"),
    ({}, r'{"\u001b[2J": 1}', r"$.\x1b[2J was not expected"),
    ({"b": 1, "a": 2}, "{}", "$.b is missing"),
    ({"a": True}, '{"a": 1}', "$.a: expected true, got the number 1"),
    ({"a": 1}, '{"a": true}', "$.a: expected the number 1, got true"),
    ([1, 2], "[1]", "$ has 1 item, expected 2"),
    ([1], "[1, 2]", "$ has 2 items, expected 1"),
    ([1, 2], "[3]", "$[0]: expected “1”, got “3”"),
    ({"a": 1}, "[]", '$: expected the object {"a": 1}, got the list []'),
    ([1], '{"a": 1}', '$: expected the list [1], got the object {"a": 1}'),
    ("ё".encode, "x", "the condition raised LookupError("),
    ({"a": "ё"}, '{"a": "е"}', '$.a: expected “"ё"”, got “"е"”'),
    ({"a": {1}}, '{"a": 1}', '$.a: expected the set "{1}", got the number 1'),
    (json_with(type="ack"), '{"type": "nak"}', '$.type: expected “"ack"”, got “"nak"”'),
    (json_with(a={"b": 1}), '{"a": {"c": 1}}', "$.a.b is missing"),
    (json_with(a=[{"b": 1}]), '{"a": [{"b": 2}]}', "$.a[0].b: expected “1”, got “2”"),
    (json_with(a=1), "[1]", '$: expected the object {"a": 1}, got the list [1]'),
]


@pytest.mark.parametrize(("expected", "message", "why"), DIFFERENT)
def test_difference_is_told_with_its_place(expected: Any, message: Any, why: str) -> None:
    found = find_difference(expected, message)
    assert found.startswith(why) if why[-1] in "(e" else found == why


@pytest.mark.parametrize(
    ("expected", "message", "why"),
    [
        ({"id": 17}, '{"id": "17"}', '$.id: expected the number 17, got the string "17"'),
        ({"id": "17"}, '{"id": 17}', '$.id: expected the string "17", got the number 17'),
        ({"id": 17}, '{"id": null}', "$.id: expected the number 17, got null"),
        ({"ok": False}, '{"ok": "false"}', '$.ok: expected false, got the string "false"'),
        (
            {"user": "anna"},
            '{"user": {"name": "anna"}}',
            '$.user: expected the string "anna", got the object',
        ),
        ({"userId": 1}, '{"user_id": 1}', "$.userId is missing (there is $.user_id)"),
    ],
)
def test_values_of_different_types_are_told_in_words(expected: Any, message: str, why: str) -> None:
    assert find_difference(expected, message).startswith(why)
    assert find_difference(json_with(expected), message).startswith(why)


LATEST = '{"type": "heartbeat", "id": 99, "price": 42, "status": "filled"}'


@pytest.mark.parametrize(
    ("expected", "messages", "found"),
    [
        (
            json_with(type="price", price=43),
            ['{"type": "tick", "price": 43}', '{"type": "price", "price": 42, "symbol": "ACME"}', LATEST],
            1,
        ),
        (json_with(op="fill", qty=2), ['{"op": "fill", "qty": 1, "note": "a long one"}', '{"qty": 2}'], 0),
        (json_with(id=2, result=4), ['{"id": 2, "error": {"code": -32601}}', '{"id": 3, "result": 4}'], 0),
        (json_with(data={"event": "joined"}), ['{"data": {"event": "joined?"}}', LATEST], 0),
        (["join", {"room": 1}], ['["join", {"room": 2, "members": []}]', '["leave", {"room": 1}]'], 0),
        ('{"type": "ack", "n": 1}', ['{"n": 2, "type": "ack"}', '{"type": "nak", "n": 1}'], 0),
        (json_with(type="ack"), ['{"type": "nak"}', "not JSON", '"type ack"'], 0),
        (re.compile(r"order \d+ filled"), ["order x filled", "heartbeat"], 0),
        (lambda message: message["n"] > 5, ["text", "other"], 1),
    ],
)
def test_nearest_message_is_the_nearest_in_shape(expected: Any, messages: Any, found: int) -> None:
    assert nearest(expected, messages) == messages[found]


def test_condition_is_nearest_to_a_message_that_it_was_written_for() -> None:
    def is_long(message: str) -> bool:
        return len(message.removeprefix("order")) > 50

    assert nearest(is_long, ["order 1", b"\x00"]) == "order 1"


@pytest.mark.parametrize(
    ("expected", "words"),
    [
        ("да", "text, 2 characters: “да”"),
        (b"x", "binary, 1 byte: b'x'"),
        (re.compile(r"\d"), r"a text message with the pattern “\d”"),
        (re.compile(rb"\d"), r"a binary message with the pattern b'\\d'"),
        (json_with(имя="Ёж"), 'a JSON object with {"имя": "Ёж"}'),
        (
            is_big,
            f"a message for which is_big is true, line {is_big.__code__.co_firstlineno} of {__file__}",
        ),
        (str.isdigit, "a message for which str.isdigit is true"),
        (Anything(), "a message for which anything is true"),
        ({"имя": {1}}, 'JSON equal to {"имя": "{1}"}'),
    ],
)
def test_expectation_is_told_in_words(expected: Any, words: str) -> None:
    assert describe_expected(expected) == words


def test_members_of_an_object_are_shown_as_json() -> None:
    assert repr(json_with({"a": 1}, имя={2})) == 'json_with({"a": 1, "имя": "{2}"})'


@pytest.mark.parametrize(
    ("expected", "messages", "found"),
    [
        ("order 18", ["heartbeat", "order 17", "tick"], "order 17"),
        (b"\x01\x02", ["\x01\x02", b"\x01\x03", b"\x09"], b"\x01\x03"),
        ("text", [b"bytes", b"more bytes"], b"more bytes"),
        (json_with(id=17), ['{"a": 1}', '{"id": 18}', "tick"], '{"id": 18}'),
        ({"id": 17}, ["tick", '{"id": 18}'], '{"id": 18}'),
        (re.compile("x"), ["first", "last"], "last"),
        (str.isdigit, ["first", "last"], "last"),
        ("anything", [], None),
        ("near", ["near!", *["far"] * 49], "near!"),
        ("near", ["near!", *["far"] * 50], "far"),
    ],
)
def test_nearest_message_is_the_most_alike_of_the_last_fifty(
    expected: Any, messages: Any, found: Any
) -> None:
    assert nearest(expected, messages) == found


def test_likeness_is_measured_by_the_first_three_hundred_characters() -> None:
    same = "x" * 300
    assert nearest(same + "z" * 900, ["y" * 300 + "z" * 900, same]) == same


def test_letter_that_repeats_often_counts_as_much_as_any_other() -> None:
    # difflib takes a letter that makes up more than one per cent of 200 and more for noise unless it is told.
    assert nearest("x" * 250, ["abc", "y" + "x" * 249]) == "y" + "x" * 249


@pytest.mark.parametrize(
    ("expected", "message", "place"),
    [
        ("abc", "abd", 2),
        ("abc", "ab", 2),
        ("ab", "abc", 2),
        (b"abc", b"xbc", 0),
        (b"abc", "abc", 0),
        ({"a": 1}, "abc", 0),
        (re.compile("abd"), "abc", 0),
    ],
)
def test_place_is_where_a_message_begins_to_differ(expected: Any, message: Any, place: Any) -> None:
    assert first_difference(expected, message) == place


@pytest.mark.parametrize(
    ("codes", "reason", "words"),
    [
        (None, None, ""),
        ({4001, 1000}, None, " with 1000 (normal closure) or 4001 (private to the application)"),
        (None, "bye", " and the reason “bye”"),
        ({1000}, re.compile("by."), " with 1000 (normal closure) and a reason with the pattern “by.”"),
    ],
)
def test_wanted_closing_is_told_in_words(codes: Any, reason: Any, words: str) -> None:
    assert describe_expected_closing(codes, reason) == words
