"""What a report offers to paste into a terminal, to repeat what the client did."""

from __future__ import annotations

import re

from pytest_websocket.protocol.deflate import Deflater
from pytest_websocket.protocol.frames import Frame, FrameParser, Header, mask, ping, text
from pytest_websocket.recording import Recording
from pytest_websocket.render import reproducer
from pytest_websocket.render.conversation import Conversation
from pytest_websocket.target.secrets import Secrets


def repeated(*sent: bytes, url: str = "ws://127.0.0.1:9/chat", extensions: str = "") -> str:
    """Returns what is offered for a conversation in which the client sent ``sent`` after its handshake."""
    recording = Recording("client", url)
    recording.sent(b"GET /chat HTTP/1.1\r\nHost: 127.0.0.1:9\r\nAuthorization: Bearer hunter2\r\n\r\n")
    answer = f"Sec-WebSocket-Extensions: {extensions}\r\n" if extensions else ""
    recording.received(f"HTTP/1.1 101 Switching Protocols\r\n{answer}\r\n".encode())
    for data in sent:
        recording.sent(data)
    text = reproducer.commands(Conversation.of(recording, Secrets([])), embedded=False)
    compile(text.partition("# In Python:\n")[2] or text, "program", "exec")
    return text


def frames_in(program: str) -> list[tuple[Header, bytes]]:
    """Returns the frames that a program of raw bytes sends, unmasked."""
    found: list[tuple[Header, bytes]] = []
    for wire in re.findall(r"fromhex\('([0-9a-f]+)'\)", program):
        for header, piece, _ in FrameParser().feed(bytes.fromhex(wire)):
            found.append((header, mask(piece, header.mask_key) if header.mask_key else piece))
    return found


def test_what_a_library_can_send_is_one_line_of_a_shell_and_a_few_of_python() -> None:
    shown = repeated(text("it's").encode())
    assert "printf '%s\\n' 'it'\"'\"'s' | websocat" in shown
    assert 'ws.send("it\'s")' in shown
    assert "hunter2" not in shown


def test_what_no_library_sends_is_sent_bit_by_bit() -> None:
    program = repeated(text("a").encode(masked=False), Frame(3, b"b", rsv2=True).encode(length_bits=16))
    first, second = frames_in(program)
    assert (first[0].masked, first[1]) == (False, b"a")
    assert (second[0].opcode, second[0].rsv2, second[0].length_bits, second[1]) == (3, True, 16, b"b")


def test_payload_that_was_compressed_is_repeated_as_one_that_is_not() -> None:
    packed = Frame(1, Deflater().deflate(b"hello" * 9), rsv1=True).encode()
    program = repeated(packed, ping().encode(masked=False), extensions="permessage-deflate")
    (header, payload), _ = frames_in(program)
    assert (header.rsv1, payload) == (False, b"hello" * 9)
    assert "bytes compressed in the original" in program


def test_reserved_bit_without_an_extension_is_repeated() -> None:
    program = repeated(Frame(1, b"x", rsv1=True).encode(masked=False))
    ((header, payload),) = frames_in(program)
    assert (header.rsv1, payload) == (True, b"x")
