"""Bytes that are no frames: the wait is over, and the end of TCP is noticed all the same."""

from __future__ import annotations

import pytest

from pytest_websocket.protocol.frames import Frame, close
from pytest_websocket.raw.connection import Connection
from pytest_websocket.raw.ending import NotReceived
from pytest_websocket.raw.framed import MAX_DISCARDED
from verification.conftest import RecordingTransport

HTTP = b"HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n" + bytes(90)


async def test_wait_is_over_when_what_comes_cannot_be_read(raw: Connection) -> None:
    raw.data_received(HTTP)
    with pytest.raises(NotReceived, match=r"what the server sends cannot be read: an HTTP response among"):
        await raw.message(deadline=1000)


async def test_end_of_tcp_is_noticed_after_bytes_that_are_no_frames(
    raw: Connection, transport: RecordingTransport
) -> None:
    raw.data_received(close(1000).encode(masked=False) + HTTP)
    raw.data_received(HTTP)
    assert "pause_reading" not in transport.asked
    raw.eof_received()
    ending = await raw.tcp_ending(deadline=1000)
    assert str(ending).startswith("Close 1000, TCP closed after")
    assert raw.violations == []


@pytest.mark.parametrize("head", [HTTP, Frame(2).encode(masked=False, length=1 << 40, length_bits=64)])
async def test_reading_stops_a_mebibyte_after_what_cannot_be_read(
    raw: Connection, transport: RecordingTransport, head: bytes
) -> None:
    raw.data_received(head)
    assert transport.asked == []
    raw.data_received(bytes(MAX_DISCARDED))
    assert transport.asked == ["pause_reading"]
