"""A recorded frame is shown on one line: time, direction, type, size, the beginning of its payload."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_websocket.protocol.frames import Header
from pytest_websocket.protocol.judge import MASKED
from pytest_websocket.protocol.rules import Violation
from pytest_websocket.recording import FrameRecord

CLOSE_1001 = b"\x03\xe9"


def record(
    first: int = 0x81,
    data: bytes = b"Hello",
    *,
    size: int | None = None,
    payload_size: int | None = None,
    sent: bool = False,
    violations: tuple[Violation, ...] = (),
) -> FrameRecord:
    size = len(data) if size is None else size
    header = Header(first, 0, b"", size if payload_size is None else payload_size, 7, 2)
    return FrameRecord(1, 1.5, sent, header, size, data, violations)


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        ({}, "   1.5000 s  received  TEXT          5 bytes  “Hello”"),
        ({"sent": True}, "   1.5000 s  sent      TEXT          5 bytes  “Hello”"),
        ({"first": 0x82}, "   1.5000 s  received  BINARY        5 bytes  b'Hello'"),
        ({"first": 0x83}, "   1.5000 s  received  opcode 0x3    5 bytes  b'Hello'"),
        ({"first": 0x80}, "   1.5000 s  received  CONTINUATION  5 bytes  “Hello”  (last fragment)"),
        ({"first": 0x01}, "   1.5000 s  received  TEXT          5 bytes  “Hello”  (more fragments follow)"),
        ({"payload_size": 7}, "   1.5000 s  received  TEXT          5 bytes (7 compressed)  “Hello”"),
        ({"data": b""}, "   1.5000 s  received  TEXT          0 bytes"),
        ({"data": b"x"}, "   1.5000 s  received  TEXT          1 byte  “x”"),
        ({"size": 9}, "   1.5000 s  received  TEXT          9 bytes  “Hello” …"),
        ({"data": b"\xff", "size": 5}, r"   1.5000 s  received  TEXT          5 bytes  b'\xff' …"),
        ({"data": "я".encode()[:1], "size": 5}, "   1.5000 s  received  TEXT          5 bytes  “” …"),
        ({"violations": (MASKED,)}, f"   1.5000 s  received  TEXT          5 bytes  “Hello”  !! {MASKED}"),
        (
            {"first": 0x88, "data": CLOSE_1001 + b"bye"},
            "   1.5000 s  received  CLOSE         1001 (going away) “bye”",
        ),
        ({"first": 0x88, "data": CLOSE_1001}, "   1.5000 s  received  CLOSE         1001 (going away)"),
        (
            {"first": 0x88, "data": CLOSE_1001 + b"\xff"},
            "   1.5000 s  received  CLOSE         1001 (going away) “\\xff”",
        ),
        ({"first": 0x88, "data": b"\x03"}, r"   1.5000 s  received  CLOSE         a body of one byte, 03"),
        ({"first": 0x88, "data": b""}, "   1.5000 s  received  CLOSE         without a code"),
    ],
)
def test_frame_is_shown_on_one_line(changed: dict[str, Any], line: str) -> None:
    assert str(record(**changed)) == line


@pytest.mark.parametrize(
    ("opcode", "kept", "shown"), [(1, 73, "“" + "x" * 72 + "” …"), (2, 25, f"b'{'x' * 24}' …")]
)
def test_long_frame_is_cut_to_a_line(opcode: int, kept: int, shown: str) -> None:
    for size in (kept - 1, kept):
        line = str(record(0x80 | opcode, b"x" * size))
        assert line.endswith(f"  {shown}" if size == kept else f"  {shown.removesuffix(' …')}")
