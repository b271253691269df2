"""The listener that no server may connect to."""

from __future__ import annotations

import asyncio

import pytest

from pytest_websocket.plugin.canary import Canary


async def test_request_is_kept_and_answered() -> None:
    canary = Canary()
    async with canary.listening():
        canary.expect_never_called()
        reader, writer = await asyncio.open_connection("127.0.0.1", canary.port)
        writer.write(b"GET /\x1b HTTP/1.1\r\n\r\n")
        assert (await reader.read()).startswith(b"HTTP/1.1 204")
        writer.close()
    with pytest.raises(AssertionError, match=r"an inner address that a request named: GET /\\x1b HTTP/1\.1"):
        canary.expect_never_called()


async def test_connection_that_says_nothing_is_dropped_at_the_end(deadline: float) -> None:
    canary = Canary()
    async with canary.listening():
        reader, writer = await asyncio.open_connection("127.0.0.1", canary.port)
        # The second connection is accepted, and answered, after the first.
        answer, second = await asyncio.open_connection("127.0.0.1", canary.port)
        second.write(b"x")
        assert await answer.read()
    assert await asyncio.wait_for(reader.read(), deadline) == b""
    writer.close()
    second.close()
    assert canary.called[0] == "a connection without a request"
