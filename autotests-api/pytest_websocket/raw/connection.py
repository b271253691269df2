"""A raw client connection: sends any HTTP and any frames."""

from __future__ import annotations

from pytest_websocket.protocol.deflate import Inflater
from pytest_websocket.protocol.frames import close
from pytest_websocket.protocol.grammar import MAX_HEAD
from pytest_websocket.protocol.handshake import Request, Response, parse_response, without_interim
from pytest_websocket.raw.ending import Ending
from pytest_websocket.raw.framed import FramedConnection
from pytest_websocket.recording import Recording


class Connection(FramedConnection):
    """One client connection, before and after the handshake; connected by `pytest_websocket.raw.dialing`."""

    def __init__(self, recording: Recording, deadline: float) -> None:
        super().__init__(recording, deadline)
        self.request: Request | None = None
        self.response: Response | None = None

    send = FramedConnection.send_frame

    def eof_received(self) -> bool:
        """Keeps this side's half of TCP open, unless the server has closed both (RFC 6455 §7.1.1).

        Until then a server may wait, and with it whatever it sends to all its clients.
        """
        return super().eof_received() and self.close_status is None

    async def handshake(self, request: Request, *, inflate: Inflater | None = None) -> Response:
        """Sends ``request`` and returns the response; after a 101 the connection speaks frames."""
        self.request = request
        await self.send_bytes(request.encode())
        response = await self.read_response()
        if response.accepted:
            self.switch_protocols(inflate)
        return response

    async def read_response(self, *, deadline: float | None = None) -> Response:
        """Returns the next response head. Raises NotReceived when none comes within the deadline."""
        await self._until(self._head_is_complete, "an HTTP response", deadline)
        head, blank, rest = bytes(self._head).partition(b"\r\n\r\n")
        self._head = bytearray(rest)
        if blank:
            self.response = parse_response(head + blank)
        else:
            self.response = Response(head, problem=f"its head does not end within {MAX_HEAD >> 10} KiB")
        return self.response

    async def response_to(self, request: Request, *, deadline: float | None = None) -> Response | None:
        """Sends a request that may be refused and returns the response; see `refusal`."""
        self.request = request
        await self.send_bytes(request.encode())
        return await self.refusal(deadline=deadline)

    async def refusal(self, *, deadline: float | None = None) -> Response | None:
        """Returns the response to a request that may be refused; None where TCP ended without one.

        Raises NotReceived when neither happens within the deadline.
        """
        await self._until(lambda: self._head_is_complete() or self.tcp != "open", "an answer", deadline)
        return await self.read_response() if self._head_is_complete() else None

    @property
    def body(self) -> bytes:
        """Returns what has come after the response head of a connection that does not speak frames."""
        return bytes(self._head)

    async def close(self, code: int | None = 1000, reason: str | bytes = b"") -> Ending:
        """Starts the closing handshake (RFC 6455 §7.1.2) and waits for the server's part of it."""
        await self.send(close(code, reason))
        return await self.ending(probe_with_ping=False)

    # Inside

    def _head_is_complete(self) -> bool:
        return b"\r\n\r\n" in self._head or len(self._head) > MAX_HEAD

    def _take_head(self, data: bytes) -> None:
        self._head = bytearray(without_interim(bytes(self._head + data)))
        if len(self._head) > MAX_HEAD:
            self.pause_reading()
