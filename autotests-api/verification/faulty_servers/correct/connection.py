"""One connection from its handshake to the end of TCP (RFC 6455 §5.5 and §7)."""

from __future__ import annotations

import asyncio
import contextlib

from pytest_websocket.protocol.frames import CLOSE, PING, Frame, close, pong
from verification.faulty_servers.correct.framing import GOING_AWAY, PROTOCOL_ERROR, Violation
from verification.faulty_servers.correct.messages import Messages


class Connection(Messages):
    """Control frames, the closing handshake, and who closes TCP when."""

    linger = 1.0
    goodbye = 1.0

    async def run(self) -> None:
        """Serves the connection until TCP ends. Raises ConnectionError when the client vanishes."""
        if await self.open():
            self.start_codecs()
            await self.serve()
        await self.end_tcp()

    async def serve(self) -> None:
        """Reads and answers until the closing handshake is done or the client breaks a rule."""
        while not self.finished:
            self.feed_safely()
            await self.writer.drain()
            if not self.finished and not await self.fill():
                self.end_of_stream()

    def feed_safely(self) -> None:
        """Handles what came; a violation fails the connection."""
        try:
            self.feed()
        except Violation as violation:
            self.fail(violation)

    def end_of_stream(self) -> None:
        """Handles that the client finished sending without a Close (RFC 6455 §7.1.5)."""
        self.finished = True

    def control(self, opcode: int, payload: bytes) -> None:
        """Answers a Ping, passes over a Pong, ends at a Close."""
        if opcode == PING:
            self.on_ping(payload)
        elif opcode == CLOSE:
            self.on_close(payload)
        else:
            self.on_pong(payload)

    def on_ping(self, payload: bytes) -> None:
        """Sends a Pong with the same payload (RFC 6455 §5.5.2, §5.5.3)."""
        self.send_frame(pong(payload))

    def on_pong(self, payload: bytes) -> None:
        """Does nothing: an unsolicited Pong expects no answer (RFC 6455 §5.5.3)."""

    def on_close(self, payload: bytes) -> None:
        """Answers the Close with its own code and finishes. Raises Violation for a bad body."""
        code = self.parse_close(payload)
        self.send_frame(self.close_reply(code, payload[2:]))
        self.finished = True

    def parse_close(self, payload: bytes) -> int | None:
        """Returns the code, None where there is none. Raises Violation (RFC 6455 §5.5.1, §7.4)."""
        if not payload:
            return None
        self.check_close_length(payload)
        code = int.from_bytes(payload[:2], "big")
        if not self.is_valid_code(code):
            raise Violation(PROTOCOL_ERROR, "this close code must not be sent")
        self.check_close_reason(payload[2:])
        return code

    def check_close_length(self, payload: bytes) -> None:
        """Checks that a body holds a whole code."""
        if len(payload) == 1:
            raise Violation(PROTOCOL_ERROR, "half a close code")

    def is_valid_code(self, code: int) -> bool:
        """Codes that may stand on the wire: registered ones and the ranges for applications (§7.4.2)."""
        return 1000 <= code <= 1003 or 1007 <= code <= 1014 or 3000 <= code <= 4999

    def check_close_reason(self, reason: bytes) -> None:
        """Checks that the reason is UTF-8."""
        try:
            reason.decode()
        except UnicodeDecodeError as error:
            raise self.not_utf8() from error

    def close_reply(self, code: int | None, reason: bytes) -> Frame:
        """Returns the same code back; no code where none came (RFC 6455 §5.5.1)."""
        return close(code)

    def fail(self, violation: Violation) -> None:
        """Says why, and ends (RFC 6455 §7.1.7)."""
        self.send_frame(close(violation.code, str(violation)))
        self.finished = True

    async def go_away(self) -> None:
        """Closes from the server's side because it shuts down (RFC 6455 §7.4.1)."""
        self.send_frame(close(GOING_AWAY))
        with contextlib.suppress(TimeoutError, ConnectionError):
            async with asyncio.timeout(self.goodbye):
                await self.writer.drain()

    async def end_tcp(self) -> None:
        """Closes TCP first, and reads on for a moment, so that no reset overtakes the Close (§7.1.1)."""
        await self.writer.drain()
        if self.writer.can_write_eof():
            self.writer.write_eof()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.linger):
                while await self.reader.read(1 << 16):
                    pass
