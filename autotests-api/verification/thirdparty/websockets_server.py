"""An echo server on websockets, as its documentation writes one."""

import asyncio
from contextlib import suppress

from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed


async def echo(connection):
    with suppress(ConnectionClosed):
        async for message in connection:
            await connection.send(message)


async def main():
    async with serve(echo, "127.0.0.1", 0) as server:
        print(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
        await server.serve_forever()


asyncio.run(main())
