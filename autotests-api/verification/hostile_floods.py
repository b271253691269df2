"""Servers that send without end after the handshake; see `verification.hostile_servers`."""

from __future__ import annotations

import zlib

from pytest_websocket.protocol.frames import CONTINUATION, TEXT, Frame, close, ping, pong, text
from verification.hostile_servers import Peer


async def floods(peer: Peer, frames: bytes, *headers: str) -> None:
    """Opens a WebSocket connection and sends ``frames`` again and again, as fast as they are read."""
    await peer.accept(*headers)
    many = frames * max(1, (1 << 16) // len(frames))
    while True:
        peer.writer.write(many)
        await peer.writer.drain()


async def sends_pings_without_end(peer: Peer) -> None:
    """Sends Pings as fast as they are read, and never listens."""
    await floods(peer, ping(bytes(125)).encode(masked=False))


async def sends_pongs_without_end(peer: Peer) -> None:
    """Sends unsolicited Pongs."""
    await floods(peer, pong(b"?").encode(masked=False))


async def sends_empty_texts_without_end(peer: Peer) -> None:
    """Sends the frames that take the least to send and the most to keep."""
    await floods(peer, text("").encode(masked=False))


async def sends_empty_fragments_without_end(peer: Peer) -> None:
    """Sends a message of fragments with nothing in them."""
    await peer.accept()
    await peer.send(text("", fin=False))
    many = Frame(CONTINUATION, fin=False).encode(masked=False) * (1 << 14)
    while True:
        peer.writer.write(many)
        await peer.writer.drain()


async def sends_closes_without_end(peer: Peer) -> None:
    """Sends Close frames one after another."""
    await floods(peer, close(1000).encode(masked=False))


async def sends_zeros_without_end(peer: Peer) -> None:
    """Sends zeros: fragments of nothing, empty, for all time."""
    await floods(peer, bytes(1 << 16))


async def sends_bombs_without_end(peer: Peer) -> None:
    """Sends one message after another that inflates to 128 KiB."""
    compressor = zlib.compressobj(wbits=-15)
    packed = (compressor.compress(bytes(1 << 17)) + compressor.flush(zlib.Z_FULL_FLUSH))[:-4]
    bomb = Frame(TEXT, packed, rsv1=True).encode(masked=False)
    await floods(peer, bomb, "Sec-WebSocket-Extensions: permessage-deflate")


async def sends_messages_without_end(peer: Peer) -> None:
    """Sends messages as fast as they are read, and never listens."""
    await peer.accept()
    flood = text("flood " * 20).encode(masked=False) * 500
    while True:
        peer.writer.write(flood)
        await peer.writer.drain()
