"""Patterns: what they match, and what is derived from messages that were heard."""

from __future__ import annotations

import json

import pytest

from pytest_websocket.target.listening import Heard, Unasked, analysed
from pytest_websocket.target.patterns import Pattern, patterns_of
from pytest_websocket.text import Message


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("welcome", "welcome"),
        ('{"type": "ping"}', '{"n":1,"type":"ping"}'),
        ('{"a": {"b": [1, {"c": true}]}}', '{"a":{"b":[1,{"c":true,"d":0}],"e":1}}'),
        (r"re:^tick \d+$", "tick 12"),
        ("keys:a,b", '{"b":1,"a":2}'),
        ("hex:00ff", b"\x00\xff"),
        ("hex:00*", b"\x00\xff"),
        ("hex:*", b""),
    ],
)
def test_pattern_matches_what_it_says(pattern: str, message: Message) -> None:
    assert Pattern(pattern).matches(message)


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("welcome", "welcome!"),
        ("welcome", b"welcome"),
        ('{"type": "ping"}', '{"type":"pong"}'),
        ('{"type": 1}', '{"type":true}'),
        ('{"a": [1]}', '{"a":[1,2]}'),
        (r"re:^tick \d+$", "tick x"),
        ("keys:a,b", '{"a":1}'),
        ("hex:00ff", b"\x00\xff\x00"),
        ("hex:00*", "\x00"),
    ],
)
def test_pattern_matches_nothing_else(pattern: str, message: Message) -> None:
    assert not Pattern(pattern).matches(message)


@pytest.mark.parametrize("text", ["", "re:(", "hex:xyz"])
def test_wrong_pattern_is_told(text: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        Pattern(text)


@pytest.mark.parametrize(
    ("heard", "later"),
    [
        (['{"type":"heartbeat","n":1}'], '{"type":"heartbeat","n":2}'),
        (['{"price":1.5,"at":2}'], '{"at":3,"price":7}'),
        (["tick 1 of 10"], "tick 234 of 10"),
        (["tick"], "tick"),
        ([b"\x01\x00\x07", b"\x01\x99"], b"\x01anything"),
    ],
)
def test_later_messages_of_the_kinds_that_were_heard_match(heard: list[Message], later: Message) -> None:
    (pattern,) = patterns_of(heard)
    assert pattern.matches(later)
    assert not pattern.matches("what the suite says")


def stream(*messages: tuple[float, Message]) -> list[Heard]:
    return [Heard(after, message) for after, message in messages]


def test_push_that_begins_at_once_is_no_greeting() -> None:
    ticks = [(number / 10, json.dumps({"type": "tick", "n": number})) for number in range(15)]
    found = analysed([stream(*ticks), stream(*ticks)])
    assert found.greetings == 0
    assert found.patterns == (Pattern('{"type": "tick"}'),)


def test_greeting_with_an_id_has_one_pattern() -> None:
    one = stream((0.0, "Hello client-3fa, be welcome"))
    other = stream((0.0, "Hello client-77b, be welcome"))
    found = analysed([one, other])
    assert found.greetings == 0
    assert found.patterns[0].matches("Hello client-000, be welcome")


def test_greetings_that_are_unlike_are_counted() -> None:
    found = analysed([stream((0.0, "abc")), stream((0.0, "xyz"))])
    assert (found.greetings, found.patterns) == (1, ())


def test_pattern_that_matches_a_reply_is_made_narrower() -> None:
    greeting = '{"type":"message","from":"server","text":"welcome"}'
    unasked = Unasked(0, (Pattern('{"type": "message"}'),), (greeting, greeting))
    reply = '{"type":"message","from":"echo","text":"hello"}'
    apart = unasked.apart_from([reply])
    assert len(apart.patterns) == 1
    assert apart.patterns[0].matches(greeting)
    assert not apart.patterns[0].matches(reply)
    lost = unasked.apart_from([greeting])
    assert (lost.greetings, lost.patterns) == (1, ())
    assert "--ws-ignore" in lost.notes[0]


def test_first_digits_of_a_time_are_no_part_of_the_pattern() -> None:
    found = analysed([stream((0.0, "client-1a2b01, welcome")), stream((0.0, "client-1a2b9f, welcome"))])
    assert found.greetings == 0
    assert found.patterns[0].matches("client-2c0000, welcome")


def test_texts_that_differ_by_an_id_are_one_kind() -> None:
    words = ("ab", "cd", "ef")
    ticks = [(0.7 + number / 10, f"event {word} has come") for number, word in enumerate(words)]
    (pattern,) = analysed([stream(*ticks)]).patterns
    assert pattern.matches("event xyz has come")
    assert not pattern.matches("event")


@pytest.mark.parametrize("text", ["", "re:(", "hex:zz", "keys:", "{not JSON"])
def test_text_that_reads_like_another_kind_of_pattern_is_matched_as_it_is(text: str) -> None:
    (pattern,) = patterns_of([text, text])
    assert pattern.matches(text)
    assert not pattern.matches(text + "x")


def test_objects_of_different_kinds_at_one_place_are_pushed_and_no_greetings() -> None:
    joined, said = '{"event": "joined", "n": 2}', '{"event": "said", "text": "hi", "mine": false}'
    found = analysed([[Heard(0.1, joined), Heard(0.2, said)], [Heard(0.1, said)]])
    assert found.greetings == 0
    assert set(map(str, found.patterns)) == {'{"event": "joined"}', '{"event": "said"}'}
