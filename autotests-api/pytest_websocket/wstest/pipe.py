"""Passes the bytes of a client's connection on to another server, and back."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct

from pytest_websocket.raw.accepted import AcceptedConnection

_LINGER_NOT = struct.pack("ii", 1, 0)


class Pipe(asyncio.Protocol):
    """One end; the bytes and the end of TCP that come at it go out at the ``other``."""

    def __init__(self) -> None:
        self.other: Pipe | None = None
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keeps the transport; asyncio calls this."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        with contextlib.suppress(OSError, AttributeError):
            transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def data_received(self, data: bytes) -> None:
        """Passes bytes on; asyncio calls this."""
        if self.other and self.other.transport and not self.other.transport.is_closing():
            self.other.transport.write(data)

    def eof_received(self) -> bool:
        """Passes FIN on; asyncio calls this. The other direction stays open where there is no TLS."""
        target = self.other.transport if self.other else None
        if target is not None and not target.is_closing():
            if target.can_write_eof():
                with contextlib.suppress(OSError):
                    target.write_eof()
            else:
                target.close()
        return self.transport is not None and self.transport.get_extra_info("ssl_object") is None

    def connection_lost(self, exc: Exception | None) -> None:
        """Passes the end of TCP on, a reset as a reset; asyncio calls this."""
        target = self.other.transport if self.other else None
        if target is None or target.is_closing():
            return
        if isinstance(exc, ConnectionError):
            with contextlib.suppress(OSError, AttributeError):
                plug = target.get_extra_info("socket")
                plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
            target.abort()
        else:
            target.close()

    def pause_writing(self) -> None:
        """Stops reading where the bytes come from; asyncio calls this."""
        source = self.other.transport if self.other else None
        if source is not None and not source.is_closing():
            source.pause_reading()

    def resume_writing(self) -> None:
        """Reads on; asyncio calls this."""
        source = self.other.transport if self.other else None
        if source is not None and not source.is_closing():
            source.resume_reading()


async def connect_pipe(connection: AcceptedConnection, port: int) -> None:
    """Connects the client of ``connection`` with a server on this machine, the request that came included."""
    client = Pipe()
    came = connection.hand_over(client)
    loop = asyncio.get_running_loop()
    _, server = await loop.create_connection(Pipe, "127.0.0.1", port)
    client.other, server.other = server, client
    assert server.transport is not None
    server.transport.write(came)
