"""Serves TCP connections by a coroutine, and leaves no transport open when it stops."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@contextlib.asynccontextmanager
async def serve_streams(
    handler: Handler, host: str = "127.0.0.1", port: int = 0, *, finish: bool = False
) -> AsyncIterator[asyncio.Server]:
    """Serves each connection by ``handler`` until the block ends, then resets the connections that are left.

    With ``finish`` the handlers that run are awaited before. A transport that is open when its loop ends is
    reported by the garbage collector as a ResourceWarning, in whatever test runs by then. A connection that
    breaks ends its handler and is no error.
    """
    writers: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            await handler(reader, writer)

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A plain function: a coroutine that is cancelled before it has begun would not close its writer.
        task = asyncio.get_running_loop().create_task(handle(reader, writer))
        writers[task] = writer
        task.add_done_callback(lambda _: writer.close())

    server = await asyncio.start_server(connected, host, port)
    try:
        yield server
        if finish:
            server.close()
            await asyncio.gather(*writers)
    finally:
        server.close()
        # A connection that was just accepted has its writer after two turns of the loop.
        for _ in range(3):
            await asyncio.sleep(0)
        for task in writers:
            task.cancel()
        ended = await asyncio.gather(*writers, return_exceptions=True)
        for writer in writers.values():
            writer.transport.abort()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
    for error in ended:
        if isinstance(error, Exception):
            raise error
