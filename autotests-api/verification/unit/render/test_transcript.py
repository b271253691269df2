"""The transcript shows the recording, in HTML that nothing recorded can break out of."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from pytest_websocket.protocol.frames import Frame, binary, close, continuation, ping, pong, text
from pytest_websocket.recording import Recording
from pytest_websocket.render.close_summary import describe
from pytest_websocket.render.conversation import Conversation
from pytest_websocket.render.escaping import decoded, hex_rows, json_tokens, size
from pytest_websocket.render.har import archive
from pytest_websocket.render.pages import visible
from pytest_websocket.render.transcript import LARGEST_PAGE, chosen, page
from pytest_websocket.target.secrets import Secrets

REQUEST = (
    b"GET /chat?token=hidden-token HTTP/1.1\r\nHost: server.example\r\nCookie: sid=hidden-cookie\r\n\r\n"
)
ACCEPTED = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"


@pytest.fixture
def recording() -> Recording:
    """Returns a recording whose handshake is done."""
    begun = Recording("client", "ws://server.example/chat?token=hidden-token")
    begun.sent(REQUEST)
    begun.received(ACCEPTED)
    return begun


def written(*recordings: Recording) -> str:
    return page([Conversation.of(recording, Secrets()) for recording in recordings])


def rows(written_page: str) -> list[str]:
    return re.findall(r"<tr .*?</tr>", written_page)


def test_every_byte_of_the_wire_is_escaped(recording: Recording) -> None:
    hostile = "</pre></table><script>alert(1)</script><img src=x onerror=alert(1)>\"'&"
    recording.sent(text(hostile).encode())
    recording.received(text(json.dumps({hostile: [hostile]})).encode(masked=False))
    recording.received(ping(hostile[:100].encode()).encode(masked=False))
    recording.received(binary(hostile.encode()).encode(masked=False))
    recording.received(close(1000, hostile[:90]).encode(masked=False))
    recording.note(hostile)
    recording.end(hostile)
    shown = written(recording)
    assert not re.search(r"<(script|img)\b", shown)
    assert shown.count("</table>") == 1


def test_violation_is_marked_in_its_row(recording: Recording) -> None:
    recording.received(text("fine").encode(masked=False))
    recording.received(text("masked").encode(masked=True))
    fine, wrong = rows(written(recording))
    assert "⚠" not in fine
    assert "⚠" in wrong
    assert '<u class="w">MASK</u>' in wrong


def test_violation_in_a_long_conversation_is_shown(recording: Recording) -> None:
    for number in range(1000):
        recording.received(text(f"message {number}").encode(masked=number == 500))
    shown = rows(written(recording))
    assert any("message 500" in row for row in shown)
    assert [row for row in shown if "rows are left out" in row]
    assert len(shown) <= 403


def test_heartbeats_are_folded(recording: Recording) -> None:
    for number in range(20):
        recording.received(ping(b"%d" % number).encode(masked=False))
        recording.sent(pong(b"%d" % number).encode())
    recording.received(text("after them").encode(masked=False))
    shown = rows(written(recording))
    assert len(shown) == 6
    assert "36 Pings and Pongs more are not shown." in shown[2]
    assert "after them" in shown[-1]


@pytest.mark.parametrize(
    ("frame", "how", "tags"),
    [
        (Frame(3, b"x", rsv2=True), {}, ["RSV2", "MASK"]),
        (text("x", fin=False), {}, ["no FIN", "MASK"]),
        (text("x"), {"masked": False}, ['<u class="w">no MASK</u>']),
        (text("x"), {"length_bits": 64}, ['<u class="w">64-bit length</u>']),
        (text("x" * 126), {}, ["<u>16-bit length</u>"]),
    ],
    ids=["reserved", "fragment", "unmasked", "too long a length", "long"],
)
def test_header_bits_are_shown(
    recording: Recording, frame: Frame, how: dict[str, Any], tags: list[str]
) -> None:
    recording.sent(frame.encode(**how))
    (row,) = rows(written(recording))
    for tag in tags:
        assert tag in row


def test_message_is_answered_by_what_contains_it(recording: Recording) -> None:
    for frame in (text("one"), text("two"), ping(b"p"), text("three", fin=False), continuation(" four")):
        recording.sent(frame.encode())
    for frame in (text("got two"), pong(b"p"), text("got one"), text("got three four"), text("unasked")):
        recording.received(frame.encode(masked=False))
    trips = Conversation.of(recording, Secrets()).trips
    assert [(trip.sent.number, trip.answer.number) for trip in trips] == [(2, 6), (3, 7), (1, 8), (5, 9)]


@pytest.mark.parametrize(
    ("frames", "tcp", "words", "clean"),
    [
        (
            [(close(1000), True), (close(1000), False)],
            "TCP closed by the server",
            "Client closed with 1000 (normal closure); the server answered with the same code. "
            "TCP closed by the server.",
            True,
        ),
        (
            [(close(1002, "no"), False), (close(1000), True)],
            "",
            "Server closed with 1002 (protocol error), reason “no”; "
            "the client answered with 1000 (normal closure).",
            True,
        ),
        (
            [(close(None), False)],
            "TCP reset by the server",
            "Server closed with no code; no Close frame from the client. TCP reset by the server.",
            False,
        ),
        (
            [],
            "TCP closed by the server",
            "No Close frame in either direction. TCP closed by the server.",
            False,
        ),
        ([], "", "Still open when the report was written.", False),
    ],
    ids=["client first", "server first", "one-sided", "without a Close", "open"],
)
def test_ending_is_told_in_words(
    recording: Recording, frames: list[tuple[Frame, bool]], tcp: str, words: str, clean: bool
) -> None:
    for frame, is_sent in frames:
        if is_sent:
            recording.sent(frame.encode())
        else:
            recording.received(frame.encode(masked=False))
    if tcp:
        recording.end(tcp)
    ending = Conversation.of(recording, Secrets()).ending
    assert (ending.words, ending.clean) == (words, clean)


def test_refused_handshake_shows_status_and_body() -> None:
    recording = Recording("client", "ws://server.example/")
    recording.sent(REQUEST)
    recording.received(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 12\r\n\r\n<b>no</b> way")
    shown = written(recording)
    assert "403 Forbidden" in shown
    assert "No WebSocket was opened." in shown
    assert "<b>no</b>" not in shown


def test_page_stays_small_whatever_was_said(recording: Recording) -> None:
    for number in range(400):
        recording.received(text(f"{number}" + "\x00<" * 2000).encode(masked=False))
    shown = written(recording)
    assert len(shown.encode()) <= LARGEST_PAGE
    assert "rows are left out" in shown


def test_archive_is_what_chrome_imports(recording: Recording) -> None:
    recording.sent(text("привет").encode())
    recording.received(binary(b"\x00\xff").encode(masked=False))
    (entry,) = json.loads(archive([Conversation.of(recording, Secrets())]))["log"]["entries"]
    assert entry["_resourceType"] == "websocket"
    messages = [(each["type"], each["opcode"], each["data"]) for each in entry["_webSocketMessages"]]
    assert messages == [("send", 1, "привет"), ("receive", 2, "AP8=")]


def test_connections_share_one_axis(recording: Recording) -> None:
    recording.sent(text("first").encode())
    second = Recording("other", "ws://server.example/")
    second.sent(REQUEST)
    second.received(ACCEPTED)
    second.sent(text("second").encode())
    shown = written(recording, second)
    assert shown.index(">first<") < shown.index(">second<")
    assert "2 connections" in shown


def test_first_and_last_connections_of_a_crowd_are_shown() -> None:
    assert chosen(3) == [0, 1, 2]
    assert chosen(1000) == [*range(8), 996, 997, 998, 999]


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("plain", "plain"),
        ("<b>", "&lt;b&gt;"),
        ("\x00", ">NUL</i>"),
        ("\x1b[31m", ">ESC</i>[31m"),
        ("\u202e", ">U+202E</i>"),
        ("\ufeff", ">U+FEFF</i>"),
        (" x ", "<i>·</i>x<i>·</i>"),
        ("\u0301x", "<i>◌</i>"),
        ("\x00" * 100, ">NUL×100</i>"),
        ("a\nb", "↵</i>\nb"),
        ("Привет 👋", "Привет 👋"),
    ],
    ids=ascii,
)
def test_what_the_eye_cannot_see_is_shown(given: Any, shown: Any) -> None:
    assert shown in visible(given)


def test_bytes_that_are_no_text_are_shown_as_bytes() -> None:
    assert r"\xff" in visible(decoded(b"bad \xff utf-8", cut=False))
    assert decoded("а".encode()[:1] + b"", cut=True) == ""
    assert decoded("аб".encode()[:3], cut=True) == "а"
    assert decoded("аб".encode(), cut=True) == "аб"
    assert decoded("…".encode(), cut=True) == "…"


def test_json_is_unfolded_after_a_prefix_too() -> None:
    tokens = json_tokens('{"a": [1, "x", null]}', 1000)
    assert tokens is not None
    assert [(token.kind, token.text) for token in tokens if token.kind] == [
        ("k", '"a"'),
        ("n", "1"),
        ("s", '"x"'),
        ("w", "null"),
    ]
    prefixed = json_tokens('echo:{"a": 1}', 1000)
    assert prefixed is not None
    assert "".join(token.text for token in prefixed).startswith("echo:{\n")
    for not_json in ("plain", "{", "{a}", "[]", "12"):
        assert json_tokens(not_json, 1000) is None


def test_json_is_coloured_in_the_page(recording: Recording) -> None:
    recording.received(text('{"a<b": 1}').encode(masked=False))
    assert '<span class="jk">&#34;a&lt;b&#34;</span>' in written(recording)


def test_hex_dump_has_offsets_and_letters(recording: Recording) -> None:
    first, second = hex_rows(b"<abcdefghijklmnop>")
    assert (first.offset, first.digits[:8], first.letters) == ("0000", "3c 61 62", "<abcdefghijklmno")
    assert (second.offset, second.digits[:5]) == ("0010", "70 3e")
    recording.received(binary(b"<abcdefghijklmnop>").encode(masked=False))
    assert "<i>0000</i>  3c 61 62" in written(recording)
    assert "&lt;abcdefghijklmno" in written(recording)


@pytest.mark.parametrize(
    ("count", "words"), [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (1 << 20, "1 MiB")]
)
def test_sizes_are_for_people(count: int, words: str) -> None:
    assert size(count) == words


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "no code"),
        (b"\x03", "a body of one byte, 03"),
        (b"\x0f\xa0", "4000 (private to the application)"),
        (b"\x03\xe8\xff", r"1000 (normal closure), reason “\xff”"),
        (b"\x00\x01", "1 (not a defined code)"),
    ],
)
def test_close_body_is_told_in_words(body: bytes, words: str) -> None:
    assert describe(body) == words
