"""The heads of a handshake are found in whatever pieces they come, and so is what they agreed on."""

from __future__ import annotations

import time

import pytest

from pytest_websocket.protocol.extensions import Agreement
from pytest_websocket.protocol.frames import binary, text
from pytest_websocket.recording import Recording, Totals
from pytest_websocket.recording import recording as recording_module
from pytest_websocket.recording.direction import status_of
from pytest_websocket.recording.recording import agreement_of
from verification.unit.recording.recordings import ACCEPTED, REQUEST

HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n"
FRAME = text("hello").encode(masked=False)


def recording_of(*, sent: bytes = b"", received: bytes = b"", size: int = 1 << 20) -> Recording:
    recording = Recording()
    for start in range(0, len(sent), size):
        recording.sent(sent[start : start + size])
    for start in range(0, len(received), size):
        recording.received(received[start : start + size])
    return recording


@pytest.mark.parametrize("size", [1, 2, 3, 5, 1000])
def test_heads_end_at_their_empty_line_in_any_pieces(size: int) -> None:
    recording = recording_of(sent=REQUEST + FRAME, received=HINTS + HINTS + ACCEPTED + FRAME * 2, size=size)
    assert (recording.request, recording.response) == (REQUEST, ACCEPTED)
    assert [(one.sent, one.data) for one in recording.frames] == [
        (True, b"hello"),
        (False, b"hello"),
        (False, b"hello"),
    ]
    received = len(HINTS) * 2 + len(ACCEPTED) + len(FRAME) * 2
    assert recording.totals == Totals(1, len(REQUEST) + len(FRAME), 2, received)


@pytest.mark.parametrize("size", [1, 1000])
@pytest.mark.parametrize("status", [b"200 OK", b"404 Not Found", b"99 low", b"x"])
def test_refusal_is_followed_by_a_body_and_by_no_frames(status: bytes, size: int) -> None:
    head = b"HTTP/1.1 " + status + b"\r\n\r\n"
    recording = recording_of(sent=REQUEST, received=head + FRAME + FRAME, size=size)
    assert (recording.response, recording.frames, recording.opened_at) == (head, [], None)
    assert recording.unfinished == ""


@pytest.mark.parametrize("status", [100, 102, 199])
def test_answer_with_a_status_below_200_is_followed_by_another(status: int) -> None:
    interim = b"HTTP/1.1 %d Later\r\n\r\n" % status
    recording = recording_of(sent=REQUEST, received=interim + ACCEPTED + FRAME)
    assert (recording.response, [one.data for one in recording.frames]) == (ACCEPTED, [b"hello"])


def test_interim_answer_without_another_is_kept() -> None:
    assert recording_of(sent=REQUEST, received=HINTS).response == HINTS


@pytest.mark.parametrize("first", [b"\x81\x00", b"\x01\x00", b"\x1f\x00", b"\x80\x00", b"\xff\x00"])
def test_byte_that_begins_no_http_begins_a_frame(first: bytes) -> None:
    recording = recording_of(received=first)
    assert (len(recording.frames), recording.response) == (1, b"")


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_conversation_that_begins_with_frames_is_read_as_frames_in_any_pieces(size: int) -> None:
    recording = recording_of(received=FRAME * 2, size=size)
    assert ([one.data for one in recording.frames], recording.response) == ([b"hello"] * 2, b"")


def test_empty_line_is_a_whole_head() -> None:
    recording = recording_of(received=b"\r\n\r\n" + ACCEPTED)
    assert (recording.response, recording.opened_at) == (b"\r\n\r\n", None)


@pytest.mark.parametrize("first", [b"\r\n\r\n", b"\n\x00", b" \x00", b"H\x00", b"\x7f\x00"])
def test_byte_that_may_begin_http_begins_a_head(first: bytes) -> None:
    recording = recording_of(received=first)
    assert (recording.frames, recording.response) == ([], first)


def test_high_byte_in_the_middle_of_a_head_begins_no_frame() -> None:
    recording = recording_of(received=b"HTTP/1.1 101 \x81\r\n\r\n", size=1)
    assert (recording.frames, recording.response) == ([], b"HTTP/1.1 101 \x81\r\n\r\n")


def test_head_is_kept_up_to_its_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_websocket.recording.direction.MAX_HEAD", 40)
    head = b"HTTP/1.1 101 OK\r\nA: " + b"x" * 16 + b"\r\n\r\n"
    assert len(head) == 40
    assert recording_of(received=head[:-1] + b"\n" + FRAME).response == head
    recording = recording_of(received=b"x" * 41 + ACCEPTED, size=41)
    assert (recording.response, recording.opened_at) == (b"x" * 40, None)
    recording = recording_of(received=b"x" * 40 + b"\r\n\r\n", size=40)
    assert recording.response == b"x" * 40 + b"\r\n\r\n"


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"HTTP/1.1 101 Switching", 101),
        (b"HTTP/1.0 404\r\n", 404),
        (b"HTTP/1.1 1010 x", 0),
        (b"HTTP/1.1 10 x", 0),
        (b"HTTP/11 101 x", 0),
        (b"http/1.1 101 x", 0),
        (b" HTTP/1.1 101 x", 0),
        (b"", 0),
    ],
)
def test_status_is_read_from_a_status_line_only(head: bytes, status: int) -> None:
    assert status_of(head) == status


@pytest.mark.parametrize(
    ("value", "agreed"),
    [
        (b"", None),
        (b"x-other", None),
        (b"x-other; client_max_window_bits=9", None),
        (b"permessage-deflate", Agreement()),
        (b"x-other, permessage-deflate", Agreement()),
        (b"permessage-deflate; client_max_window_bits=10", Agreement(client_max_window_bits=10)),
        (b"permessage-deflate; server_max_window_bits=8", Agreement(server_max_window_bits=8)),
        (b"permessage-deflate; server_no_context_takeover", Agreement(server_no_context_takeover=True)),
        (b"permessage-deflate; client_no_context_takeover", Agreement(client_no_context_takeover=True)),
        # Illegal: the peers may go on nevertheless, and then with the defaults.
        (b"permessage-deflate; client_max_window_bits=16", Agreement()),
        (b"permessage-deflate; a=1=2", Agreement()),
        (b"permessage-deflate; x", Agreement()),
        (b"x-other; =", None),
        (b"x-other\r\nSec-WebSocket-Extensions: permessage-deflate", Agreement()),
    ],
)
def test_agreement_on_compression_is_read_from_the_head(value: bytes, agreed: Agreement | None) -> None:
    head = b"HTTP/1.1 101 OK\r\nsec-websocket-EXTENSIONS: " + value + b"\r\nX: y\r\n\r\n"
    assert agreement_of(head) == agreed


def test_header_of_another_name_agrees_on_nothing() -> None:
    for line in (b"X-Sec-WebSocket-Extensions: permessage-deflate", b"Upgrade: permessage-deflate"):
        assert agreement_of(b"HTTP/1.1 101 OK\r\n" + line + b"\r\n\r\n") is None


def test_new_recording_is_empty() -> None:
    recording = Recording()
    assert (recording.name, recording.url, recording.notes, recording.ended, recording.ended_at) == (
        "client",
        "",
        [],
        "",
        None,
    )
    assert (recording.request, recording.response, recording.frames, recording.opened_at) == (
        b"",
        b"",
        [],
        None,
    )
    assert (recording.totals, recording.omitted, recording.unfinished) == (Totals(0, 0, 0, 0), 0, "")
    assert (recording.max_payload, recording._frames.maxlen) == (4096, 512)
    assert abs(recording.started_at - time.time()) < 60


def test_times_are_counted_from_the_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = iter((100.0, 101.5, 103.0))
    monkeypatch.setattr(recording_module, "perf_counter", lambda: next(ticks))
    recording = Recording()
    recording.note("noted")
    recording.end("ended")
    recording.end("again")
    assert recording.notes == [(1.5, "noted")]
    assert (recording.ended, recording.ended_at) == ("ended", 3.0)


@pytest.mark.parametrize("record", ["sent", "received"])
def test_chunks_wait_to_be_decoded_until_they_are_many_or_big(record: str) -> None:
    recording = Recording()
    # The header of a frame that does not end, so that nothing is left to be decoded in what comes after it.
    getattr(recording, record)(b"\x82\x7f" + (1 << 40).to_bytes(8, "big"))
    assert recording.frames == []
    for _ in range(3):
        getattr(recording, record)(bytes(256 * 1024 - 256))
        assert len(recording._pending) == 1
        getattr(recording, record)(b"")
        assert recording._pending == []
    for _ in range(1024):
        getattr(recording, record)(b"")
    assert len(recording._pending) == 1024
    getattr(recording, record)(b"")
    assert recording._pending == []


def test_frames_that_are_left_out_and_frames_that_are_kept_make_up_all() -> None:
    recording = Recording(max_frames=2, max_payload=3)
    for _ in range(5):
        recording.received(binary(b"12345").encode(masked=False))
    assert [(one.number, one.data, one.size) for one in recording.frames] == [(4, b"123", 5), (5, b"123", 5)]
    assert recording.omitted == 3


def test_tail_tells_events_in_the_order_of_their_times(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr(recording_module, "perf_counter", lambda: now)
    recording = Recording("me", "ws://host/", max_frames=3)
    for now in (1.0, 2.0, 3.0, 4.0):
        recording.received(FRAME)
        recording.note(f"note {now:g}")
    recording.sent(FRAME)
    now = 5.0
    recording.received(FRAME[:4])
    recording.end("TCP \x1b")
    frame = "s  received  TEXT          5 bytes  “hello”"
    head = "The conversation of “me” with ws://host/, 1 frame sent, 4 received:"
    rows = [
        f"   3.0000 {frame}",
        f"   4.0000 {frame}",
        "   4.0000 s  sent      TEXT          5 bytes  “hello”",
        "   4.0000 s  note 4",
        "            of a frame (TEXT) of 5 bytes only 2 arrived",
        r"   5.0000 s  TCP \x1b",
    ]
    early = ["   1.0000 s  note 1", "   2.0000 s  note 2", "   3.0000 s  note 3"]
    hidden = "            … {} earlier event{} not shown"
    assert recording.tail().splitlines() == [
        head,
        hidden.format(2, "s"),
        *early[:2],
        rows[0],
        early[2],
        *rows[1:],
    ]
    assert recording.tail(3).splitlines() == [head, hidden.format(6, "s"), *rows[1:]]
    assert recording.tail(0).splitlines() == [head, hidden.format(9, "s"), *rows[4:]]
    assert Recording("me").tail() == "The conversation of “me”, 0 frames sent, 0 received:"
