"""Faults that show when a connection has been silent for some time (the contract of the echo)."""

from __future__ import annotations

import asyncio

from pytest_websocket.protocol.frames import ping
from verification.faulty_servers.correct import Connection
from verification.faulty_servers.correct.framing import Message, Violation
from verification.faulty_servers.registry import fault


@fault("contract", caught_by="test_idle_connection_stays_open")
class PingsIdleClientsWithTooMuch(Connection):
    """A client that is silent for a fifth of a second gets a Ping of 126 bytes."""

    async def fill(self) -> bool:
        timer = asyncio.get_running_loop().call_later(0.2, self.send_frame, ping(bytes(126)))
        try:
            return await super().fill()
        finally:
            timer.cancel()


@fault("contract", caught_by="test_server_waits_for_a_peer_that_does_not_read")
class LosesTheFirstMessageAfterAPause(Connection):
    """A message that comes after a quarter of a second of silence wakes the handler, but gets no reply."""

    last: float | None = None

    def message(self, message: Message) -> None:
        now = asyncio.get_running_loop().time()
        if self.last is None or now - self.last < 0.25:
            super().message(message)
        self.last = now


@fault("contract", caught_by="test_idle_connection_stays_open")
class HangsUpAfterAPause(Connection):
    """A connection that was silent for half a second is closed."""

    async def fill(self) -> bool:
        try:
            async with asyncio.timeout(0.5):
                return await super().fill()
        except TimeoutError:
            self.fail(Violation(1001, "idle"))
            return True


@fault("contract", caught_by="test_idle_connection_stays_open")
class EndsConnectionsAfterThreeSeconds(Connection):
    """A connection may live for three seconds, busy or not."""

    async def serve(self) -> None:
        try:
            async with asyncio.timeout(3):
                await super().serve()
        except TimeoutError:
            self.fail(Violation(1001, "time is up"))


class Idler(Connection):
    """Knows for how long nothing had come before the newest segment."""

    idle = 0.0

    async def fill(self) -> bool:
        clock = asyncio.get_running_loop().time
        began = clock()
        try:
            return await super().fill()
        finally:
            self.idle = clock() - began
            self.woken()

    def woken(self) -> None:
        """Something came."""


@fault("contract", caught_by="test_idle_connection_stays_open", origin="blind round 3")
class ForgetsAMessageThatPauses(Idler):
    """When nothing comes for a second between two fragments, the message is given up."""

    def woken(self) -> None:
        if self.idle > 1.0 and self.header is None:
            self.in_message = False


@fault("contract", caught_by="test_idle_connection_stays_open", origin="blind round 3")
class DropsACloseAfterIdling(Idler):
    """A Close that comes after a second of silence finds the session gone: TCP ends without an answer."""

    def on_close(self, payload: bytes) -> None:
        if self.idle > 1.0:
            self.finished = True
        else:
            super().on_close(payload)
