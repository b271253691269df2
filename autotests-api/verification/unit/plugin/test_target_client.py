"""A client with a codec: what its target greets with, pushes, and says at the login is read as it comes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve

from pytest_websocket.client import JsonCodec, MessagePackCodec
from pytest_websocket.client.codecs import Codec
from pytest_websocket.plugin.clients import Connect
from pytest_websocket.plugin.recordings import Recordings
from pytest_websocket.target.login import Conversation
from pytest_websocket.target.patterns import Pattern
from pytest_websocket.target.target import Target

PUSH = {"type": "tick"}


async def log_in(conversation: Conversation) -> None:
    await conversation.send_json({"type": "login", "password": "correct horse"})
    assert (await conversation.receive_json())["type"] == "welcome"


async def handle(connection: ServerConnection) -> None:
    """Logs in by JSON and greets; then echoes, whatever the format, after a push in JSON."""
    assert json.loads(await connection.recv())["type"] == "login"
    await connection.send('{"type": "welcome"}')
    await connection.send("hello")
    async for message in connection:
        await connection.send(json.dumps(PUSH))
        await connection.send(message)


@pytest.mark.parametrize("codec", [JsonCodec(), MessagePackCodec()], ids=["json", "msgpack"])
async def test_login_greeting_and_pushes_are_read_as_they_come(codec: Codec, deadline: float) -> None:
    async with serve(handle, "127.0.0.1", 0) as server:
        url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        ignore = (Pattern(json.dumps(PUSH)),)
        connect = Connect(Target(url, greetings=1, login=log_in, ignore=ignore), Recordings([]), deadline)
        client = await connect(codec=codec)
        await client.send({"type": "question"})
        await client.expect({"type": "question"})
        await connect.close()


@pytest.mark.parametrize(
    ("name", "hint"), [("headrs", "; did you mean 'headers'?"), ("xyzzy", "; there are headers, origin, ")]
)
async def test_setting_that_is_misspelt_is_told_with_the_one_that_is_meant(name: str, hint: str) -> None:
    connect = Connect(Target("ws://127.0.0.1:1"), Recordings([]), 1)
    settings: dict[str, Any] = {name: 1}
    with pytest.raises(TypeError) as failure:
        await connect(**settings)
    assert str(failure.value).startswith(f"connect() has no setting {name!r}{hint}")
