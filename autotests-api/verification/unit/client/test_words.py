"""What a person reads on the terminal: messages in quotes, codes with their meaning, frames line by line."""

from __future__ import annotations

import pytest

from pytest_websocket.client import client as websocket_client
from pytest_websocket.protocol.credentials import masked_url
from pytest_websocket.recording import FrameRecord, Recording
from pytest_websocket.text import preview, quantity

CLOSE_1001 = b"\x03\xe9"


def record(**changed: object) -> FrameRecord:
    plain = {
        "number": 1,
        "at": 1.5,
        "sent": False,
        "opcode": 1,
        "fin": True,
        "rsv1": False,
        "rsv2": False,
        "rsv3": False,
        "masked": False,
        "length_bits": 7,
        "wire_size": 7,
        "payload_size": 5,
        "size": 5,
        "data": b"Hello",
        "violation": "",
    }
    return FrameRecord(**{**plain, **changed})


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        ({}, "   1.5000 s  received  TEXT          5 bytes  “Hello”"),
        ({"sent": True}, "   1.5000 s  sent      TEXT          5 bytes  “Hello”"),
        ({"opcode": 2}, "   1.5000 s  received  BINARY        5 bytes  b'Hello'"),
        ({"opcode": 3}, "   1.5000 s  received  opcode 0x3    5 bytes  b'Hello'"),
        ({"opcode": 0}, "   1.5000 s  received  CONTINUATION  5 bytes  “Hello”  (last fragment)"),
        ({"fin": False}, "   1.5000 s  received  TEXT          5 bytes  “Hello”  (more fragments follow)"),
        ({"payload_size": 7}, "   1.5000 s  received  TEXT          5 bytes (7 compressed)  “Hello”"),
        ({"data": b"", "size": 0, "payload_size": 0}, "   1.5000 s  received  TEXT          0 bytes"),
        ({"data": b"x", "size": 1, "payload_size": 1}, "   1.5000 s  received  TEXT          1 byte  “x”"),
        ({"size": 9, "payload_size": 9}, "   1.5000 s  received  TEXT          9 bytes  “Hello” …"),
        ({"data": b"\xff"}, r"   1.5000 s  received  TEXT          5 bytes  b'\xff' …"),
        ({"data": "я".encode()[:1]}, "   1.5000 s  received  TEXT          5 bytes  “” …"),
        ({"violation": "bad"}, "   1.5000 s  received  TEXT          5 bytes  “Hello”  !! bad"),
        (
            {"opcode": 8, "data": CLOSE_1001 + b"bye"},
            "   1.5000 s  received  CLOSE         1001 (going away) “bye”",
        ),
        ({"opcode": 8, "data": CLOSE_1001}, "   1.5000 s  received  CLOSE         1001 (going away)"),
        (
            {"opcode": 8, "data": CLOSE_1001 + b"\xff"},
            "   1.5000 s  received  CLOSE         1001 (going away) “\ufffd”",
        ),
        ({"opcode": 8, "data": b"\x03"}, r"   1.5000 s  received  CLOSE         b'\x03'"),
        ({"opcode": 8, "data": b""}, "   1.5000 s  received  CLOSE         without a code"),
    ],
)
def test_frame_is_told_in_one_line(changed: dict[str, object], line: str) -> None:
    assert str(record(**changed)) == line


@pytest.mark.parametrize(
    ("opcode", "kept", "shown"), [(1, 73, "“" + "x" * 72 + "” …"), (2, 25, f"b'{'x' * 24}' …")]
)
def test_long_frame_is_cut_to_a_line(opcode: int, kept: int, shown: str) -> None:
    for size in (kept - 1, kept):
        line = str(record(opcode=opcode, data=b"x" * size, size=size, payload_size=size))
        assert line.endswith(f"  {shown}" if size == kept else f"  {shown.removesuffix(' …')}")


@pytest.mark.parametrize(
    ("message", "settings", "shown"),
    [
        ("text", {}, "“text”"),
        (b"by\x00", {}, r"b'by\x00'"),
        ("line\n", {}, r"“line\n”"),
        ("x" * 120, {}, "“" + "x" * 120 + "”"),
        ("x" * 121, {}, "“" + "x" * 120 + "” …"),
        ("abcdef", {"limit": 4}, "“abcd” …"),
        ("abcdef", {"limit": 6}, "“abcdef”"),
        ("abcdefghij", {"limit": 4, "around": 5}, "… “defg” …"),
        ("abcdefghij", {"limit": 4, "around": 2}, "“abcd” …"),
        ("abcdefghij", {"limit": 4, "around": 3}, "… “bcde” …"),
        ("abcdefghij", {"limit": 4, "around": 9}, "… “ghij”"),
        ("ab", {"limit": 4, "around": 1}, "“ab”"),
        ("ab", {"whole": False}, "“ab” …"),
    ],
)
def test_preview_keeps_the_place_in_sight(message, settings, shown) -> None:
    assert preview(message, **settings) == shown


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("wss://host/a?x=1&token=t#top", "wss://host/a?x=1&token=•••••#top"),
        ("wss://host/?key=a&key=b&empty=", "wss://host/?key=•••••&key=•••••&empty="),
        ("wss://host/?token%26%2F=a&name=x%2Fy+z", "wss://host/?token%26%2F=•••••&name=x%2Fy%20z"),
        ("wss://a@b@host/", "wss://•••••@host/"),
        ("ws://host/\x1b", r"ws://host/\x1b"),
        ("ws://[bad\x1b", r"ws://[bad\x1b"),
        ("ws://host/?monkey=1&x=%2F", "ws://host/?monkey=1&x=%2F"),
    ],
)
def test_only_the_secrets_of_a_url_are_masked(url: str, shown: str) -> None:
    assert masked_url(url) == shown


def test_status_is_told_by_its_phrase_where_it_has_one() -> None:
    assert websocket_client._words_of_status(404) == "HTTP 404 Not Found"
    assert websocket_client._words_of_status(799) == "HTTP 799"


@pytest.mark.parametrize(("number", "words"), [(0, "0 bytes"), (1, "1 byte"), (2, "2 bytes")])
def test_one_is_singular(number: int, words: str) -> None:
    assert quantity(number, "byte") == words


def test_failure_lines_its_rows_up_and_carries_both_sides() -> None:
    failure = websocket_client._failure(
        websocket_client.ExpectationFailed,
        "it failed",
        [("expected", "one"), ("nearest", "two"), ("because", "of it")],
        Recording("mine"),
    )
    assert str(failure) == (
        "it failed\n  expected: one\n  nearest:  two\n  because:  of it\n\n"
        "The conversation of “mine”, 0 frames sent, 0 received:"
    )
    assert (failure.headline, failure.expected, failure.actual) == ("it failed", "one", "two")


def test_failure_without_rows_has_no_sides() -> None:
    failure = websocket_client._failure(
        websocket_client.ExpectationFailed, "it failed", [], Recording("mine", "ws://host/?token=t")
    )
    assert str(failure) == (
        "it failed\n\nThe conversation of “mine” with ws://host/?token=•••••, 0 frames sent, 0 received:"
    )
    assert (failure.expected, failure.actual) == ("", "")


def test_what_was_received_counts_for_more_than_what_came_near() -> None:
    rows = [("nearest", "two"), ("received", "three")]
    failure = websocket_client._failure(websocket_client.ExpectationFailed, "", rows, Recording())
    assert failure.actual == "three"
