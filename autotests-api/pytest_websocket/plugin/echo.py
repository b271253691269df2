"""Assertions on what the target answers to clients: one by one, in a burst, messages of all kinds."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

import pytest

from pytest_websocket.client import Client, ConnectionEnded, ExpectationFailed
from pytest_websocket.client.ending import limited_by_client
from pytest_websocket.plugin.raw_assertions import TOO_BIG, encoded, skip_above_limit
from pytest_websocket.protocol.close_codes import CloseCode
from pytest_websocket.target.target import ECHO_TEMPLATE, Abilities, Answer, Message, Target

RATE_LIMIT_CODES = {CloseCode.POLICY_VIOLATION, CloseCode.TRY_AGAIN_LATER}
"""Close codes of a server that limits the rate: policy violation, try again later (RFC 6455 §7.4.1)."""

WINDOW = 64
"""Messages sent before their replies were read, at most: few enough for every server's buffers."""

MARKER = "the marker after everything"


class Echo:
    """Assertions on the replies of the target."""

    def __init__(self, target: Target, abilities: Abilities) -> None:
        self.target = target
        self.abilities = abilities

    @property
    def is_echo_api(self) -> bool:
        """Returns whether the target is the echo API of this repository, or claims to be one like it."""
        return self.target.embedded or self.target.reply == ECHO_TEMPLATE

    @property
    def answers_binary(self) -> bool:
        """Returns whether binary messages are answered."""
        return self.abilities.binary and self.target.binary != "none"

    def needs_size(self, size: int) -> None:
        """Skips the test where the target takes no message of ``size`` bytes."""
        skip_above_limit(self.abilities, size)

    async def expect_replies(self, client: Client, *messages: Message) -> None:
        """Asserts that each message, sent when the one before was answered, is answered next."""
        __tracebackhide__ = True
        for message in messages:
            await client.send(message)
            try:
                await client.expect(self.target.answer(message))
            except ExpectationFailed:
                self._skip_above_the_limit(client, message)
                raise

    async def expect_burst(
        self, client: Client, messages: Sequence[Message], *, window: int | None = None
    ) -> None:
        """Messages sent without waiting are answered once each, in their order, and nothing more comes.

        At most ``window`` messages are sent before their replies were read; None is all of them. Skips
        the test where a target other than the echo API closes the connection because of the rate.
        """
        __tracebackhide__ = True
        answers = [self.target.answer(message) for message in messages]
        unread = asyncio.Semaphore(len(messages) + 1 if window is None else window)

        async def send() -> None:
            for message in messages:
                await unread.acquire()
                await client.send(message)

        sending = asyncio.create_task(send())
        try:
            for number in range(1, len(messages) + 1):
                try:
                    await self._expect_next(client, answers)
                except AssertionError as failure:
                    failure.add_note(f"That was reply {number} of {len(messages)}.")
                    raise
                unread.release()
            await sending
            await self.expect_silence(client)
        except ConnectionEnded:
            if client.close_code in RATE_LIMIT_CODES and not self.is_echo_api:
                pytest.skip(f"the target limits the rate: it closed the connection with {client.close_code}")
            self._skip_above_the_limit(client, *messages)
            raise
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)

    async def _expect_next(self, client: Client, answers: list[Answer | None]) -> None:
        """Removes the next message from ``answers``: it must be the first, or any with ``any_order``."""
        __tracebackhide__ = True
        if not self.target.any_order:
            await client.expect(answers[0])
            del answers[0]
            return

        def is_expected(message: Message) -> bool:
            return message in answers

        answers.remove(await client.expect(is_expected))

    def _skip_above_the_limit(self, client: Client, *messages: Message) -> None:
        """Skips where the target refused with 1009 a message above the limit that the probe has found.

        Skips, too, where the client refused a reply for its number of fragments, which has no limit in §5.4.
        """
        limit, sent = limited_by_client(client.recording), client.recording.close_sent
        if limit and sent is not None and sent.data.endswith(b"too many fragments"):
            pytest.skip(limit[0][1])
        size = max(len(encoded(message)) for message in messages)
        if client.close_code == TOO_BIG and not self.target.promises(size):
            self.needs_size(size)

    async def expect_silence(self, client: Client) -> None:
        """Asserts that nothing more is received: the next message is the answer to a marker."""
        __tracebackhide__ = True
        await client.expect_silence(MARKER, self.target.answer(MARKER))

    async def expect_healthy(self, client: Client) -> None:
        """Asserts that messages of all kinds are answered, or a Ping where the target does not echo.

        None of them is empty: a server that cannot compress one fails the tests of just that.
        """
        __tracebackhide__ = True
        if not (self.target.answers and self.abilities.text):
            await client.ping(b"still served?")
            return
        if not self.target.echo:
            await self.expect_burst(client, ["still served?"] * 3)
            return
        await self.expect_replies(client, "Привет, сервер!", " a\x00b\r\n", "e\u0301 \N{WAVING HAND SIGN}")
        if self.abilities.max_message >= 70_000:
            await self.expect_replies(client, "ж" * 35_000)
        await self.expect_burst(client, [f"message {number}" for number in range(12)])
        if self.answers_binary:
            await self.expect_burst(client, [b"\x00", "text", bytes(range(256)), b"\r\n\x00", "text"])


class During(Protocol):
    """The type of the fixture `during`."""

    def __call__(self, work: Awaitable[object]) -> AbstractAsyncContextManager[asyncio.Future[object]]:
        """Runs ``work`` beside the test: ``async with during(flood()) as task``; cancels it at the end."""
