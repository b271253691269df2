"""Raw connections: `dial` (TCP only), `raw_connection` (after the handshake) and `raw` (the common case)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from contextlib import AsyncExitStack
from typing import Any

import pytest

from pytest_websocket.plugin.recordings import Recordings
from pytest_websocket.plugin.target import ABILITIES
from pytest_websocket.protocol.frames import ping, text
from pytest_websocket.protocol.handshake import Request, problems_of_acceptance
from pytest_websocket.protocol.reader import Inflate
from pytest_websocket.raw.connection import Connection
from pytest_websocket.raw.ending import Ending, NotReceived
from pytest_websocket.recording import Recording
from pytest_websocket.target import dial as approach
from pytest_websocket.target.target import Abilities, Target

CONNECTIONS = pytest.StashKey[list[Connection]]()
TARGET_OF = pytest.StashKey[Target]()

TOO_BIG = 1009
"""Close code of a server to which a message is too big (RFC 6455 §7.4.1)."""

Dial = Callable[..., Awaitable[Connection]]


class ServerHarmed(AssertionError):
    """The case itself may have passed, but afterwards the server did not serve somebody else."""


class NotOpened(AssertionError):
    """The connection that a case needs was not opened: nothing is known of what it is about."""


class ProtocolViolation(AssertionError):
    """The server's own frames broke a MUST, whatever the case was about."""


class Pacemaker:
    """Somebody else's Pings: when one is answered, the server has had its turn with all that came before.

    So what is written in pieces is read in pieces, however busy the machine is.
    """

    def __init__(self, target: Target) -> None:
        self._target = target
        self._connection: Connection | None = None
        self._works = True

    async def beat(self) -> None:
        """Wait for a turn of the server; a server that serves nobody else now is not waited for again."""
        if not self._works:
            return
        try:
            if self._connection is None:
                self._connection = await approach.dial(self._target, Recording())
                await self._connection.handshake(approach.opening_for(self._target))
            await self._connection.send(ping(b"a turn"))
            await self._connection.pong(deadline=self._connection.deadline / 10)
        except (NotReceived, OSError):
            self._works = False

    def stop(self) -> None:
        """Let go of the connection."""
        if self._connection is not None:
            self._connection.abort()


@pytest.fixture
def opening(target: Target) -> Request:
    """A legal opening handshake for the target, with the headers that the options ask for."""
    return approach.opening_for(target)


@pytest.fixture
async def dial(
    request: pytest.FixtureRequest, target: Target, deadline: float, recordings: Recordings
) -> AsyncIterator[Dial]:
    """Factory of raw connections on which nothing has been said yet; it lets go of what it opened.

    A ``narrow`` one has little room for what we do not read.
    """
    connections = request.node.stash.setdefault(CONNECTIONS, [])
    request.node.stash[TARGET_OF] = target
    async with AsyncExitStack() as stack:
        pacemaker = Pacemaker(target)
        stack.callback(pacemaker.stop)

        async def factory(name: str = "raw", *, narrow: bool = False) -> Connection:
            recording = recordings.new(name, target.url)
            connection = await approach.dial(target, recording, deadline=deadline, narrow=narrow)
            connection.greetings = target.greetings
            connection.pace = pacemaker.beat
            connections.append(connection)
            stack.callback(connection.abort)
            return connection

        yield factory
    # pytest keeps its items to the end of the run, and a flooded connection holds megabytes.
    connections.clear()


@pytest.fixture
def raw_connection(dial: Dial, opening: Request) -> Callable[..., Awaitable[Connection]]:
    """Factory of raw connections after the opening handshake; ``extensions`` is offered as it stands.

    A ``narrow`` one has little room for what we do not read.
    """

    async def factory(
        name: str = "raw",
        *,
        extensions: str | None = None,
        inflate: Inflate | None = None,
        narrow: bool = False,
    ) -> Connection:
        connection = await dial(name, narrow=narrow)
        request = opening if extensions is None else opening.having("Sec-WebSocket-Extensions", extensions)
        response = await connection.handshake(request, inflate=inflate)
        problems = problems_of_acceptance(request, response)
        if not response.accepted:
            raise NotOpened(f"the opening handshake was refused: {'; '.join(problems)}")
        return connection

    return factory


@pytest.fixture
async def raw(raw_connection: Callable[..., Awaitable[Connection]]) -> Connection:
    """One raw connection after the opening handshake, without extensions."""
    return await raw_connection()


@pytest.fixture
def answered(target: Target, fits: Callable[[int], None]) -> Callable[..., Awaitable[None]]:
    """Assert that the next messages on a raw connection are the answers to these messages, in order.

    A target that refuses a message with 1009 for the limit that the probe has found is a skip; with
    ``unless_too_big`` it may have any limit (Close 1009 or 1008).
    """

    async def check(connection: Connection, *messages: str | bytes, unless_too_big: bool = False) -> None:
        for message in messages:
            expected = target.answer(message)
            if unless_too_big:
                await _skip_if_refused_as_too_big(connection)
            try:
                got = await connection.message()
            except NotReceived:
                size = max(len(encoded(one)) for one in messages)
                code = connection.close_status.code if connection.close_status else None
                if code == TOO_BIG and not target.promises(size):
                    fits(size)
                raise
            assert got.content == expected, (
                f"expected the answer {_shown(expected)} to {_shown(message)}, got {_shown(got.content)}"
            )

    return check


@pytest.fixture
def serves(target: Target, answered: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    """Assert that a raw connection still works: by an echo, or by a Ping where the target does not echo."""

    async def check(connection: Connection, message: str = "still served?") -> None:
        if target.echo:
            await connection.send(text(message))
            await answered(connection, message)
        else:
            await connection.send(ping(message.encode()))
            assert await connection.pong() == message.encode(), "the Pong does not carry the Ping's payload"

    return check


@pytest.fixture
def fails(target: Target) -> Callable[..., Awaitable[Ending]]:
    """Assert that the server fails a raw connection (RFC 6455 §7.1.7) and answers nothing more on it."""

    async def check(connection: Connection, *, nudge: bool = True, answers: int = 0) -> Ending:
        ending = await connection.ending(nudge=nudge, answers=answers)
        if connection.waiting_messages > answers:
            for _ in range(answers):
                await connection.message()
            answer = await connection.message()
            raise AssertionError(f"expected the server to fail the connection, but it answered: {answer}")
        assert ending.ended, f"expected the server to fail the connection, but {ending}"
        return ending

    return check


@pytest.fixture
def pongs_in_order() -> Callable[..., Awaitable[int]]:
    """Assert that pings on their way are answered in order, the last always; returns how many were.

    A server may leave out all but the most recent Ping (RFC 6455 §5.5.3).
    """

    async def check(connection: Connection, payloads: list[bytes]) -> int:
        remaining = iter(payloads)
        count, last = 0, None
        while last != payloads[-1]:
            last = await connection.pong()
            count += 1
            assert last in remaining, f"Pong {last!r} is out of order, or answers no Ping"
        return count

    return check


@pytest.fixture
def fits(abilities: Abilities) -> Callable[[int], None]:
    """Skip a case whose message is larger than the target takes."""

    def check(size: int) -> None:
        if size > abilities.max_message:
            pytest.skip(f"a message of {size} bytes is above the target's limit of {abilities.max_message}")

    return check


def encoded(message: str | bytes) -> bytes:
    """A message as it is counted: in bytes."""
    return message.encode() if isinstance(message, str) else message


async def _skip_if_refused_as_too_big(connection: Connection) -> None:
    await connection.message_or_ending(take=False)
    status = connection.close_status
    if not connection.waiting_messages and status is not None and status.code in (1008, 1009):
        pytest.skip(f"the target has a limit for this: {status}")


def _shown(message: object) -> str:
    shown = ascii(message) if isinstance(message, str) and not message.isprintable() else repr(message)
    return shown if len(shown) <= 160 else f"{shown[:120]}… ({len(message)} long)"  # type: ignore[arg-type]


async def serves_somebody_else(target: Target, abilities: Abilities) -> Recording:
    """Open another connection, be served on it, close it. Raises ServerHarmed when that fails."""
    recording = Recording("somebody else", target.url)
    try:
        connection = await approach.dial(target, recording)
        try:
            response = await connection.handshake(approach.opening_for(target))
            if not response.accepted:
                raise ServerHarmed(f"afterwards the server refused another client: {response}")
            if target.echo and abilities.text:
                await connection.send(text("anybody there?"))
                for _ in range(target.greetings + 1):
                    await connection.message()
            else:
                await connection.send(ping(b"anybody there?"))
                await connection.pong()
        finally:
            connection.hang_up()
            connection.abort()
    except (NotReceived, OSError) as error:
        raise ServerHarmed(f"afterwards the server did not serve another client: {error}") from error
    return recording


class Afterwards:
    """After every case with raw connections: were the server's frames legal, does it serve somebody else?"""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """Look after a case that passed, and turn it red when the server came to harm or broke a MUST."""
        result = yield
        connections = item.stash.get(CONNECTIONS, [])
        if not connections:
            return result
        violations = [violation for raw in connections for violation in raw.violations]
        if violations:
            raise ProtocolViolation(
                "the server broke the protocol in what it sent: " + "; ".join(violations[:5])
            )
        for connection in connections:
            connection.hang_up()
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
        self._loop.run_until_complete(
            serves_somebody_else(item.stash[TARGET_OF], item.config.stash[ABILITIES])
        )
        return result

    def pytest_unconfigure(self) -> None:
        """Close the loop of the checks."""
        if self._loop is not None:
            self._loop.close()


def pytest_configure(config: pytest.Config) -> None:
    """Register the check that follows every case with raw connections."""
    config.pluginmanager.register(Afterwards(), "ws-afterwards")
