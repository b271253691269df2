"""Servers that hang, flood, announce wrong sizes, reset and stop; a run against them has to end."""

from __future__ import annotations

import asyncio
import socket
import struct
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager

from pytest_websocket.protocol.frames import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    TEXT,
    Frame,
    close,
    mask,
    parse_header,
    pong,
    text,
)
from pytest_websocket.protocol.handshake import accept_value
from verification.stream_server import serve_streams

Behaviour = Callable[["Peer"], Awaitable[None]]

NASTY = "\x1b[2J\x1b]0;title\x07\x00\ufffe]]>&<script>alert(1)</script>\u202e\x9b31m\r\n"
"""Text with control characters, markup and an escape sequence."""


class Peer:
    """The server's side of one connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def read_request(self) -> str:
        """Reads the request; returns the client's Sec-WebSocket-Key."""
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        for line in head.split("\r\n"):
            name, _, value = line.partition(":")
            if name.lower() == "sec-websocket-key":
                return value.strip()
        return ""

    async def accept(self, *headers: str) -> None:
        """Completes the opening handshake."""
        self.writer.write(acceptance(await self.read_request(), *headers))
        await self.writer.drain()

    async def send(self, frame: Frame) -> None:
        """Sends one frame, unmasked."""
        self.writer.write(frame.encode(masked=False))
        await self.writer.drain()

    async def frame(self) -> Frame:
        """Returns the client's next frame, unmasked. Raises IncompleteReadError at the end."""
        head = b""
        while (header := parse_header(head)) is None:
            head += await self.reader.readexactly(1)
        payload = mask(await self.reader.readexactly(header.length), header.mask_key)
        return Frame(header.opcode, payload, header.fin)

    async def frames(self) -> AsyncIterator[Frame]:
        """Yields the client's frames until the end."""
        while True:
            yield await self.frame()

    async def until_gone(self) -> None:
        """Reads until the client ends TCP."""
        while await self.reader.read(1 << 16):
            pass

    def reset(self) -> None:
        """Ends TCP with a reset."""
        sock: socket.socket = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


def acceptance(key: str, *headers: str) -> bytes:
    """Returns a correct 101 response to ``key``, with further header lines."""
    lines = [
        "HTTP/1.1 101 Switching Protocols",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Accept: {accept_value(key)}",
        *headers,
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def serve(
    behaviour: Behaviour, host: str = "127.0.0.1", port: int = 0
) -> AbstractAsyncContextManager[asyncio.Server]:
    """Serves every client by ``behaviour`` until the block ends, then drops those that are left."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await behaviour(Peer(reader, writer))

    return serve_streams(handle, host, port)


async def never_answers(peer: Peer) -> None:
    """Accepts TCP and sends nothing."""
    await peer.until_gone()


async def never_answers_after_the_handshake(peer: Peer) -> None:
    """Opens a WebSocket connection and sends nothing on it."""
    await peer.accept()
    await peer.until_gone()


async def drips_the_handshake(peer: Peer) -> None:
    """Answers the handshake one byte a second."""
    for byte in acceptance(await peer.read_request()):
        peer.writer.write(bytes([byte]))
        await asyncio.sleep(1)


async def drips_frames(peer: Peer) -> None:
    """Answers one byte a second of a frame that would take an hour."""
    await peer.accept()
    for byte in Frame(TEXT, b"d" * 3600).encode(masked=False):
        peer.writer.write(bytes([byte]))
        await asyncio.sleep(1)


async def sends_headers_without_end(peer: Peer) -> None:
    """Answers the handshake with header lines, as fast as they are read, and never with the last one."""
    peer.writer.write(acceptance(await peer.read_request()).removesuffix(b"\r\n"))
    while True:
        peer.writer.write(b"X-More: and more\r\n" * 500)
        await peer.writer.drain()


async def drips_headers(peer: Peer) -> None:
    """Answers the handshake with a header line now and then, and never with the last one."""
    peer.writer.write(acceptance(await peer.read_request()).removesuffix(b"\r\n"))
    while True:
        peer.writer.write(b"X-More: and more\r\n")
        await peer.writer.drain()
        await asyncio.sleep(0.02)


async def sends_one_header_without_end(peer: Peer) -> None:
    """Answers the handshake with a header whose value never ends."""
    peer.writer.write(acceptance(await peer.read_request()).removesuffix(b"\r\n") + b"X-Long: ")
    while True:
        peer.writer.write(b"x" * (1 << 16))
        await peer.writer.drain()


async def sends_interim_responses_without_end(peer: Peer) -> None:
    """Answers the handshake with interim responses and never with a final one."""
    await peer.read_request()
    while True:
        peer.writer.write(b"HTTP/1.1 102 Processing\r\n\r\n" * 100)
        await peer.writer.drain()


async def speaks_before_the_request(peer: Peer) -> None:
    """Sends a response with another key's value before the request comes, and nothing later."""
    peer.writer.write(acceptance("dGhlIHNhbXBsZSBub25jZQ=="))
    await peer.until_gone()


async def redirects_to_itself(peer: Peer) -> None:
    """Answers the handshake with a redirect to the same address."""
    await peer.read_request()
    host, port = peer.writer.get_extra_info("sockname")[:2]
    peer.writer.write(f"HTTP/1.1 302 Found\r\nLocation: ws://{host}:{port}/\r\n\r\n".encode())
    await peer.writer.drain()


async def refuses_nastily(peer: Peer) -> None:
    """Refuses the handshake with control characters and markup in the reason and in headers."""
    await peer.read_request()
    nasty = NASTY.replace("\r\n", "").encode()
    peer.writer.write(b"HTTP/1.1 403 " + nasty + b"\r\nServer: " + nasty + b"\r\n\r\n")
    await peer.writer.drain()


async def answers_garbage(peer: Peer) -> None:
    """Opens a WebSocket connection and then speaks no WebSocket."""
    await peer.accept()
    # Fixed bytes, so that a run can be repeated: reserved bits, a reserved opcode, a control frame too long.
    peer.writer.write(b"\xf7\xfe" + bytes(range(255, 0, -1)) * 8)
    await peer.until_gone()


async def ends_its_half_after_the_handshake(peer: Peer) -> None:
    """Closes its direction of TCP as soon as the connection is open, and reads on."""
    await peer.accept()
    peer.writer.write_eof()
    await peer.until_gone()


async def never_reads_after_the_handshake(peer: Peer) -> None:
    """Opens a WebSocket connection and neither reads nor writes."""
    await peer.accept()
    await asyncio.Event().wait()


async def answers_with_a_flood(peer: Peer) -> None:
    """Waits for a message, and answers it with messages without end."""
    await peer.accept()
    async for frame in peer.frames():
        if frame.opcode in (TEXT, BINARY):
            while True:
                await peer.send(frame)


async def answers_a_thousandfold(peer: Peer) -> None:
    """Answers every message with one of 48 MiB, and Close and Ping as it should."""
    await peer.accept()
    async for frame in peer.frames():
        if frame.opcode == CLOSE:
            await peer.send(frame)
            return
        if frame.opcode == PING:
            await peer.send(pong(frame.payload))
        elif frame.opcode in (TEXT, BINARY):
            await peer.send(Frame(frame.opcode, b"x" * (48 << 20)))


async def answers_too_late(peer: Peer) -> None:
    """Echoes everything a second late."""
    await peer.accept()
    async for frame in peer.frames():
        await asyncio.sleep(1)
        await peer.send(pong(frame.payload) if frame.opcode == PING else frame)


async def sends_one_message_without_end(peer: Peer) -> None:
    """Sends one message whose last frame never comes."""
    await peer.accept()
    await peer.send(text("", fin=False))
    more = Frame(CONTINUATION, bytes(1 << 16), fin=False)
    while True:
        await peer.send(more)


async def announces_ten_gibibytes(peer: Peer) -> None:
    """Sends a frame of 10 GiB, as far as it is read."""
    await peer.accept()
    peer.writer.write(Frame(BINARY).encode(masked=False, length=10 << 30))
    chunk = bytes(1 << 16)
    while True:
        peer.writer.write(chunk)
        await peer.writer.drain()


async def sends_a_deflate_bomb(peer: Peer) -> None:
    """Sends a megabyte that inflates to a gibibyte, whether compression was agreed or not."""
    await peer.accept("Sec-WebSocket-Extensions: permessage-deflate")
    await peer.send(Frame(TEXT, _bomb(), rsv1=True))
    await peer.until_gone()


async def resets(peer: Peer) -> None:
    """Cuts TCP at once."""
    peer.reset()


async def resets_after_the_handshake(peer: Peer) -> None:
    """Cuts TCP as soon as the connection is open."""
    await peer.accept()
    peer.reset()


async def resets_in_the_middle_of_a_frame(peer: Peer) -> None:
    """Cuts TCP after half of the answer."""
    await peer.accept()
    await peer.frame()
    peer.writer.write(text("half of this").encode(masked=False)[:8])
    await peer.writer.drain()
    peer.reset()


async def resets_on_close(peer: Peer) -> None:
    """Echoes, and answers a Close with a reset."""
    await peer.accept()
    async for frame in peer.frames():
        if frame.opcode == CLOSE:
            peer.reset()
            return
        if frame.opcode in (TEXT, BINARY):
            await peer.send(frame)


async def never_closes(peer: Peer) -> None:
    """Echoes, and goes on after a Close as if it had not come."""
    await peer.accept()
    async for frame in peer.frames():
        if frame.opcode in (TEXT, BINARY):
            await peer.send(frame)


async def closes_at_once(peer: Peer) -> None:
    """Sends a Close frame as soon as the connection is open."""
    await peer.accept()
    await peer.send(close(1000))


async def answers_nastily(peer: Peer) -> None:
    """Answers with `NASTY` and with text that is not UTF-8."""
    await peer.accept("Server: <script>alert(1)</script>")
    async for frame in peer.frames():
        if frame.opcode == CLOSE:
            await peer.send(close(1000, NASTY))
            return
        if frame.opcode in (TEXT, BINARY):
            await peer.send(text(NASTY))
            # A lone surrogate, as UTF-8 must not encode it.
            await peer.send(Frame(TEXT, b"\xed\xa0\x80"))


class Mortal:
    """Echoes to so many clients, resets those that come while it is dead, and then serves again.

    ``absences`` None means that it never comes back. A ``silent`` one leaves those who come unanswered, and
    ``then`` is what else it does to them.
    """

    def __init__(
        self, lives: int, absences: int | None = None, *, silent: bool = False, then: Behaviour | None = None
    ) -> None:
        self.lives = lives
        self.absences = absences
        self.then = never_answers if silent else then or resets

    async def meet(self, peer: Peer) -> None:
        """Serves the client, or resets the connection."""
        if self.lives > 0:
            self.lives -= 1
            await never_fails(peer)
        elif self.absences is None or self.absences > 0:
            if self.absences is not None:
                self.absences -= 1
            await self.then(peer)
        else:
            await never_fails(peer)


async def never_fails(peer: Peer) -> None:
    """Echoes messages and answers Close frames: enough of a server to die."""
    await peer.accept()
    async for frame in peer.frames():
        if frame.opcode == CLOSE:
            await peer.send(frame)
            return
        if frame.opcode in (TEXT, BINARY):
            await peer.send(frame)


def _bomb() -> bytes:
    """Returns a gibibyte of zeros, compressed."""
    compressor = zlib.compressobj(wbits=-15)
    mebibyte = bytes(1 << 20)
    first = compressor.compress(mebibyte) + compressor.flush(zlib.Z_FULL_FLUSH)
    # A full flush forgets what was before, so that the next piece may be repeated as it is.
    piece = compressor.compress(mebibyte) + compressor.flush(zlib.Z_FULL_FLUSH)
    return (first + piece * 1023).removesuffix(b"\x00\x00\xff\xff")
