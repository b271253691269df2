"""A frame is recorded as it stood on the wire, in whatever pieces it comes, and judged by every rule."""

from __future__ import annotations

import zlib
from typing import Any

import pytest

from pytest_websocket.protocol.deflate import Deflater
from pytest_websocket.protocol.deflate_blocks import RESERVED as RESERVED_TYPE
from pytest_websocket.protocol.deflate_blocks import Blocks
from pytest_websocket.protocol.frames import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    TEXT,
    Frame,
    binary,
    close,
    continuation,
    ping,
    pong,
    text,
)
from pytest_websocket.protocol.reader import Reader
from pytest_websocket.recording import FrameRecord, Recording
from pytest_websocket.recording import recording as recording_module

ACCEPTED = b"HTTP/1.1 101 OK\r\n\r\n"
DEFLATE = b"HTTP/1.1 101 OK\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n"
KEY = b"\x01\x20\x30\x40"


def opened(accepted: bytes = ACCEPTED, **limits: Any) -> Recording:
    recording = Recording(**limits)
    recording.sent(b"GET / HTTP/1.1\r\n\r\n")
    recording.received(accepted)
    return recording


def recorded(*pieces: bytes, sent: bool, accepted: bytes = ACCEPTED, **limits: Any) -> list[FrameRecord]:
    recording = opened(accepted, **limits)
    for piece in pieces:
        (recording.sent if sent else recording.received)(piece)
    return recording.frames


def untimed(records: list[FrameRecord]) -> list[FrameRecord]:
    return [record._replace(at=0.0) for record in records]


def pieces_of(data: bytes) -> list[bytes]:
    size = 1 if len(data) < 400 else 999
    return [data[start : start + size] for start in range(0, len(data), size)]


FRAMES = {
    "text": text("жук"),
    "empty": text(""),
    "binary": binary(b"\x00\xff"),
    "first fragment": text("a", fin=False),
    "ping": ping(b"?"),
    "close": close(1001, "bye"),
    "reserved": Frame(0xB, b"x", rsv2=True, rsv3=True),
    **{str(size): binary(b"x" * size) for size in (125, 126, 127, 4096, 4097, 65_535, 65_536)},
}


@pytest.mark.parametrize("sent", [True, False], ids=["sent", "received"])
@pytest.mark.parametrize("length_bits", [None, 16, 64], ids=["shortest", "16 bits", "64 bits"])
@pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES)
def test_frame_is_recorded_as_it_stood_on_the_wire(frame: Frame, length_bits: Any, sent: bool) -> None:
    size = len(frame.payload)
    length_bits = length_bits if size < 1 << 16 else None
    bits = length_bits or (7 if size < 126 else 16 if size < 1 << 16 else 64)
    data = frame.encode(masked=sent, mask_key=KEY, length_bits=length_bits)
    (record,) = recorded(data, sent=sent)
    assert (record.number, record.sent, record.opcode, record.fin) == (1, sent, frame.opcode, frame.fin)
    assert (record.rsv1, record.rsv2, record.rsv3) == (frame.rsv1, frame.rsv2, frame.rsv3)
    assert (record.masked, record.length_bits, record.wire_size) == (sent, bits, len(data))
    assert (record.payload_size, record.size, record.data) == (size, size, frame.payload[:4096])
    assert untimed(recorded(*pieces_of(data), sent=sent)) == untimed([record])


@pytest.mark.parametrize("sent", [True, False], ids=["sent", "received"])
@pytest.mark.parametrize("message", [b"", b"Hello" * 9, bytes(5000)], ids=["empty", "short", "long"])
def test_compressed_frame_is_recorded_with_both_sizes(message: Any, sent: bool) -> None:
    packed = Deflater().deflate(message)
    data = Frame(BINARY, packed, rsv1=True).encode(masked=sent, mask_key=KEY)
    (record,) = recorded(data, sent=sent, accepted=DEFLATE)
    assert (record.rsv1, record.payload_size, record.size) == (True, len(packed), len(message))
    assert (record.data, record.violation) == (message[:4096], "")
    assert untimed(recorded(*pieces_of(data), sent=sent, accepted=DEFLATE)) == untimed([record])


def test_frames_that_share_a_piece_are_told_apart() -> None:
    frames = [text("a", fin=False), ping(b"?"), continuation("b"), binary(b"x" * 200), text("я" * 5)]
    data = b"".join(frame.encode(masked=False) for frame in frames)
    for records in (recorded(data, sent=False), recorded(*pieces_of(data), sent=False)):
        assert [(one.number, one.opcode, one.fin, one.data) for one in records] == [
            (number, frame.opcode, frame.fin, frame.payload) for number, frame in enumerate(frames, 1)
        ]
        assert {one.violation for one in records} == {""}


@pytest.mark.parametrize("masked", [True, False], ids=["masked", "unmasked"])
@pytest.mark.parametrize("sent", [True, False], ids=["sent", "received"])
@pytest.mark.parametrize(("size", "length_bits"), [(1, 7), (10, 7), (1, 16), (386, 16), (386, 64)])
def test_two_frames_are_told_apart_wherever_the_pieces_part(
    size: int, length_bits: Any, sent: bool, masked: bool
) -> None:
    payloads = [b"x" * size, bytes(371)]
    first = binary(payloads[0]).encode(
        masked=masked, mask_key=KEY, length_bits=length_bits if length_bits > 7 else None
    )
    second = binary(payloads[1]).encode(masked=masked, mask_key=KEY)
    stream = first + second
    expected = [
        (masked, length_bits, len(first), size, payloads[0]),
        (masked, 16, len(second), 371, payloads[1]),
    ]
    for cut in (*range(1, len(first) + 6), len(stream)):
        records = recorded(stream[:cut], stream[cut:], sent=sent)
        seen = [(one.masked, one.length_bits, one.wire_size, one.size, one.data) for one in records]
        assert seen == expected, f"cut at {cut}"


@pytest.mark.parametrize("size", [1, 2, 5, 1000])
def test_payload_is_kept_up_to_its_limit_in_any_pieces(size: int) -> None:
    data = binary(b"12345").encode(masked=False)
    pieces = [data[start : start + size] for start in range(0, len(data), size)]
    (record,) = recorded(*pieces, sent=False, max_payload=4)
    assert (record.data, record.size) == (b"1234", 5)


def test_time_of_a_frame_is_counted_from_the_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = iter((100.0, 101.0, 102.0, 104.0, 108.0))
    monkeypatch.setattr(recording_module, "perf_counter", lambda: next(ticks))
    recording = opened()
    recording.received(text("a").encode(masked=False))
    recording.received(text("b").encode(masked=False)[:2])
    assert recording.opened_at == 2.0
    assert [frame.at for frame in recording.frames] == [4.0]


MASKED = "a server's frame is masked (RFC 6455 §5.1)"
RESERVED = "RSV2 or RSV3 is set (RFC 6455 §5.2)"
RSV1 = "RSV1 is set and no compression was negotiated (RFC 6455 §5.2)"
NOT_SHORTEST = "the length is not written in the fewest bytes (RFC 6455 §5.2)"
NOT_UTF8 = "the text is not valid UTF-8 (RFC 6455 §5.6)"
AFTER_CLOSE = "a data frame after the Close frame (RFC 6455 §5.5.1)"
ORPHAN = "a continuation without a message to continue (RFC 6455 §5.4)"
INTERRUPTED = "a new message before the last fragment of the one before (RFC 6455 §5.4)"
LONG_CONTROL = "a control frame is longer than 125 bytes (RFC 6455 §5.5)"
FRAGMENTED_CONTROL = "a control frame is fragmented (RFC 6455 §5.5)"

JUDGED = {
    "masked": (text("x").encode(mask_key=KEY), [MASKED]),
    "masked and not UTF-8": (text(b"\xff").encode(mask_key=KEY), [f"{MASKED}; {NOT_UTF8}"]),
    "masked, long way": (binary(b"x" * 126).encode(mask_key=KEY), [MASKED]),
    "rsv2": (Frame(TEXT, rsv2=True), [RESERVED]),
    "rsv3": (Frame(TEXT, rsv3=True), [RESERVED]),
    "rsv1": (Frame(TEXT, rsv1=True), [RSV1]),
    "all of rsv": (Frame(TEXT, rsv1=True, rsv2=True), [f"{RESERVED}; {RSV1}"]),
    "reserved opcode": (Frame(3), ["opcode 0x3 is reserved (RFC 6455 §5.2)"]),
    "reserved control": (Frame(0xB), ["opcode 0xb is reserved (RFC 6455 §5.2)"]),
    "ping of 125": (ping(bytes(125)), [""]),
    "ping of 126": (ping(bytes(126)), [LONG_CONTROL]),
    "half a ping": (Frame(PING, fin=False), [FRAGMENTED_CONTROL]),
    "half a close": (Frame(CLOSE, fin=False), [FRAGMENTED_CONTROL]),
    "orphan": (continuation("x"), [ORPHAN]),
    "125 in 16 bits": (binary(bytes(125)).encode(masked=False, length_bits=16), [NOT_SHORTEST]),
    "126 in 16 bits": (binary(bytes(126)), [""]),
    "65535 in 64 bits": (binary(bytes(65_535)).encode(masked=False, length_bits=64), [NOT_SHORTEST]),
    "65536 in 64 bits": (binary(bytes(65_536)), [""]),
    "interrupted": (
        text("a", fin=False).encode(masked=False) + binary(b"b").encode(masked=False),
        ["", INTERRUPTED],
    ),
    "twice a first fragment": (text("a", fin=False).encode(masked=False) * 2, ["", INTERRUPTED]),
    "ping between": (
        text("a", fin=False).encode(masked=False)
        + ping().encode(masked=False)
        + continuation("b").encode(masked=False)
        + continuation("c").encode(masked=False),
        ["", "", "", ORPHAN],
    ),
    "after a close": (close().encode(masked=False) + text("x").encode(masked=False), ["", AFTER_CLOSE]),
    "a second close": (close().encode(masked=False) * 2, ["", ""]),
    "a continuation after a close": (
        text("a", fin=False).encode(masked=False)
        + close().encode(masked=False)
        + continuation("b").encode(masked=False),
        ["", "", AFTER_CLOSE],
    ),
    "a masked close": (close(1000, "bye").encode(mask_key=KEY), [MASKED]),
    "a pong after a close": (close().encode(masked=False) + pong().encode(masked=False), ["", ""]),
    "text cut off": (text("я".encode()[:1]), [NOT_UTF8]),
    "text wrong at its end": (text("яx".encode()[:2] + b"\xd1"), [NOT_UTF8]),
    "text cut in a fragment": (
        text("я".encode()[:1], fin=False).encode(masked=False) + continuation(b"x").encode(masked=False),
        ["", NOT_UTF8],
    ),
    "text wrong in a fragment": (
        text(b"\xff", fin=False).encode(masked=False) + continuation(b"\xff").encode(masked=False),
        [NOT_UTF8, ""],
    ),
    "binary that is no text": (
        binary(b"\xff", fin=False).encode(masked=False) + continuation(b"\xff").encode(masked=False),
        ["", ""],
    ),
    "half a code": (Frame(CLOSE, b"\x03"), ["a Close frame with half a code (RFC 6455 §5.5.1)"]),
    "no code": (Frame(CLOSE), [""]),
    "reason that is no text": (
        close(1000, b"\xff"),
        ["the close reason is not valid UTF-8 (RFC 6455 §5.5.1)"],
    ),
    "bad code and reason": (
        close(999, b"\xff"),
        [
            "close code 999 is not defined (RFC 6455 §7.4.2); "
            "the close reason is not valid UTF-8 (RFC 6455 §5.5.1)"
        ],
    ),
}


@pytest.mark.parametrize(("data", "violations"), JUDGED.values(), ids=JUDGED)
def test_violation_is_told_word_by_word_in_whole_frames_and_in_pieces(data: bytes, violations: Any) -> None:
    stream = data.encode(masked=False) if isinstance(data, Frame) else data
    assert [one.violation for one in recorded(stream, sent=False)] == violations
    assert [one.violation for one in recorded(*pieces_of(stream), sent=False)] == violations
    assert {one.violation for one in recorded(stream, sent=True)} == {""}
    assert {one.violation for one in recorded(*pieces_of(stream), sent=True)} == {""}


@pytest.mark.parametrize("data", [data for data, _ in JUDGED.values()], ids=JUDGED)
def test_recording_and_reader_agree(data: bytes) -> None:
    stream = data.encode(masked=False) if isinstance(data, Frame) else data
    reader = Reader()
    reader.feed(stream)
    records = recorded(stream, sent=False)
    assert [one for record in records for one in record.violations] == reader.violations


def test_compressed_message_is_marked_on_its_first_frame_only() -> None:
    packed = Deflater().deflate(b"Hello")
    first = Frame(TEXT, packed[:2], fin=False, rsv1=True).encode(masked=False)
    last = Frame(CONTINUATION, packed[2:], rsv1=True).encode(masked=False)
    records = recorded(first, last, sent=False, accepted=DEFLATE)
    assert [one.violation for one in records] == [
        "",
        "RSV1 is set on a frame that starts no message (RFC 7692 §6)",
    ]
    assert b"".join(one.data for one in records) == b"Hello"


def test_compressed_text_is_judged_when_it_is_inflated() -> None:
    data = Frame(TEXT, Deflater().deflate(b"x" * 200 + b"\xff"), rsv1=True).encode(masked=False)
    for pieces in ([data], pieces_of(data)):
        (record,) = recorded(*pieces, sent=False, accepted=DEFLATE)
        assert record.violation == NOT_UTF8


@pytest.mark.parametrize("cut", [2, 3], ids=["in pieces", "whole"])
@pytest.mark.parametrize("frame", [text(b"\x00"), continuation(b"\x00")], ids=["message", "orphan"])
def test_frame_that_is_not_compressed_is_shown_as_it_came_where_compression_was_agreed(
    frame: Frame, cut: int
) -> None:
    data = frame.encode(masked=False)
    # This payload would inflate to nothing.
    (record,) = recorded(data[:cut], data[cut:], sent=False, accepted=DEFLATE)
    assert (record.data, record.size) == (b"\x00", 1)


def compressed_recording(*messages: bytes, fresh: bool, cut: int) -> Recording:
    """Returns a recording of these compressed messages, each received in two pieces."""
    parameter = b"; server_no_context_takeover" if fresh else b""
    recording = opened(DEFLATE.removesuffix(b"\r\n\r\n") + parameter + b"\r\n\r\n")
    for message in messages:
        data = Frame(BINARY, message, rsv1=True).encode(masked=False)
        recording.received(data[:cut])
        recording.received(data[cut:])
    return recording


@pytest.mark.parametrize("cut", [3, 1000], ids=["in pieces", "whole"])
@pytest.mark.parametrize("fresh", [False, True], ids=["one context", "a context per message"])
def test_context_of_compression_is_kept_or_not_as_agreed(fresh: bool, cut: int) -> None:
    deflater = Deflater(takeover=not fresh)
    recording = compressed_recording(
        *(deflater.deflate(b"the same words") for _ in range(3)), fresh=fresh, cut=cut
    )
    assert [(one.data, one.violation) for one in recording.frames] == [(b"the same words", "")] * 3


def test_compressed_fragment_of_one_byte_that_we_sent_is_no_whole_message() -> None:
    packed = Deflater().deflate(b"Hello")
    first = Frame(BINARY, packed[:1], fin=False, rsv1=True).encode(mask_key=KEY)
    last = continuation(packed[1:]).encode(mask_key=KEY)
    records = recorded(first, last, sent=True, accepted=DEFLATE)
    assert b"".join(one.data for one in records) == b"Hello"


@pytest.mark.parametrize("cut", [3, 1000], ids=["in pieces", "whole"])
def test_reference_to_an_earlier_message_is_told_where_none_was_agreed(cut: int) -> None:
    deflater = Deflater()
    first, second = (
        deflater.deflate(text) for text in (b"words of forty-two characters", b"forty-two characters")
    )
    recording = compressed_recording(first, second, fresh=True, cut=cut)
    assert recording.frames[0].violation == ""
    assert "invalid distance too far back" in recording.frames[1].violation


def test_broken_compression_is_told_once_and_only_of_the_server() -> None:
    broken = Frame(BINARY, b"\xff\xff", rsv1=True)
    packed = Deflater().deflate(b"Hello")
    later = Frame(TEXT, packed, rsv1=True)
    stream = [broken.encode(masked=False), later.encode(masked=False)]
    first, second = recorded(*stream, sent=False, accepted=DEFLATE)
    assert first.violation == (
        "a compressed message cannot be inflated: invalid block type (RFC 7692 §7.2.2)"
    )
    assert (second.data, second.violation) == (packed, "")
    stream = [broken.encode(mask_key=KEY), later.encode(mask_key=KEY)]
    assert {one.violation for one in recorded(*stream, sent=True, accepted=DEFLATE)} == {""}


def test_broken_compression_of_a_text_says_nothing_of_its_letters() -> None:
    half = Blocks().stored("я".encode()[:1]).encode()
    data = Frame(TEXT, half + Blocks().header(RESERVED_TYPE).encode(), rsv1=True).encode(masked=False)
    (record,) = recorded(data[:-1], data[-1:], sent=False, accepted=DEFLATE)
    assert record.data == half[-1:]
    assert "cannot be inflated" in record.violation
    assert "UTF-8" not in record.violation


def test_message_that_inflates_to_too_much_is_noted_and_no_violation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording_module, "MAX_INFLATED", 1000)
    deflater, recording = Deflater(), opened(DEFLATE)
    for _ in range(2):
        exact = Frame(BINARY, deflater.deflate(bytes(1000)), rsv1=True).encode(masked=False)
        recording.received(exact[:3])
        recording.received(exact[3:])
    assert [one.size for one in recording.frames] == [1000, 1000]
    assert recording.notes == []
    huge = Frame(TEXT, Deflater().deflate(b"x" * 70_000), rsv1=True)
    recording = opened(DEFLATE)
    for _ in range(3):
        recording.received(huge.encode(masked=False))
    assert [one.violation for one in recording.frames] == ["", "", ""]
    assert [note.text for note in recording.notes] == [
        "a compressed message cannot be inflated: it inflates to more than 1000 bytes; "
        "compressed messages after it are shown as they came"
    ]


def test_blocks_that_end_the_stream_are_read_on_behind_it() -> None:
    engine = zlib.compressobj(wbits=-15)
    first = engine.compress(b"one ") + engine.flush(zlib.Z_FINISH)
    whole = first + Deflater().deflate(b"two")
    data = Frame(BINARY, whole, rsv1=True).encode(masked=False)
    for pieces in ([data], pieces_of(data), [data[:4], data[4:]]):
        (record,) = recorded(*pieces, sent=False, accepted=DEFLATE)
        assert (record.data, record.size, record.violation) == (b"one two", 7, "")


@pytest.mark.parametrize(
    ("pieces", "words"),
    [
        ([], ""),
        ([b"\x81"], "of a frame's header only 1 byte arrived"),
        ([b"\x81\x7e\x01"], "of a frame's header only 3 bytes arrived"),
        ([b"\x81\x05Hel"], "of a frame (TEXT) of 5 bytes only 3 arrived"),
        ([b"\x81\x05H", b"el"], "of a frame (TEXT) of 5 bytes only 3 arrived"),
        ([b"\x83\x05Hel"], "of a frame (opcode 0x3) of 5 bytes only 3 arrived"),
        ([b"\x81\x02Hi"], ""),
    ],
)
def test_frame_that_never_became_whole_is_told(pieces: Any, words: str) -> None:
    recording = opened()
    for piece in pieces:
        recording.received(piece)
    assert recording.unfinished == words


def test_what_a_test_sends_is_not_judged_where_it_looks_like_http() -> None:
    data = b"HTTP/1.1 200 OK\r\n" + bytes(86 - 17)
    (sent,) = recorded(data, sent=True)
    (received,) = recorded(data, sent=False)
    assert (sent.size, sent.violation) == (84, "")
    assert "an HTTP response among the frames" in received.violation
