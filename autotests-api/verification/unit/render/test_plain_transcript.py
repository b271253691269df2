"""Conversations as plain text."""

from __future__ import annotations

from pytest_websocket.protocol.frames import text
from pytest_websocket.recording import Recording
from pytest_websocket.render import plain_transcript
from pytest_websocket.render.conversation import Conversation
from pytest_websocket.target.secrets import Secrets


def conversation_of(*messages: str, secret: str = "") -> Conversation:
    recording = Recording("client", "ws://127.0.0.1:9/?token=hunter2hunter2")
    recording.sent(b"GET / HTTP/1.1\r\n\r\n")
    recording.received(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")
    for message in messages:
        recording.sent(text(message).encode())
    recording.end("TCP closed by the client")
    return Conversation.of(recording, Secrets([secret] if secret else []))


def test_handshake_frames_and_end_are_lines() -> None:
    shown = plain_transcript.text([conversation_of("hello")], more=2)
    assert "GET / HTTP/1.1\n" in shown
    assert "HTTP/1.1 101 Switching Protocols\n" in shown
    assert "sent      TEXT" in shown
    assert "“hello”" in shown
    assert "TCP closed by the client" in shown
    assert shown.endswith("2 connections more not shown\n")


def test_what_the_peer_answered_is_escaped() -> None:
    recording = Recording("client", "ws://127.0.0.1:9/")
    recording.sent(b"GET / HTTP/1.1\r\n\r\n")
    recording.received(b"HTTP/1.1 500 \x1b[2J\r\n\r\n")
    shown = plain_transcript.text([Conversation.of(recording, Secrets([]))])
    assert "\x1b" not in shown
    assert r"HTTP/1.1 500 \x1b[2J" in shown


def test_credentials_are_not_shown() -> None:
    shown = plain_transcript.text([conversation_of("I am hunter3hunter3", secret="hunter3hunter3")])
    assert "hunter" not in shown


def test_long_conversation_shows_its_beginning_and_its_end() -> None:
    shown = plain_transcript.text([conversation_of(*(f"message {number}" for number in range(100)))])
    assert "“message 0”" in shown
    assert "“message 99”" in shown
    assert "… 40 events not shown" in shown
    assert "“message 50”" not in shown


def test_long_text_has_fewer_events_of_each_connection() -> None:
    long = conversation_of(*(f"message {number} {'x' * 100}" for number in range(100)))
    shown = plain_transcript.text([long] * 4)
    assert len(shown) <= plain_transcript.LARGEST
    assert shown.count("“message 0 ") == shown.count("“message 99 ") == 4
    assert "… 92 events not shown" in shown
