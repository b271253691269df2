"""The servers of the tests leave no transport open."""

from __future__ import annotations

import asyncio
import gc

import pytest

from verification.stream_server import serve_streams


async def test_server_that_stops_closes_a_transport_whose_peer_does_not_read() -> None:
    transports: list[asyncio.WriteTransport] = []

    async def flood(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        transports.append(writer.transport)
        while True:
            writer.write(bytes(1 << 20))
            await writer.drain()

    async with serve_streams(flood) as server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        await reader.readexactly(1)
    assert [transport.is_closing() for transport in transports] == [True]
    writer.close()


def test_connection_that_comes_when_the_server_stops_leaves_no_warning(
    recwarn: pytest.WarningsRecorder,
) -> None:
    async def wait(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    async def connect_and_stop() -> None:
        async with serve_streams(wait) as server:
            _, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.close()

    asyncio.run(connect_and_stop())
    gc.collect()
    assert not [str(warning.message) for warning in recwarn]


async def test_handler_is_awaited_when_it_shall_finish() -> None:
    received = []

    async def read(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        received.append(await reader.read())

    async with serve_streams(read, finish=True) as server:
        _, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(b"whole")
        await writer.drain()
        writer.close()
    assert received == [b"whole"]
