"""The page on tests of one's own client shows code that runs: it stands here."""

import asyncio
import re
import sys
from pathlib import Path

import pytest
import websockets
from websockets.sync.client import connect as connect_sync

from pytest_websocket.client import json_with
from pytest_websocket.protocol.frames import continuation, text

PAGE = Path(__file__).parents[4] / "docs" / "clients.md"
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


async def log_in(url: str) -> str | bytes:
    async with websockets.connect(f"{url}/chat", subprotocols=["chat.v1"]) as connection:
        await connection.send('{"type": "login", "name": "Ann"}')
        return await connection.recv()


async def test_log_in(ws_server):
    server = await ws_server()
    async with asyncio.TaskGroup() as tasks:
        greeting = tasks.create_task(log_in(server.url))  # the code under test
        conversation = await server.accept("/chat", subprotocol="chat.v1")
        await conversation.expect(json_with(type="login"))
        await conversation.send_json({"type": "welcome"})
        await conversation.expect_closed(1000)
    assert greeting.result() == '{"type": "welcome"}'


def read_one(url: str) -> str | bytes:
    with connect_sync(url) as connection:
        return connection.recv()


async def test_client_that_blocks(ws_server):
    server = await ws_server()
    reading = asyncio.create_task(asyncio.to_thread(read_one, server.url))
    conversation = await server.accept()
    await conversation.send("hello")
    await conversation.expect_closed()
    assert await reading == "hello"


PROGRAM = (
    "import sys; from websockets.sync.client import connect; connect(sys.argv[1]).send('from a program')"
)


async def test_another_program(ws_server):
    server = await ws_server()
    program = await asyncio.create_subprocess_exec(sys.executable, "-c", PROGRAM, server.url)
    conversation = await server.accept()
    await conversation.expect("from a program")
    assert await program.wait() == 0


async def test_refused_login(ws_server):
    server = await ws_server()
    connecting = asyncio.create_task(log_in(server.url))
    await server.reject(401, "/chat", headers=[("WWW-Authenticate", "Bearer")])
    with pytest.raises(websockets.InvalidStatus):
        await connecting


async def test_message_in_fragments_and_a_broken_frame(ws_server):
    server = await ws_server()
    reading = asyncio.create_task(log_in(server.url))
    conversation = await server.accept()
    await conversation.receive()
    await conversation.send_frame(text("wel", fin=False), continuation("come"))
    assert await reading == "welcome"
    await conversation.expect_closed(1000)

    reading = asyncio.create_task(log_in(server.url))
    conversation = await server.accept()
    await conversation.receive()
    await conversation.send_frame(text("a server must not mask"), masked=True)
    await conversation.expect_closed(1002)
    with pytest.raises(websockets.ConnectionClosed):
        await reading


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: re.search(r"def (test_\w+)", block)[1])
def test_code_of_the_page_stands_here(block: str) -> None:
    assert block in Path(__file__).read_text(encoding="utf-8")
