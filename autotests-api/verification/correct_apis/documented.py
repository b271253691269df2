"""The servers of docs/profiles.md, by the heading under which their profile stands."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import time
from typing import Any

from websockets.asyncio.server import ServerConnection

from verification.correct_apis.own_words import graphql, json_rpc, parsed
from verification.correct_apis.registry import Handler
from verification.correct_apis.speaking_first import echo, greets, pushing

TOKEN, KEY = "the-token-of-the-environment", "the-key-of-the-environment"
"""What `API_TOKEN` and `API_KEY` have to be."""


async def rooms(connection: ServerConnection) -> None:
    """Says nothing before one has joined a room; others come and go all the time."""
    joined = parsed(await connection.recv())
    if not isinstance(joined, dict) or "join" not in joined:
        await connection.close(4000, "join a room first")
        return
    await connection.send(json.dumps({"room": joined["join"]}))
    events = ("joined", "said", "left")
    async with pushing(connection, lambda number: json.dumps({"event": events[number % 3]}), 0.1):
        async for message in connection:
            value = parsed(message)
            if isinstance(value, dict) and "say" in value:
                await connection.send(json.dumps({"said": value["say"], "you": True}))


async def challenge(connection: ServerConnection) -> None:
    """Takes the nonce with a token, or its HMAC."""
    nonce = secrets.token_hex(8)
    await connection.send(json.dumps({"event": "challenge", "data": {"nonce": nonce}}))
    answer: Any = parsed(await connection.recv()) or {}
    mac = hmac.new(KEY.encode(), nonce.encode(), hashlib.sha256).hexdigest()
    if answer.get("mac") == mac or (answer.get("nonce") == nonce and answer.get("token") == TOKEN):
        await connection.send('{"event": "welcome"}')
        await echo(connection)
    else:
        await connection.close(4401, "wrong answer")


async def ticker(connection: ServerConnection) -> None:
    """Prices as bytes, and the time where it is asked for."""
    async with pushing(connection, lambda number: b"\x01" + number.to_bytes(4, "big"), 0.05):
        async for message in connection:
            if message == "time":
                await connection.send(time.strftime("%H:%M"))


def _graphql(_: ServerConnection, offered: list[str]) -> str | None:
    return "graphql-transport-ws" if "graphql-transport-ws" in offered else None


DOCUMENTED: dict[str, tuple[Handler, dict[str, Any]]] = {
    "An echo server that greets": (greets, {}),
    "Chat with rooms": (rooms, {}),
    "GraphQL subscriptions": (graphql, {"select_subprotocol": _graphql}),
    "JSON-RPC": (json_rpc, {}),
    "Login by challenge and response": (challenge, {}),
    "Binary ticker": (ticker, {}),
}
