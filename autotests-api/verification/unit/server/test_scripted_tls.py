"""A scripted server with TLS."""

import asyncio
import ssl

import trustme
import websockets

from pytest_websocket.fixtures import StartServer


async def test_scripted_server_speaks_tls(ws_server: StartServer) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    server = await ws_server(tls=context)
    assert server.url.startswith("wss://localhost:")

    async def send() -> None:
        async with websockets.connect(server.url, ssl=trusting) as client:
            await client.send("secret")

    sending = asyncio.create_task(send())
    conversation = await server.accept()
    assert await conversation.receive() == "secret"
    await conversation.expect_closed(1000)
    await sending
