"""What is attached to a test holds no secret and has a size that a reader can open."""

from __future__ import annotations

from pytest_websocket.allure.attachments import documents
from pytest_websocket.protocol.frames import text
from pytest_websocket.recording import Recording
from pytest_websocket.render.conversation import Conversation
from pytest_websocket.target.target import Target

REQUEST = (
    b"GET /chat?token=hidden-token HTTP/1.1\r\nHost: server.example\r\nCookie: sid=hidden-cookie\r\n\r\n"
)
ACCEPTED = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"


def test_credentials_are_masked_everywhere() -> None:
    url = "ws://server.example/chat?token=hidden-token"
    recording = Recording("client", url)
    recording.sent(REQUEST)
    recording.received(ACCEPTED)
    recording.sent(text("the token is hidden-token").encode())
    recording.note("noted hidden-token")
    recording.end("ended by hidden-token")
    conversation = Conversation.of(recording, Target(url).secrets)
    for document in documents([conversation], opened=1, failed=True, embedded=False):
        assert "hidden-token" not in document.body, document.name
        assert "hidden-cookie" not in document.body, document.name


def test_giant_head_is_shown_in_part() -> None:
    giant = Recording("giant", "ws://server.example/")
    giant.sent(b"GET / HTTP/1.1\r\nX: " + b"<" * 100_000 + b"\r\n" + b"Y: <\r\n" * 10_000 + b"\r\n")
    giant.received(ACCEPTED)
    conversation = Conversation.of(giant, Target("ws://server.example/").secrets)
    for document in documents([conversation], opened=1, failed=False, embedded=False):
        assert len(document.body) < 30_000, document.name
