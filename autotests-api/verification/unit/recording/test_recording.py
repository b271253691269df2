"""The recording shows what went over the connection, checks all of it, raises nothing and stays small."""

from __future__ import annotations

import random
import tracemalloc
import zlib
from collections.abc import Iterable
from time import perf_counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_websocket.plugin.recordings import worth_showing
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
from pytest_websocket.recording import Recording, Totals
from verification.unit.recording.recordings import ACCEPTED, REQUEST, from_server, opened

DEFLATE = b"HTTP/1.1 101 OK\r\nSec-WebSocket-Extensions: permessage-deflate%s\r\n\r\n"
TAIL_OF_DEFLATE = b"\x00\x00\xff\xff"


class Deflater:
    """Compresses the messages of one direction (RFC 7692 §7.2.1)."""

    def __init__(self, *, takeover: bool = True) -> None:
        self.takeover = takeover
        self.engine = zlib.compressobj(wbits=-15)

    def __call__(self, data: bytes) -> bytes:
        packed = self.engine.compress(data) + self.engine.flush(zlib.Z_SYNC_FLUSH)
        if not self.takeover:
            self.engine = zlib.compressobj(wbits=-15)
        return packed.removesuffix(TAIL_OF_DEFLATE)


def violations(recording: Recording) -> list[str]:
    return [frame.violation for frame in recording.frames if frame.violation]


def test_recording_shows_both_directions_in_the_order_of_the_wire() -> None:
    recording = opened()
    recording.sent(text("Привет").encode())
    recording.received(from_server(ping(b"?")) + from_server(binary(b"\x00\xff")))
    recording.sent(pong(b"?").encode())
    recording.received(from_server(close(1001, "bye")))
    seen = [(frame.sent, frame.name, frame.data, frame.masked) for frame in recording.frames]
    assert seen == [
        (True, "TEXT", "Привет".encode(), True),
        (False, "PING", b"?", False),
        (False, "BINARY", b"\x00\xff", False),
        (True, "PONG", b"?", True),
        (False, "CLOSE", b"\x03\xe9bye", False),
    ]
    assert [frame.number for frame in recording.frames] == [1, 2, 3, 4, 5]
    assert not violations(recording)


def test_handshake_heads_are_kept_apart_from_the_frames() -> None:
    recording = opened()
    assert recording.request == REQUEST
    assert recording.response == ACCEPTED
    assert recording.frames == []
    assert recording.opened_at is not None


def test_time_of_a_frame_is_that_of_its_last_byte() -> None:
    recording = opened()
    frame = from_server(text("slow"))
    recording.received(frame[:3])
    assert recording.frames == []
    before_the_rest = perf_counter() - recording.started
    recording.received(frame[3:])
    assert recording.frames[0].at >= before_the_rest


frames = st.builds(
    Frame,
    opcode=st.integers(0, 15),
    payload=st.binary(max_size=300),
    fin=st.booleans(),
    rsv2=st.booleans(),
)


@settings(deadline=None)
@given(st.lists(frames, max_size=8), st.lists(st.integers(1, 200), max_size=20))
def test_any_division_into_chunks_gives_the_same_frames(sent: list[Frame], cuts: list[int]) -> None:
    stream = ACCEPTED + b"".join(map(from_server, sent))
    whole, divided = Recording(), Recording()
    whole.received(stream)
    for cut in cuts:
        divided.received(stream[:cut])
        stream = stream[cut:]
    divided.received(stream)
    seen = [
        [
            (frame.opcode, frame.fin, frame.rsv2, frame.data, frame.size, frame.violation)
            for frame in one.frames
        ]
        for one in (whole, divided)
    ]
    assert seen[0] == seen[1]
    assert [(frame.opcode, frame.payload, frame.fin, frame.rsv2) for frame in sent] == [
        (frame.opcode, frame.data, frame.fin, frame.rsv2) for frame in whole.frames
    ]


@settings(deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.binary(max_size=60)), max_size=30), st.booleans())
def test_any_bytes_are_good_enough_for_the_recording(
    chunks: Iterable[tuple[bool, bytes]], compressed: bool
) -> None:
    recording = opened(DEFLATE % b"") if compressed else Recording()
    for sent, data in chunks:
        (recording.sent if sent else recording.received)(data)
    recording.tail()
    assert len(recording.frames) == recording.totals.frames_sent + recording.totals.frames_received


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_answer_to_the_handshake_is_good_enough(head: bytes) -> None:
    recording = Recording()
    recording.sent(REQUEST)
    recording.received(
        b"HTTP/1.1 101 x\r\nSec-WebSocket-Extensions: permessage-deflate; " + head + b"\r\n\r\n"
    )
    recording.received(from_server(Frame(TEXT, Deflater()(b"x"), rsv1=True)))
    assert recording.tail()


def test_ring_forgets_the_oldest_frames_and_counts_them_all() -> None:
    recording = opened(max_frames=3)
    frame = from_server(text("x"))
    for _ in range(1000):
        recording.received(frame)
    assert [record.number for record in recording.frames] == [998, 999, 1000]
    assert recording.omitted == 997
    assert recording.totals == Totals(0, len(REQUEST), 1000, len(ACCEPTED) + 1000 * len(frame))


def test_long_payload_is_cut_and_its_size_is_exact() -> None:
    recording = opened(max_payload=10)
    recording.received(from_server(text("я" * 100_000)))
    record = recording.frames[0]
    assert record.data == "я".encode() * 5
    assert (record.size, record.payload_size, record.wire_size) == (200_000, 200_000, 200_010)
    assert not record.violation
    assert "200000 bytes" in recording.tail()


def test_sixteen_megabytes_pass_through_without_staying() -> None:
    recording = opened()
    frame = memoryview(from_server(binary(bytes(2**24))))
    tracemalloc.start()
    try:
        for start in range(0, len(frame), 2**16):
            recording.received(bytes(frame[start : start + 2**16]))
        assert recording.frames[0].size == 2**24
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2**20


def test_frame_that_announces_the_impossible_is_not_waited_for_in_memory() -> None:
    recording = opened()
    recording.received(Frame(BINARY).encode(masked=False, length=2**63 - 1, length_bits=64))
    for _ in range(100):
        recording.received(bytes(2**16))
    assert recording.frames == []
    assert recording.unfinished == f"of a frame (BINARY) of {2**63 - 1} bytes only {100 * 2**16} arrived"


@pytest.mark.parametrize(
    "parameters, takeover",
    [(b"", True), (b"; server_no_context_takeover; client_no_context_takeover", False)],
    ids=["one context", "a context per message"],
)
def test_compressed_messages_are_shown_inflated(parameters: bytes, takeover: bool) -> None:
    recording = opened(DEFLATE % parameters)
    ours, theirs = Deflater(takeover=takeover), Deflater(takeover=takeover)
    for number in range(3):
        recording.sent(Frame(TEXT, ours(f"вопрос {number}".encode() * 20), rsv1=True).encode())
        recording.received(from_server(Frame(TEXT, theirs(f"ответ {number}".encode() * 20), rsv1=True)))
    expected = [f"{word} {number}".encode() * 20 for number in range(3) for word in ("вопрос", "ответ")]
    assert [frame.data for frame in recording.frames] == expected
    assert [frame.size for frame in recording.frames] == [len(data) for data in expected]
    assert all(frame.payload_size < frame.size for frame in recording.frames)
    assert not violations(recording)


@pytest.mark.parametrize("cut", [1, 3, 40, 10**6])
@pytest.mark.parametrize(
    "message",
    [b"", b"short", bytes(100_000), random.Random(2).randbytes(70_000)],
    ids=["empty", "short", "zeros", "noise"],
)
def test_compressed_messages_are_the_same_in_any_chunks(message: bytes, cut: int) -> None:
    recording, compress = opened(DEFLATE % b""), Deflater()
    for _ in range(3):
        frame = from_server(Frame(BINARY, compress(message), rsv1=True))
        recording.received(frame[:cut])
        recording.received(frame[cut:])
    assert [frame.size for frame in recording.frames] == [len(message)] * 3
    assert {frame.data for frame in recording.frames} == {message[: recording.max_payload]}
    assert not violations(recording)


def test_last_block_of_a_compressed_message_may_be_final() -> None:
    recording = opened(DEFLATE % b"")
    for _ in range(2):
        engine = zlib.compressobj(wbits=-15)
        packed = engine.compress(b"with a final block") + engine.flush(zlib.Z_FINISH)
        recording.received(from_server(Frame(BINARY, packed + b"\x00", rsv1=True)))
    assert [frame.data for frame in recording.frames] == [b"with a final block"] * 2


def test_compressed_fragments_are_inflated_around_a_ping() -> None:
    recording = opened(DEFLATE % b"")
    packed = Deflater()(b"one message in two frames")
    recording.received(from_server(Frame(TEXT, packed[:5], fin=False, rsv1=True)))
    recording.received(from_server(ping(b"!")))
    recording.received(from_server(continuation(packed[5:])))
    first, between, last = recording.frames
    assert first.data + last.data == b"one message in two frames"
    assert between.data == b"!"
    assert not violations(recording)


def test_window_is_the_negotiated_one() -> None:
    recording = opened(DEFLATE % b"; server_max_window_bits=9")
    noise, compress = random.Random(1).randbytes(2000), Deflater()
    for _ in range(2):
        recording.received(from_server(Frame(BINARY, compress(noise), rsv1=True)))
    assert violations(recording) == [
        "a compressed message cannot be inflated: "
        "invalid distance too far back (agreed window: 512 bytes) (RFC 7692 §7.2.2)"
    ]


def test_deflate_bomb_costs_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_websocket.recording.recording.MAX_INFLATED", 2**23)
    recording = opened(DEFLATE % b"")
    bomb = from_server(Frame(BINARY, Deflater()(bytes(2**25)), rsv1=True))
    tracemalloc.start()
    try:
        recording.received(bomb)
        record = recording.frames[0]
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2**20
    assert record.size >= 2**23
    assert len(record.data) == recording.max_payload
    assert f"inflates to more than {2**23} bytes" in recording.tail()


def test_messages_after_broken_compression_are_still_recorded() -> None:
    recording = opened(DEFLATE % b"")
    recording.received(from_server(Frame(TEXT, b"\xff\xff\xff\xff", rsv1=True)))
    recording.received(from_server(text("plain")))
    broken, plain = recording.frames
    assert "cannot be inflated" in broken.violation
    assert (plain.data, plain.violation) == (b"plain", "")


@pytest.mark.parametrize("limit", [3, 4096])
def test_character_that_is_divided_between_fragments_is_no_violation(limit: int) -> None:
    recording = opened(max_payload=limit)
    whole = "жук".encode()
    recording.received(from_server(text(whole[:3], fin=False)) + from_server(continuation(whole[3:])))
    assert not violations(recording)


def test_wrong_text_is_found_behind_what_is_kept() -> None:
    recording = opened(max_payload=4)
    recording.received(from_server(text(b"x" * 1000 + b"\xff")))
    assert "not valid UTF-8" in violations(recording)[0]


def test_refusal_has_a_head_and_its_body_is_no_frame() -> None:
    recording = Recording()
    recording.sent(REQUEST)
    refusal = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\n"
    recording.received(refusal + b"\x81\x00")
    assert recording.response == refusal
    assert recording.frames == []
    assert recording.opened_at is None


def test_interim_answer_is_followed_by_the_real_one() -> None:
    recording = Recording()
    recording.sent(REQUEST)
    recording.received(b"HTTP/1.1 103 Early Hints\r\n\r\n" + ACCEPTED + from_server(text("hello")))
    assert recording.response == ACCEPTED
    assert [frame.data for frame in recording.frames] == [b"hello"]


def test_frames_follow_a_request_that_was_no_request() -> None:
    recording = Recording()
    recording.sent(b"GET / HTTP/1.1\nUpgrade: websocket\n\n")
    recording.received(ACCEPTED)
    recording.sent(text("hello").encode())
    assert recording.request == b"GET / HTTP/1.1\nUpgrade: websocket\n\n"
    assert [frame.data for frame in recording.frames] == [b"hello"]


def test_conversation_without_a_handshake_is_read_as_frames() -> None:
    recording = Recording()
    recording.sent(text("hello").encode())
    recording.received(from_server(Frame(TEXT, b"you too", fin=False)))
    assert (recording.request, recording.response) == (b"", b"")
    assert [frame.data for frame in recording.frames] == [b"hello", b"you too"]


def test_endless_head_does_not_stay_in_memory() -> None:
    recording = Recording()
    for _ in range(100):
        recording.received(b"x" * 2**15)
    assert len(recording.response) <= 2**16
    assert recording.totals.bytes_received == 100 * 2**15


def test_first_word_on_the_end_is_the_one_that_counts() -> None:
    recording = opened()
    recording.end("TCP reset by the server")
    recording.end("TCP closed by the client")
    assert recording.ended == "TCP reset by the server"
    assert recording.ended_at is not None


def test_notes_do_not_grow_without_end() -> None:
    recording = Recording()
    for number in range(10_000):
        recording.note(f"note {number}")
    assert len(recording.notes) == 256


def test_failure_shows_the_last_conversations_and_those_with_a_broken_rule() -> None:
    kept = [opened() for _ in range(10)]
    for number in (1, 2, 9):
        kept[number].received(text("x").encode(masked=True))
    assert worth_showing(kept) == [kept[1], kept[2], *kept[6:]]
    assert worth_showing(kept[:3]) == kept[:3]
