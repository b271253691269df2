"""Raw connections: `dial` (TCP only), `raw_connection` (after the handshake) and `raw` (the common case)."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from dataclasses import replace
from typing import Any, Protocol, TypeVar

import pytest

from pytest_websocket.network import Link
from pytest_websocket.plugin.raw_assertions import RawConnection
from pytest_websocket.plugin.recordings import Recordings
from pytest_websocket.plugin.target import ABILITIES
from pytest_websocket.protocol.deflate import Inflater
from pytest_websocket.protocol.frames import ping, text
from pytest_websocket.protocol.handshake import Response
from pytest_websocket.raw.ending import NotReceived
from pytest_websocket.recording import Recording
from pytest_websocket.target.connection import TargetConnection
from pytest_websocket.target.dial import connect_to, opening_for
from pytest_websocket.target.dial import dial as dial_target
from pytest_websocket.target.login import LoginFailed
from pytest_websocket.target.target import Abilities, Target

CONNECTIONS = pytest.StashKey[list[RawConnection]]()
"""Raw connections that a test opened, in order."""

RawConnectionT = TypeVar("RawConnectionT", bound=RawConnection)


class ServerHarmed(AssertionError):
    """Raised after a test that passed when the server does not serve another client any more.

    ``response`` is its answer to the other client's handshake, where it refused that.
    """

    def __init__(self, words: str, response: Response | None = None) -> None:
        super().__init__(words)
        self.response = response


class NotOpened(AssertionError):
    """Raised when a connection that a test needs is not opened: the rule under test was not reached."""


class ProtocolViolation(AssertionError):
    """Raised when the server's own frames broke a MUST, whatever the test was about."""


class RoundTripBarrier:
    """Sends a Ping on a second connection; its Pong shows that the server has read everything sent before.

    So what is sent in pieces is read in pieces, however busy the machine is.
    """

    def __init__(self, target: Target) -> None:
        self._target = target
        self._connection: TargetConnection | None = None
        self._works = True

    async def await_server_turn(self) -> None:
        """Waits for the Pong; does nothing from the first time on that the server does not answer."""
        if not self._works:
            return
        try:
            if self._connection is None:
                self._connection = await dial_target(self._target, Recording())
                await self._connection.handshake(opening_for(self._target))
                await self._connection.enter()
            await self._connection.send(ping(b"a turn"))
            await self._connection.pong(deadline=self._connection.deadline / 10)
        except (NotReceived, LoginFailed, OSError):
            self._works = False

    def stop(self) -> None:
        """Closes the connection."""
        if self._connection is not None:
            self._connection.abort()


class Dial:
    """Opens raw connections to the target on which nothing has been sent yet; closes them after the test."""

    def __init__(self, target: Target, abilities: Abilities, deadline: float, recordings: Recordings) -> None:
        self._target = target
        self._abilities = abilities
        self._deadline = deadline
        self._recordings = recordings
        self._barrier = RoundTripBarrier(target)
        self.connections: list[RawConnection] = []
        self._others: list[Dial] = []

    def to(self, target: Target) -> Dial:
        """Returns a factory of connections to the same server in another form, or entered in another way.

        This one closes them. They are not looked at after the test.
        """
        other = Dial(target, self._abilities, self._deadline, self._recordings)
        self._others.append(other)
        return other

    async def __call__(
        self, name: str = "raw", *, link: Link | None = None, small_buffers: bool = False
    ) -> RawConnection:
        """Returns a new connection that the report calls ``name``, through ``link`` if given.

        With ``small_buffers`` some 100 kB that the client does not read make the server wait.
        """
        return await self.open(RawConnection, name, link=link, small_buffers=small_buffers)

    async def open(
        self,
        kind: type[RawConnectionT],
        name: str = "raw",
        *,
        link: Link | None = None,
        small_buffers: bool = False,
    ) -> RawConnectionT:
        """Returns a new connection of the class ``kind``."""
        target = self._target if link is None else replace(self._target, proxy=link.url)
        connection = kind(
            self._recordings.new(name, target.url), self._deadline, self._target, self._abilities
        )
        connection.await_server_turn = self._barrier.await_server_turn
        await target.pace.turn()
        await connect_to(target, connection, small_buffers=small_buffers)
        self.connections.append(connection)
        return connection

    def close(self) -> None:
        """Closes what was opened."""
        self._barrier.stop()
        for other in self._others:
            other.close()
        for connection in self.connections:
            connection.abort()
        # pytest keeps its items to the end of the run, and a flooded connection holds megabytes.
        self.connections.clear()


class OpenRawConnection(Protocol):
    """The type of the fixture `raw_connection`."""

    async def __call__(
        self,
        name: str = "raw",
        *,
        extensions: str | None = None,
        inflate: Inflater | None = None,
        link: Link | None = None,
        small_buffers: bool = False,
    ) -> RawConnection:
        """Returns a new connection after the handshake; raises NotOpened when it is refused.

        ``extensions`` is offered as it stands; ``inflate`` reads compressed messages. For ``link`` and
        ``small_buffers`` see `Dial`.
        """


async def expect_another_client_served(target: Target, abilities: Abilities) -> Recording:
    """Opens another connection, is served on it, closes it. Raises ServerHarmed when that fails."""
    recording = Recording("another client", target.url)
    await target.pace.turn()
    try:
        connection = await dial_target(target, recording)
        try:
            response = await connection.handshake(opening_for(target))
            if not response.accepted:
                raise ServerHarmed(f"afterwards the server refused another client: {response}", response)
            await connection.enter()
            if target.answers and abilities.text:
                await connection.send(text("is the server well?"))
                await connection.message()
            else:
                await connection.send(ping(b"is the server well?"))
                await connection.pong()
        finally:
            connection.shutdown()
            connection.abort()
    except (NotReceived, LoginFailed, OSError) as error:
        raise ServerHarmed(f"afterwards the server did not serve another client: {error}") from error
    return recording


class ServerCheck:
    """After a test with raw connections: were the server's frames legal, does it serve another client?"""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """Fails a passing test if the server sent invalid frames or no longer serves new clients.

        Skips a failed one where the target is no echo server, and ended a connection over the suite's words.
        """
        connections: list[RawConnection] = []
        try:
            result = yield
        except AssertionError as error:
            connections = item.stash.get(CONNECTIONS, [])
            reasons = [reason for connection in connections if (reason := connection.refused_words)]
            if reasons:
                raise pytest.skip.Exception(reasons[0], _use_item_location=True) from error
            raise
        connections = item.stash.get(CONNECTIONS, [])
        if not connections:
            return result
        violations = [violation for connection in connections for violation in connection.violations]
        if violations:
            raise ProtocolViolation(
                "the server broke the protocol in what it sent: " + "; ".join(map(str, violations[:5]))
            )
        for connection in connections:
            connection.shutdown()
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
        self._loop.run_until_complete(
            expect_another_client_served(connections[0].target, item.config.stash[ABILITIES])
        )
        return result

    def pytest_unconfigure(self) -> None:
        """Closes the loop of the checks."""
        if self._loop is not None:
            self._loop.close()


def pytest_configure(config: pytest.Config) -> None:
    """Registers the check after each test with raw connections."""
    config.pluginmanager.register(ServerCheck(), "ws-server-check")
