"""What the target promises to answer, as assertions: one by one, in a burst, a bit of everything."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import pytest

from pytest_websocket.client.client import Client, ConnectionEnded
from pytest_websocket.plugin.raw_connections import TOO_BIG, encoded
from pytest_websocket.target.target import ECHO_TEMPLATE, Abilities, Message, Target

ENOUGH = {1008, 1013}
"""Close codes of a server that limits the rate: policy violation, try again later (RFC 6455 §7.4.1)."""

WINDOW = 64
"""Messages under way at once where a burst is not the subject: little enough for every server's buffers."""

MARKER = "the marker behind everything"


class Echo:
    """Assertions on the replies of the target."""

    def __init__(self, target: Target, abilities: Abilities) -> None:
        self.target = target
        self.abilities = abilities

    @property
    def is_ours(self) -> bool:
        """Whether the target claims to be the echo API of this repository, with its limit and its codes."""
        return self.target.embedded or self.target.reply == ECHO_TEMPLATE

    @property
    def speaks_binary(self) -> bool:
        """Whether binary messages are answered."""
        return self.abilities.binary and self.target.binary != "none"

    async def replies(self, client: Client, *messages: Message) -> None:
        """Each message, sent when the one before was answered, brings its reply next."""
        __tracebackhide__ = True
        for message in messages:
            await client.send(message)
            try:
                await client.expect(self.target.answer(message))
            except ConnectionEnded:
                self._skip_above_the_limit(client, message)
                raise

    async def burst(self, client: Client, messages: Sequence[Message], *, window: int | None = None) -> None:
        """Messages sent without waiting bring one reply each, in their order, and nothing more.

        ``window`` is how many may be under way at once; None is all of them. A target that is not ours
        and closes the connection because of the rate skips the case.
        """
        __tracebackhide__ = True
        room = asyncio.Semaphore(len(messages) + 1 if window is None else window)

        async def send() -> None:
            for message in messages:
                await room.acquire()
                await client.send(message)

        sending = asyncio.create_task(send())
        try:
            for number, message in enumerate(messages, 1):
                try:
                    await client.expect(self.target.answer(message))
                except AssertionError as failure:
                    failure.add_note(f"That was reply {number} of {len(messages)}.")
                    raise
                room.release()
            await sending
            await self.silence(client)
        except ConnectionEnded:
            if client.close_code in ENOUGH and not self.is_ours:
                pytest.skip(f"the target limits the rate: it closed the connection with {client.close_code}")
            self._skip_above_the_limit(client, *messages)
            raise
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)

    def _skip_above_the_limit(self, client: Client, *messages: Message) -> None:
        """Skip where the target refused a message with 1009 that is above the limit the probe has found."""
        size = max(len(encoded(message)) for message in messages)
        is_above = size > self.abilities.max_message and not self.target.promises(size)
        if client.close_code == TOO_BIG and is_above:
            pytest.skip(
                f"a message of {size} bytes is above the target's limit of {self.abilities.max_message}"
            )

    async def silence(self, client: Client) -> None:
        """Nothing more is on its way: the next message is the answer to a marker."""
        __tracebackhide__ = True
        await client.expect_silence(MARKER, self.target.answer(MARKER))

    async def soundness(self, client: Client) -> None:
        """The connection keeps the contract: a bit of everything, for when something has happened.

        Where the target does not echo, it answers a Ping.
        """
        __tracebackhide__ = True
        if not (self.target.echo and self.abilities.text):
            await client.ping(b"still there?")
            return
        await self.replies(client, "Привет, сервер!", "", " a\x00b\r\n", "e\u0301 \N{WAVING HAND SIGN}")
        if self.abilities.max_message >= 70_000:
            await self.replies(client, "ж" * 35_000)
        await self.burst(client, [f"message {number}" for number in range(12)])
        if self.speaks_binary:
            await self.burst(client, [b"", "text", bytes(range(256)), b"\r\n\x00", "text"])


@pytest.fixture
def echo(target: Target, abilities: Abilities) -> Echo:
    """Assertions on the replies of the target."""
    return Echo(target, abilities)


@pytest.fixture
def during() -> Callable[..., object]:
    """Run something beside the case: ``async with during(flood()) as task``; it is cancelled at the end."""

    @asynccontextmanager
    async def beside(work: object) -> AsyncIterator[asyncio.Task[object]]:
        task = asyncio.ensure_future(work)  # type: ignore[call-overload]
        try:
            yield task
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    return beside
