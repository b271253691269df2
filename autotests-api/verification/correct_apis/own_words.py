"""Servers that answer by their own words: JSON, JSON-RPC, GraphQL, Socket.IO, or not at all."""

from __future__ import annotations

import asyncio
import itertools
import json
from typing import Any

from websockets.asyncio.server import ServerConnection, broadcast

from verification.correct_apis.registry import api
from verification.correct_apis.speaking_first import pushing


def parsed(message: str | bytes) -> Any:
    """Returns a message read as JSON; None where it is not."""
    try:
        return json.loads(message)
    except (ValueError, RecursionError):
        return None


@api(
    """
request = '{"op": "say", "text": {message}}'
reply = '{"op": "said", "text": {message}}'
"""
)
async def json_echo(connection: ServerConnection) -> None:
    """Says again what it is told, in an object with further members."""
    for number in itertools.count():
        value = parsed(await connection.recv())
        if not isinstance(value, dict) or value.get("op") != "say":
            await connection.send('{"op":"error","reason":"unknown operation"}')
            continue
        reply = {"seq": number, "text": value["text"], "op": "said", "length": len(value["text"])}
        await connection.send(json.dumps(reply))


@api(
    """
request = '{"jsonrpc": "2.0", "id": 1, "method": "echo", "params": [{message}]}'
reply = '{"id": 1, "result": {message}}'
"""
)
async def json_rpc(connection: ServerConnection) -> None:
    """JSON-RPC 2.0 with one method."""
    async for message in connection:
        call = parsed(message)
        if not isinstance(call, dict) or "method" not in call:
            error = {"code": -32600 if call is not None else -32700, "message": "Invalid Request"}
            await connection.send(json.dumps({"jsonrpc": "2.0", "id": None, "error": error}))
        elif call["method"] == "echo":
            await connection.send(
                json.dumps({"jsonrpc": "2.0", "id": call["id"], "result": call["params"][0]})
            )
        else:
            error = {"code": -32601, "message": "Method not found"}
            await connection.send(json.dumps({"jsonrpc": "2.0", "id": call.get("id"), "error": error}))


def _graphql(connection: ServerConnection, offered: list[str]) -> str | None:
    return "graphql-transport-ws" if "graphql-transport-ws" in offered else None


@api(
    """
subprotocol = ["graphql-transport-ws"]
exchange = ['{"type": "ping"}', '{"type": "pong"}']

[[login]]
send = '{"type": "connection_init"}'
expect = '{"type": "connection_ack"}'
""",
    select_subprotocol=_graphql,
)
async def graphql(connection: ServerConnection) -> None:
    """graphql-transport-ws: init, ack, then pings and subscriptions; 44xx for everything else."""
    if connection.subprotocol != "graphql-transport-ws":
        await connection.close(4406, "Subprotocol not acceptable")
        return
    try:
        first = parsed(await asyncio.wait_for(connection.recv(), 3))
    except TimeoutError:
        await connection.close(4408, "Connection initialisation timeout")
        return
    if not isinstance(first, dict) or first.get("type") != "connection_init":
        await connection.close(4401, "Unauthorized")
        return
    await connection.send('{"type":"connection_ack"}')
    async for message in connection:
        value = parsed(message)
        kind = value.get("type") if isinstance(value, dict) else None
        if kind == "ping":
            await connection.send('{"type":"pong"}')
        elif kind == "subscribe":
            await connection.send(json.dumps({"id": value["id"], "type": "next", "payload": {"data": 1}}))
            await connection.send(json.dumps({"id": value["id"], "type": "complete"}))
        elif kind not in {"pong", "complete"}:
            await connection.close(4400, "Invalid message")


@api(
    """
request = '42["echo",{message}]'
reply = '42["echoed",{message}]'

[[login]]
send = "40"
expect = 're:^40'
""",
    resource="/socket.io/?EIO=4&transport=websocket",
)
async def socket_io(connection: ServerConnection) -> None:
    """Engine.IO's open packet, Socket.IO's connect, pings of the server, events."""
    await connection.send('0{"sid":"x","upgrades":[],"pingInterval":300,"pingTimeout":5000}')
    async with pushing(connection, lambda _: "2", 0.3, 0.3):
        async for message in connection:
            if message == "40":
                await connection.send('40{"sid":"y"}')
            elif isinstance(message, str) and message.startswith("42"):
                event = parsed(message[2:])
                if isinstance(event, list) and event[:1] == ["echo"]:
                    await connection.send("42" + json.dumps(["echoed", *event[1:]], ensure_ascii=False))
            elif message != "3":
                await connection.close(1000)


ROOM: set[ServerConnection] = set()


@api(
    """
request = '{"say": {message}}'
reply = '{"you": true, "said": {message}}'
"""
)
async def chat(connection: ServerConnection) -> None:
    """Tells all clients who comes, goes and says something, and answers the one who says it."""
    ROOM.add(connection)
    broadcast(ROOM, json.dumps({"event": "joined", "members": len(ROOM)}))
    try:
        async for message in connection:
            value = parsed(message)
            if not isinstance(value, dict) or "say" not in value:
                await connection.send('{"event":"error"}')
                continue
            broadcast(ROOM - {connection}, json.dumps({"event": "said", "text": value["say"]}))
            await connection.send(json.dumps({"you": True, "said": value["say"]}))
    finally:
        ROOM.discard(connection)
        broadcast(ROOM, json.dumps({"event": "left", "members": len(ROOM)}))


@api("no_echo = true\n")
async def closes_on_unknown_text(connection: ServerConnection) -> None:
    """Closes with 4000 on everything but its own command, which no profile tells."""
    async for message in connection:
        if message != "time":
            await connection.close(4000, "unknown command")
            return
        await connection.send("now")


@api("no_echo = true\n")
async def answers_errors(connection: ServerConnection) -> None:
    """Answers everything with an error."""
    async for _ in connection:
        await connection.send('{"error":{"code":400,"message":"unknown command"}}')


@api("no_echo = true\n")
async def says_nothing(connection: ServerConnection) -> None:
    """Takes everything, and never answers."""
    async for _ in connection:
        pass


@api('exchange = [\'{"op": "ping"}\', \'{"op": "pong"}\']\n')
async def strict_commands(connection: ServerConnection) -> None:
    """Answers one command, and closes with 1003, 1007 or 1008 on what it does not know."""
    async for message in connection:
        value = parsed(message)
        if isinstance(message, bytes):
            await connection.close(1003, "text only")
        elif not isinstance(value, dict):
            await connection.close(1007, "not JSON")
        elif value.get("op") != "ping":
            await connection.close(1008, "unknown operation")
        else:
            await connection.send(json.dumps({"op": "pong", "seen": len(message)}))
