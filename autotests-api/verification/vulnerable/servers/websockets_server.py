"""An echo server on a release of websockets of 2018, which needs a Python of its time."""

import asyncio

import websockets


async def echo(client, path):
    async for message in client:
        await client.send(message)


loop = asyncio.get_event_loop()
server = loop.run_until_complete(websockets.serve(echo, "127.0.0.1", 0))
print("ws://127.0.0.1:%d" % server.server.sockets[0].getsockname()[1], flush=True)  # noqa: UP031
loop.run_forever()
