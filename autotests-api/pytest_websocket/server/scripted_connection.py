"""A raw connection in the server's role: answers with any bytes, sends any frames, reads strictly."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable

from pytest_websocket.protocol.deflate import Inflater
from pytest_websocket.protocol.frames import (
    PING,
    Frame,
    FrameParser,
    Header,
    LengthBits,
    close,
    pong,
)
from pytest_websocket.protocol.handshake import accept_value
from pytest_websocket.protocol.reader import CloseStatus, Message, Reader, ReceivedFrame
from pytest_websocket.protocol.rules import Role, Violation
from pytest_websocket.recording import Recording
from pytest_websocket.server.scripted_handshake import ClientRequest, parse_request, response
from pytest_websocket.server.scripted_stream import AcceptedStream

MAX_HEAD = 64 << 10
"""Bytes of a request head; more is not read."""

MAX_BACKLOG = 32 << 20
"""Bytes received and not yet taken; beyond it reading stops, so that a flood cannot fill the memory."""

MAX_HEADERS = 100_000
"""Headers of the last frames that are kept, for whoever judges how the client masks."""

Headers = Iterable[tuple[str, str]]


class AcceptedConnection(AcceptedStream):
    """One client's connection, before and after the handshake.

    Received frames wait until they are taken; `message` and `pong` each take only their own kind and leave
    the rest. A Ping of the client is answered at once and not kept, unless ``answers_pings`` is off; a Close
    is answered, and TCP closed after it (RFC 6455 §7.1.1), unless ``answers_close`` is off.
    """

    request: ClientRequest
    """The client's request; there once it has come, see `has_request`."""

    def __init__(self, recording: Recording, deadline: float) -> None:
        super().__init__(recording, deadline)
        self.answers_pings = True
        self.answers_close = True
        self.has_request = False
        self.taken = False
        self.subprotocol: str | None = None
        self.reader: Reader | None = None
        self.close_status: CloseStatus | None = None
        self.sent_close = False
        self.headers_received: deque[Header] = deque(maxlen=MAX_HEADERS)
        self.on_request: Callable[[], None] = lambda: None
        self._head = bytearray()
        self._frames: deque[ReceivedFrame] = deque()
        self._backlog = 0
        self._written = FrameParser()
        self._pending_pongs = b""

    def data_received(self, data: bytes) -> None:
        """Reads what came; asyncio calls this."""
        self.recording.sent(data)
        if self.reader is not None:
            self._feed(data)
        else:
            self._head += data
            if not self.has_request and (b"\r\n\r\n" in self._head or len(self._head) > MAX_HEAD):
                self._take_request()
        self._changed.set()

    # The handshake

    async def accept(
        self,
        *,
        subprotocol: str | None = None,
        headers: Headers = (),
        extensions: str | None = None,
        inflate: Inflater | None = None,
    ) -> None:
        """Answers the request with 101 (RFC 6455 §4.2.2); from there on the connection speaks frames.

        ``extensions`` is the answer's Sec-WebSocket-Extensions as it stands; ``inflate`` reads compressed
        messages.
        """
        lines = [
            ("Upgrade", "websocket"),
            ("Connection", "Upgrade"),
            ("Sec-WebSocket-Accept", accept_value(self.request.key)),
        ]
        if subprotocol is not None:
            lines.append(("Sec-WebSocket-Protocol", subprotocol))
        if extensions is not None:
            lines.append(("Sec-WebSocket-Extensions", extensions))
        self.subprotocol = subprotocol
        await self.answer(response(101, [*lines, *headers]), inflate=inflate)

    async def reject(self, status: int, *, headers: Headers = (), body: str | bytes = b"") -> None:
        """Answers the request with an HTTP error or a redirect, then closes TCP."""
        content = body.encode() if isinstance(body, str) else body
        lines = [("Content-Length", str(len(content))), ("Connection", "close"), *headers]
        await self.answer(response(status, lines) + content)
        self.close_tcp()

    async def answer(self, data: bytes, *, inflate: Inflater | None = None) -> None:
        """Answers the request with ``data`` as it is; what the client sends after it is read as frames."""
        self._write(data)
        self.reader = Reader(inflate, sender=Role.CLIENT)
        early, self._head = bytes(self._head), bytearray()
        if early:
            self._feed(early)
        await self._drain(len(data))

    # Writing

    async def send_frame(
        self,
        *frames: Frame,
        masked: bool = False,
        mask_key: bytes | None = None,
        length: int | None = None,
        length_bits: LengthBits | None = None,
    ) -> None:
        """Writes frames, legal or not, each in a write of its own; arguments as in `Frame.encode`."""
        for frame in frames:
            self.sent_close = self.sent_close or frame.opcode == 8
            await self.send_bytes(
                frame.encode(masked=masked, mask_key=mask_key, length=length, length_bits=length_bits)
            )

    # Reading

    @property
    def violations(self) -> list[Violation]:
        """The rules that the client's frames broke."""
        return self.reader.violations if self.reader else []

    @property
    def unread(self) -> list[Message]:
        """Messages that came and were not taken."""
        return [received.message for received in self._frames if received.message is not None]

    @property
    def over(self) -> bool:
        """Whether the client can send nothing more: it sent a Close frame, or TCP has ended."""
        return self.close_status is not None or self.tcp != "open"

    def take_message(self) -> Message | None:
        """The next whole data message, or None when none waits."""
        while any(received.message is not None for received in self._frames):
            message = self._take(lambda received: received.is_data).message
            if message is not None:
                return message
        return None

    def take_pong(self, payload: bytes | None = None) -> bytes | None:
        """The payload of the next Pong (with this payload where given), or None when none waits."""

        def wanted(received: ReceivedFrame) -> bool:
            return received.is_pong and payload in (None, received.frame.payload)

        return self._take(wanted).frame.payload if any(map(wanted, self._frames)) else None

    def has_pong(self, payload: bytes) -> bool:
        """Whether a Pong with this payload waits."""
        return any(received.is_pong and received.frame.payload == payload for received in self._frames)

    # Inside

    def _take_request(self) -> None:
        head, blank, rest = bytes(self._head).partition(b"\r\n\r\n")
        if not blank:
            self.stop_reading()
        self.request = parse_request(head + blank)
        self._head = bytearray(rest)
        self.has_request = True
        self.on_request()

    def _feed(self, data: bytes) -> None:
        assert self.reader is not None
        for received in self.reader.feed(data):
            self.headers_received.append(received.header)
            if received.close is not None and self.close_status is None:
                self._on_close(received.close)
            if received.frame.opcode == PING:
                if self.answers_pings:
                    self._pending_pongs += pong(received.frame.payload).encode(masked=False)
                    self._flush_pongs()
                continue
            self._frames.append(received)
            self._backlog += received.header.length
        if self.reader.unreadable or self._backlog > MAX_BACKLOG:
            self.stop_reading()

    def _on_close(self, status: CloseStatus) -> None:
        self.close_status = status
        if self.sent_close or not self.answers_close:
            return
        self.sent_close = True
        self._write(close(status.code if status.code in range(1000, 5000) else None).encode(masked=False))
        self.close_tcp()

    def _write(self, data: bytes) -> bool:
        written = super()._write(data)
        if written and self.reader is not None:
            for _ in self._written.feed(data):
                pass
            self._flush_pongs()
        return written

    def _flush_pongs(self) -> None:
        # A Pong inside a frame that is not complete would become a part of its payload.
        if self._pending_pongs and not self._written.is_inside:
            pongs, self._pending_pongs = self._pending_pongs, b""
            super()._write(pongs)

    def _take(self, wanted: Callable[[ReceivedFrame], bool]) -> ReceivedFrame:
        index = next(index for index, received in enumerate(self._frames) if wanted(received))
        received = self._frames[index]
        del self._frames[index]
        self._backlog -= received.header.length
        if self._backlog < MAX_BACKLOG // 2 and not (self.reader and self.reader.unreadable):
            self.resume_reading()
        return received
