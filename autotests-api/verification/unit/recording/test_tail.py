"""The tail of a recording: its last events as text that is safe for a terminal."""

from __future__ import annotations

from pytest_websocket.protocol.frames import (
    CONTINUATION,
    Frame,
    text,
)
from pytest_websocket.recording import Recording
from verification.unit.recording.recordings import ACCEPTED, REQUEST, from_server, opened


def test_tail_is_harmless_on_a_terminal() -> None:
    recording = Recording("client\x1b[2J", "ws://user:word@example/chat?token=s3cr3t&page=2")
    recording.sent(REQUEST)
    recording.received(ACCEPTED + from_server(text("\x1b[31mred\r\nline\u202eright to left")))
    recording.note("note\x07")
    recording.end("TCP closed\x1b[0m")
    tail = recording.tail()
    assert all(letter.isprintable() or letter == "\n" for letter in tail)
    assert r"\x1b[31mred\r\nline\u202eright" in tail
    assert "ws://•••••@example/chat?token=•••••&page=2" in tail
    assert "word" not in tail


def test_tail_shows_the_last_events_and_counts_the_others() -> None:
    recording = opened(max_frames=4)
    for number in range(10):
        recording.received(from_server(text(f"message {number}")))
    recording.note("the cable was cut")
    recording.received(from_server(text("half a frame"))[:6])
    recording.end("TCP reset by the server")
    lines = recording.tail(3).splitlines()
    assert lines[0] == "The conversation of “client”, 0 frames sent, 10 received:"
    assert lines[1].endswith("… 8 earlier events not shown")
    assert "message 8" in lines[2]
    assert "message 9" in lines[3]
    assert lines[4].endswith("the cable was cut")
    assert lines[5].strip() == "of a frame (TEXT) of 12 bytes only 4 arrived"
    assert lines[6].endswith("TCP reset by the server")


def test_tail_is_of_twelve_events_unless_it_is_asked_for_another_number() -> None:
    recording = opened()
    for number in range(13):
        recording.received(from_server(text(f"message {number}")))
    _, hidden, *events = recording.tail().splitlines()
    assert hidden.endswith("… 1 earlier event not shown")
    assert len(events) == 12
    _, hidden, *events = recording.tail(1).splitlines()
    assert hidden.endswith("… 12 earlier events not shown")
    assert [event.split("  ")[-1] for event in events] == ["“message 12”"]


def test_fragments_are_told_from_whole_messages() -> None:
    recording = opened()
    recording.sent(text("one ", fin=False).encode() + Frame(CONTINUATION, b"two").encode())
    first, last = recording.tail().splitlines()[1:]
    assert first.endswith("“one ”  (more fragments follow)")
    assert last.endswith("“two”  (last fragment)")
