"""Carriers: messages inside the target's requests, whole or in pieces, and the replies that come back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_websocket.protocol.frames import Frame, binary, continuation, ping, text
from pytest_websocket.target.carrier import CannotCarry, Carrying, Exchange
from pytest_websocket.target.patterns import Pattern
from pytest_websocket.target.target import Target
from pytest_websocket.target.templates import Reply, Template, template_of
from pytest_websocket.text import Message

SAY = Template.parse('{"op":"say","text":{message}}')


def sent(carrying: Carrying, *frames: Frame) -> list[bytes]:
    return [frame.payload for frame in carrying.frames(frames)]


@pytest.mark.parametrize(
    ("template", "carried"),
    [
        ('{"say":{message}}', '{"say":"a\\"b\\u000a"}'),
        ('{"say":"{message}"}', '{"say":"a\\"b\\u000a"}'),
        ('42["say",{message}]', '42["say","a\\"b\\u000a"]'),
        ("Echo: {message}", 'Echo: a"b\n'),
        ("[{message}]", '[a"b\n]'),
        ("Echo [{message}, again]", 'Echo [a"b\n, again]'),
        ("[50, 1, {}, [{message}]]", '[50, 1, {}, ["a\\"b\\u000a"]]'),
        ("{message}", 'a"b\n'),
    ],
)
def test_message_is_placed_by_the_rules_of_the_format(template: str, carried: str) -> None:
    assert Template.parse(template).shown('a"b\n') == carried


@pytest.mark.parametrize("template", ["hello", "{message}{message}", ""])
def test_template_has_one_place(template: str) -> None:
    with pytest.raises(ValueError, match="exactly once"):
        Template.parse(template)


@given(st.text())
def test_any_text_is_carried_as_json(message: str) -> None:
    assert json.loads(SAY.shown(message)) == {"op": "say", "text": message}


@given(st.binary(), st.integers(1, 5))
def test_pieces_make_what_the_whole_makes(data: bytes, size: int) -> None:
    pieces = [data[at : at + size] for at in range(0, len(data), size)] or [b""]
    last = len(pieces) - 1
    frames = [Frame(0 if number else 1, piece, fin=number == last) for number, piece in enumerate(pieces)]
    carrying = Carrying(SAY)
    assert b"".join(sent(carrying, *frames[:1]) + sent(carrying, *frames[1:])) == SAY.carry(data)


def test_other_frames_stay_as_they_are() -> None:
    others = [ping(b"x"), binary(b"y"), continuation("of nothing"), Frame(1, b"z", rsv1=True), Frame(3, b"r")]
    assert Carrying(SAY).frames(others) == others


@pytest.mark.parametrize(
    "reply",
    [
        '{"op":"said","text":"a\\u0062"}',
        '{ "text": "ab", "seq": 7, "op": "said" }',
    ],
)
def test_reply_is_compared_by_value(reply: str) -> None:
    template = Template.parse('{"op":"said","text":{message}}')
    assert Reply(template, "ab") == reply
    assert reply == Reply(template, "ab")
    assert Reply(template, "abc") != reply
    assert Reply(template, None) == reply


@pytest.mark.parametrize("other", ['{"op":"said"}', '{"op":"error","text":"ab"}', "ab", "[]", b"ab"])
def test_something_else_is_no_reply(other: str | bytes) -> None:
    template = Template.parse('{"op":"said","text":{message}}')
    assert Reply(template, "ab") != other
    assert Reply(template, None) != other


def test_reply_of_socket_io_has_a_number_before_it() -> None:
    template = Template.parse('42["echoed",{message}]')
    assert Reply(template, "ab") == '42["echoed", "ab"]'
    assert Reply(template, "ab") != '43["echoed", "ab"]'


PING = Exchange('{"op":"ping"}', Pattern('{"op":"pong"}'))


def test_request_of_an_exchange_takes_the_place_of_a_text() -> None:
    carrying = Carrying(PING)
    assert sent(carrying, text("hello")) == [b'{"op":"ping"}']
    assert sent(carrying, text("x" * 20)) == [b'{"op":"ping"}       ']
    assert PING == '{"op":"pong","n":1}'
    assert PING != '{"op":"ping"}'


def test_request_is_split_over_as_many_frames() -> None:
    carrying = Carrying(PING)
    parts = sent(carrying, text("abcde", fin=False)) + sent(
        carrying, ping(b"p"), continuation("", fin=False), continuation("x" * 20)
    )
    assert parts == [b'{"op"', b"p", b"", b':"ping"}            ']


def test_blanks_are_added_to_json_only() -> None:
    assert sent(Carrying(Exchange("ping", Pattern("pong"))), text("x" * 20)) == [b"ping"]


@pytest.mark.parametrize(
    "frames", [[text(b"\xff")], [text("good", fin=False), continuation(b"\xd0")]], ids=["whole", "fragments"]
)
def test_what_is_no_utf8_is_not_replaced(frames: list[Frame]) -> None:
    assert Carrying(PING).frames(frames) == frames


def test_binary_request_makes_binary_frames_of_a_text() -> None:
    exchange = Exchange("hex:0102 03", Pattern("hex:04*"))
    frames = Carrying(exchange).frames([text("ab", fin=False), continuation("cdef")])
    assert frames == [binary(b"\x01\x02", fin=False), continuation(b"\x03")]
    assert exchange == b"\x04\x05"
    assert exchange != "\x04"


@pytest.mark.parametrize(
    ("settings", "unasked", "answer"),
    [
        ({"reply": "{message}"}, '{"event":"joined"}', "joined"),
        ({"reply": "{message}"}, '{"event":"joined"}', b"{}"),
        (
            {"reply": '{"said":{message}}', "request": '{"say":{message}}'},
            '{"event":"joined"}',
            '{"said":"x"}',
        ),
        ({"echo": False, "exchange": PING}, '{"event":"joined"}', '{"op":"pong"}'),
        ({"reply": "{message}", "ignore": (Pattern("tick"),)}, "tick", "tock"),
    ],
)
def test_what_has_not_the_form_of_an_answer_came_unasked(
    settings: dict[str, Any], unasked: Message, answer: Message
) -> None:
    target = Target("ws://foreign.test", **settings)
    assert target.is_unasked(unasked)
    assert not target.is_unasked(answer)


def test_embedded_server_sends_nothing_unasked() -> None:
    assert not Target("ws://127.0.0.1:1", embedded=True).is_unasked('{"event":"joined"}')


RECORD = template_of("hex:01{length:2}{message}00")
NESTED = template_of("hex:12{length:varint}0a{length:varint}{message}")
PACKED = template_of('msgpack:{"op": "say", "text": {message}}')


@pytest.mark.parametrize(
    ("template", "message", "carried"),
    [
        (RECORD, "ab", b"\x01\x00\x03ab\x00"),
        (NESTED, "ab", b"\x12\x04\x0a\x02ab"),
        (NESTED, "x" * 200, b"\x12\xcb\x01\x0a\xc8\x01" + b"x" * 200),
        (template_of("hex:{length:2le}{message}"), "ab", b"\x02\x00ab"),
        (template_of("hex:{length:1}{message}"), "x" * 257, b"\x01" + b"x" * 257),
        (PACKED, 'a"b', b'\x82\xa2op\xa3say\xa4text\xa3a"b'),
    ],
)
def test_message_stands_in_a_binary_request(template: Any, message: str, carried: bytes) -> None:
    assert template.carry(message.encode()) == carried
    assert Reply(template, message) == carried
    assert Reply(template, None) == carried
    assert Reply(template, message + "c") != carried


@pytest.mark.parametrize(
    ("template", "other"),
    [
        (RECORD, b"\x01\x00\x04ab\x00"),
        (RECORD, b"\x01\x00"),
        (NESTED, b"\x12\x04\x0a\x03ab"),
        (NESTED, b"\x12\xff"),
        (PACKED, b"\x81\xa2op\xa3say"),
        (PACKED, b"\xc1"),
        (PACKED, '{"op": "say", "text": "ab"}'),
        (RECORD, "ab"),
    ],
)
def test_other_bytes_are_no_reply(template: Any, other: Message) -> None:
    assert Reply(template, None) != other
    assert Reply(template, "ab") != other


def test_reply_in_messagepack_may_have_further_members_in_any_order() -> None:
    assert Reply(PACKED, "ab") == b"\x83\xa1n\x07\xa4text\xa2ab\xa2op\xa3say"


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_fragments_of_a_text_become_those_of_a_binary_request(size: int) -> None:
    data = b"a message"
    frames = [text(data[:size], fin=size >= len(data))]
    frames += [
        continuation(data[at : at + size], fin=at + size >= len(data)) for at in range(size, len(data), size)
    ]
    carried = Carrying(RECORD).frames(frames)
    assert [frame.opcode for frame in carried] == [2] + [0] * (len(frames) - 1)
    assert b"".join(frame.payload for frame in carried) == RECORD.carry(data)
    assert all(frame.payload for frame in carried)


def test_request_with_a_length_is_sent_when_the_last_fragment_is_known() -> None:
    carrying = Carrying(RECORD)
    half, rest = "\u20ac".encode()[:2], "\u20ac".encode()[2:]
    assert sent(carrying, text(half, fin=False), ping(b"p")) == [b"", b"p"]
    assert sent(carrying, continuation(b"", fin=False)) == [b""]
    assert sent(carrying, continuation(rest)) == [RECORD.carry(half + rest)]


def test_text_that_is_none_stays_text_where_that_is_known() -> None:
    frames = [text(b"\xff"), text(b"a", fin=False), continuation(b"\xff")]
    assert Carrying(PACKED).frames(frames) == frames
    carrying = Carrying(PACKED)
    carrying.frames([text(b"a", fin=False)])
    with pytest.raises(CannotCarry):
        carrying.frames([continuation(b"\xff")])


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("hex:0{message}", "hexadecimal digits"),
        ("hex:{length:3}{message}", "{length:4}, {length:2le} or {length:varint}"),
        ("hex:00", "exactly once"),
        ("msgpack:say {message}", "JSON after msgpack:"),
    ],
)
def test_binary_request_that_is_none_is_refused_in_words(written: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        template_of(written)


def test_exchange_in_messagepack() -> None:
    exchange = Exchange('msgpack:{"op": "ping"}', Pattern('msgpack:{"op": "pong"}'))
    assert Carrying(exchange).frames([text("hello")]) == [binary(b"\x81\xa2op\xa4ping")]
    assert exchange == b"\x82\xa2op\xa4pong\xa1n\x07"
    assert exchange != '{"op": "pong"}'
