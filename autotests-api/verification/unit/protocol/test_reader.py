"""The strict reader: good frames pass, and every broken rule is told in words."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_websocket.protocol.deflate import Deflater, Inflater
from pytest_websocket.protocol.frames import (
    BINARY,
    TEXT,
    Frame,
    binary,
    close,
    continuation,
    ping,
    pong,
    text,
)
from pytest_websocket.protocol.reader import CloseStatus, Reader
from pytest_websocket.protocol.rules import Role


def feed(*frames: Frame, reader: Reader | None = None, **encoding: Any) -> tuple[Reader, list[Any]]:
    reader = reader or Reader()
    received = []
    for frame in frames:
        received += reader.feed(frame.encode(masked=False, **encoding))
    return reader, received


def test_good_frames_break_no_rule() -> None:
    frames = [
        text("whole"),
        binary(b"\xff"),
        text("a", fin=False),
        ping(bytes(125)),
        continuation("b"),
        pong(),
        close(1000, "ok"),
    ]
    reader, received = feed(*frames)
    assert reader.violations == []
    assert [(r.message.opcode, r.message.content) for r in received if r.message] == [
        (TEXT, "whole"),
        (BINARY, b"\xff"),
        (TEXT, "ab"),
    ]
    assert received[-1].close == CloseStatus(1000, b"ok")


@pytest.mark.parametrize(
    ("frames", "words"),
    [
        ([continuation("x")], "without a message to continue"),
        ([text("a", fin=False), text("b")], "before the last fragment"),
        ([Frame(TEXT, rsv1=True)], "RSV1"),
        ([Frame(TEXT, rsv2=True)], "RSV2"),
        ([Frame(TEXT, rsv3=True)], "RSV3"),
        ([Frame(TEXT, rsv2=True, rsv3=True)], "RSV2 or RSV3"),
        ([Frame(9, rsv1=True)], "RSV1"),
        ([Frame(3)], "opcode 0x3 is reserved"),
        ([Frame(11)], "opcode 0xb is reserved"),
        ([Frame(9, b"x", fin=False)], "fragmented"),
        ([ping(bytes(126))], "longer than 125"),
        ([text(b"\xff")], "not valid UTF-8"),
        ([text(b"\xd0", fin=False), continuation(b"x")], "not valid UTF-8"),
        ([Frame(8, b"\x03")], "half a code"),
        ([close(1005)], "1005"),
        ([close(1006)], "1006"),
        ([close(1015)], "1015"),
        ([close(1000, b"\xff")], "close reason is not valid UTF-8"),
        ([close(), text("late")], "after the Close frame"),
        ([close(), binary(b"late")], "after the Close frame"),
    ],
)
def test_broken_rule_is_told_in_words(frames: list[Frame], words: str) -> None:
    reader, _ = feed(*frames)
    assert len(reader.violations) == 1
    assert words in str(reader.violations[0])


def test_http_response_among_the_frames_is_called_so_and_ends_the_reading() -> None:
    reader = Reader()
    (received,) = reader.feed(text("a").encode(masked=False) + b"HTTP/1.1 500 Oops\r\nServer: x\r\n\r\n")
    assert received.message is not None
    assert [str(one) for one in reader.violations] == [
        "an HTTP response among the frames: 'HTTP/1.1 500 Oops' (RFC 6455 §5.2)"
    ]
    assert reader.feed(text("b").encode(masked=False)) == []


def test_control_frame_behind_a_close_is_no_violation() -> None:
    reader, _ = feed(close(), close(), pong())
    assert reader.violations == []


def test_masked_frame_is_a_violation_and_read_all_the_same() -> None:
    reader = Reader()
    (received,) = reader.feed(text("hello").encode(masked=True))
    assert received.message is not None
    assert received.message.content == "hello"
    assert "masked" in str(reader.violations[0])


@pytest.mark.parametrize("bits", [16, 64])
def test_length_in_a_longer_form_is_a_violation(bits: int) -> None:
    reader, received = feed(text("hello"), length_bits=bits)
    assert received[0].message.content == "hello"
    assert "not written in the fewest" in str(reader.violations[0])


@pytest.mark.parametrize("code", [0, 999, 1004, 1016, 2999])
def test_undefined_code_is_a_violation_and_read_all_the_same(code: int) -> None:
    reader, received = feed(close(code))
    assert [str(one) for one in reader.violations] == [f"close code {code} is not defined (RFC 6455 §7.4.2)"]
    assert received[0].close.code == code


def test_client_has_to_mask_and_a_server_must_not() -> None:
    reader = Reader(sender=Role.CLIENT)
    reader.feed(text("a").encode(masked=True))
    assert reader.violations == []
    reader.feed(text("a").encode(masked=False))
    assert [str(one) for one in reader.violations] == ["a client's frame is not masked (RFC 6455 §5.1)"]


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_frames_cut_anywhere_are_read(size: int) -> None:
    data = b"".join(frame.encode(masked=False) for frame in (text("one"), ping(b"two"), binary(bytes(300))))
    reader = Reader()
    received = [r for start in range(0, len(data), size) for r in reader.feed(data[start : start + size])]
    assert [r.frame.opcode for r in received] == [1, 9, 2]


def test_frame_too_large_to_read_is_refused_by_its_header() -> None:
    reader = Reader(max_payload=1000)
    assert reader.feed(binary(b"").encode(masked=False, length=10 << 30, length_bits=64)) == []
    assert reader.unreadable
    assert f"{10 << 30} bytes" in str(reader.violations[0])
    assert reader.feed(text("more").encode(masked=False)) == []


@pytest.mark.parametrize(("length", "top_bit"), [((1 << 63) - 1, False), (1 << 63, True)])
def test_top_bit_of_a_length_must_not_be_set(length: int, top_bit: bool) -> None:
    reader = Reader()
    reader.feed(binary(b"").encode(masked=False, length=length, length_bits=64))
    assert any("highest bit" in str(violation) for violation in reader.violations) is top_bit


@pytest.mark.parametrize(("frames", "broken"), [([text("a")], True), ([text("a"), close(1000)], False)])
def test_http_among_the_frames_is_a_violation_before_the_close_only(
    frames: list[Frame], broken: bool
) -> None:
    reader, received = feed(*frames)
    assert reader.feed(b"HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n" + bytes(90)) == []
    assert len(received) == len(frames)
    assert reader.unreadable
    assert any("an HTTP response among the frames" in str(one) for one in reader.violations) is broken


def test_message_without_an_end_is_bounded() -> None:
    reader = Reader(max_payload=1000)
    feed(binary(bytes(600), fin=False), continuation(bytes(600), fin=False), reader=reader)
    assert reader.unreadable
    assert "passed 1000 bytes" in str(reader.violations[0])


def test_nothing_is_read_behind_a_message_without_an_end() -> None:
    reader = Reader(max_payload=1000)
    frames = [binary(bytes(600), fin=False), *[continuation(bytes(600), fin=False)] * 3, text("more")]
    received = reader.feed(b"".join(frame.encode(masked=False) for frame in frames))
    assert [one.frame.opcode for one in received] == [2, 0]
    assert len(reader.violations) == 1


def test_frame_of_exactly_the_limit_is_read() -> None:
    reader, received = feed(binary(bytes(1000)), reader=Reader(max_payload=1000))
    assert len(received[0].message.data) == 1000
    assert not reader.unreadable


def test_message_of_exactly_the_limit_is_read_and_so_is_the_next() -> None:
    reader, received = Reader(max_payload=1000), []
    for _ in range(2):
        _, frames = feed(binary(bytes(600), fin=False), continuation(bytes(400)), reader=reader)
        received += [one.message for one in frames if one.message]
    assert [len(message.data) for message in received] == [1000, 1000]
    assert reader.violations == []


def test_compressed_message_is_inflated_and_judged_after_it() -> None:
    deflater, reader = Deflater(), Reader(Inflater())
    received = reader.feed(Frame(TEXT, deflater.deflate(b"hello"), rsv1=True).encode(masked=False))
    message = received[0].message
    assert message is not None
    assert (message.content, message.compressed) == ("hello", True)
    assert reader.violations == []
    reader.feed(Frame(TEXT, deflater.deflate(b"\xff"), rsv1=True).encode(masked=False))
    assert "not valid UTF-8" in str(reader.violations[0])


@pytest.mark.parametrize("frame", [Frame(9, rsv1=True), Frame(0, rsv1=True)], ids=["ping", "continuation"])
def test_rsv1_is_for_the_first_frame_of_a_message_only(frame: Frame) -> None:
    reader = Reader(Inflater())
    reader.feed(text("a", fin=False).encode(masked=False) + frame.encode(masked=False))
    assert "RSV1" in str(reader.violations[0])


def test_message_that_cannot_be_inflated_is_a_violation_and_no_message() -> None:
    reader = Reader(Inflater())
    for _ in range(2):
        (received,) = reader.feed(Frame(TEXT, b"\x07", rsv1=True).encode(masked=False))
        assert received.message is None
    assert [str(one) for one in reader.violations] == [
        "a compressed message cannot be inflated: invalid block type (RFC 7692 §7.2.2)"
    ]


def test_text_and_close_are_readable_in_a_failure() -> None:
    reader, received = feed(text("привет"), close(1001, "до свидания"), close(None))
    assert str(received[0].message) == "text message of 12 bytes 'привет'"
    assert str(received[1].close) == "Close 1001 'до свидания'"
    assert str(received[2].close) == "a Close frame without a code"
    assert str(CloseStatus(1000)) == "Close 1000"
    assert str(CloseStatus(1000, b"\xff")) == r"Close 1000 '\\xff'"
    assert reader.violations == []


@pytest.mark.parametrize(
    ("size", "shown"), [(116, f"b'{'x' * 116}'"), (117, f"b'{'x' * 108}…")], ids=["whole", "shortened"]
)
def test_message_is_shown_in_one_short_line(size: int, shown: str) -> None:
    _, (received,) = feed(binary(b"x" * size))
    assert str(received.message) == f"binary message of {size} bytes {shown}"
