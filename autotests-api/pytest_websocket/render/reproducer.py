"""Renders a conversation as something to paste into a terminal: websocat for simple ones, Python for all."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from urllib.parse import urlsplit

from pytest_websocket.protocol.frames import BINARY, CONTINUATION, PING, PONG, TEXT, Frame, opcode_name
from pytest_websocket.recording import FrameRecord
from pytest_websocket.render.conversation import Conversation

_MOST_FRAMES = 40
_LONGEST = 1024
_OWN_HEADERS = {"host", "upgrade", "connection", "user-agent"}


def commands(conversation: Conversation, *, embedded: bool) -> str:
    """Returns one or two ways to repeat what the client did; credentials have to be filled in."""
    url = conversation.url
    parts = []
    if embedded:
        port = urlsplit(conversation.url).port
        parts.append(
            f"# The embedded server, in another terminal:\npython -m websocket_server --port {port}\n"
        )
    if _is_regular(conversation):
        if (line := _websocat(conversation, url)) is not None:
            parts.append(f"# In a shell:\n{line}\n")
        parts.append("# In Python:\n" + "\n".join(_with_websockets(conversation, url)) + "\n")
    else:
        parts.append("\n".join(_with_bytes(conversation)) + "\n")
    return "\n".join(parts)


def _is_regular(conversation: Conversation) -> bool:
    """Returns whether a library that keeps the rules could have sent all of it."""
    return all(
        frame.masked and not frame.rsv2 and not frame.rsv3 and frame.opcode in {0, 1, 2, 8, 9, 10}
        for frame in conversation.frames
        if frame.sent
    ) and not any(frame.sent and frame.opcode == CONTINUATION for frame in conversation.frames)


def _websocat(conversation: Conversation, url: str) -> str | None:
    messages = [frame for frame in conversation.frames if frame.sent and frame.opcode < 8]
    if not 0 < len(messages) <= _MOST_FRAMES or any(frame.opcode != TEXT for frame in messages):
        return None
    texts = [_text(frame) for frame in messages]
    if any(not text.isprintable() or len(text) > 200 for text in texts):
        return None
    options = "".join(f" -H {shlex.quote(f'{name}: {value}')}" for name, value in _headers(conversation))
    return f"printf '%s\\n' {' '.join(map(shlex.quote, texts))} | websocat{options} {shlex.quote(url)}"


def _with_websockets(conversation: Conversation, url: str) -> Iterator[str]:
    headers = dict(_headers(conversation))
    protocols = conversation.request.get("Sec-WebSocket-Protocol")
    settings = f", additional_headers={headers!r}" if headers else ""
    settings += f", subprotocols={protocols.replace(' ', '').split(',')!r}" if protocols else ""
    yield "from websockets.sync.client import connect"
    yield ""
    yield f"with connect({url!r}{settings}) as ws:"
    steps = 0
    for frame in conversation.frames:
        action = _step(frame)
        if action:
            steps += 1
            yield f"    {action}"
        if steps == _MOST_FRAMES:
            yield f"    # … {len(conversation.frames):,} frames in all"
            break
    if not steps:
        yield "    print(ws.response)"


def _step(frame: FrameRecord) -> str:
    if not frame.sent:
        return "print(ws.recv())" if frame.opcode in {TEXT, BINARY} else ""
    cut = f"  # {frame.size:,} bytes in all" if frame.size > len(frame.data[:_LONGEST]) else ""
    if frame.opcode == TEXT:
        return f"ws.send({_text(frame)!r}){cut}"
    data = bytes(frame.data)[:_LONGEST]
    verbs: dict[int, str] = {BINARY: "send", PING: "ping", PONG: "pong"}
    return f"ws.{verbs[frame.opcode]}({data!r}){cut}" if frame.opcode in verbs else ""


def _with_bytes(conversation: Conversation) -> Iterator[str]:
    """Yields a program that sends the frames bit by bit; a library would refuse to."""
    parts = urlsplit(conversation.url)
    secure = parts.scheme == "wss"
    address = (parts.hostname or "", parts.port or (443 if secure else 80))
    request = "\r\n".join(
        [
            conversation.request.line,
            *(f"{name}: {value}" for name, value in conversation.request.headers),
            "\r\n",
        ]
    )
    yield "import socket" + (", ssl" if secure else "")
    yield ""
    wrapped = f"socket.create_connection({address!r}, timeout=5)"
    if secure:
        wrapped = f"ssl.create_default_context().wrap_socket({wrapped}, server_hostname={address[0]!r})"
    yield f"peer = {wrapped}"
    yield f"peer.sendall({request.encode('utf-8', 'backslashreplace')!r})"
    yield "print(peer.recv(65536).decode())"
    sent = [frame for frame in conversation.frames if frame.sent]
    for frame in sent[:_MOST_FRAMES]:
        data = bytes(frame.data)[:_LONGEST]
        # A recording holds the inflated payload: it is sent as one that is not compressed.
        inflated = frame.size != frame.payload_size
        again = Frame(frame.opcode, data, frame.fin, frame.rsv1 and not inflated, frame.rsv2, frame.rsv3)
        fits = len(data) == frame.payload_size
        wire = again.encode(masked=frame.masked, length_bits=frame.header.length_bits if fits else None)
        compressed = " compressed" if inflated else ""
        aside = "" if fits else f", {frame.payload_size:,} bytes{compressed} in the original"
        yield f"peer.sendall(bytes.fromhex({wire.hex()!r}))  # {opcode_name(frame.opcode)}{aside}"
    if len(sent) > _MOST_FRAMES:
        yield f"# … {len(sent):,} frames in all"
    yield "print(peer.recv(65536))"


def _text(frame: FrameRecord) -> str:
    return bytes(frame.data)[:_LONGEST].decode("utf-8", "backslashreplace")


def _headers(conversation: Conversation) -> list[tuple[str, str]]:
    """Returns the request's headers that no library adds by itself."""
    return [
        (name, value)
        for name, value in conversation.request.headers
        if name.lower() not in _OWN_HEADERS and not name.lower().startswith("sec-websocket")
    ]
