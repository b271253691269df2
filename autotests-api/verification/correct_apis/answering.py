"""Servers that answer in other manners: twice, numbered, late and in any order, only while one speaks."""

from __future__ import annotations

import asyncio
import itertools
import json
import random

from websockets.asyncio.server import ServerConnection

from verification.correct_apis.own_words import parsed
from verification.correct_apis.registry import api


@api(
    """
request = '{"id": "1", "do": "upper", "text": {message}}'
reply = '{"id": "1", "result": {message}}'
"""
)
async def acknowledges_first(connection: ServerConnection) -> None:
    """Answers each request twice: that it has come, and what the result is."""
    async for message in connection:
        value = parsed(message)
        if not isinstance(value, dict) or "text" not in value:
            await connection.send('{"id":null,"status":"rejected"}')
            continue
        await connection.send(json.dumps({"id": value["id"], "status": "accepted"}))
        await asyncio.sleep(0.002)
        await connection.send(json.dumps({"id": value["id"], "status": "done", "result": value["text"]}))


@api(
    """
request = '{"seq": 0, "cmd": "note", "body": {"text": {message}}}'
reply = '{"cmd": "noted", "body": {"text": {message}}}'
"""
)
async def numbered_envelopes(connection: ServerConnection) -> None:
    """Puts everything into numbered envelopes, and closes with 4404 on a request that it does not know."""
    numbers = itertools.count(1)
    await connection.send(json.dumps({"seq": next(numbers), "cmd": "hello", "body": {}}))
    async for message in connection:
        value = parsed(message)
        if not isinstance(value, dict) or value.get("cmd") != "note":
            await connection.close(4404, "unknown command")
            return
        body = {"text": value["body"]["text"], "size": len(message)}
        await connection.send(json.dumps({"seq": next(numbers), "cmd": "noted", "body": body}))


@api(
    """
request = '{"id": 7, "text": {message}}'
reply = '{"id": 7, "text": {message}}'
"""
)
async def answers_in_any_order(connection: ServerConnection) -> None:
    """Works on each request for a while, and answers when it is done."""

    async def work(text: str) -> None:
        await asyncio.sleep(random.uniform(0.2, 0.5))
        await connection.send(json.dumps({"id": 7, "text": text}))

    tasks: set[asyncio.Task[None]] = set()
    try:
        async for message in connection:
            value = parsed(message)
            if isinstance(value, dict) and "text" in value:
                tasks.add(asyncio.create_task(work(value["text"])))
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@api('reply = "{message}"\n')
async def wants_keepalives(connection: ServerConnection) -> None:
    """Closes with 4008 after 2 s without a message."""
    while True:
        try:
            message = await asyncio.wait_for(connection.recv(), 2)
        except TimeoutError:
            await connection.close(4008, "no keepalive")
            return
        await connection.send(message)


def _wamp(_: ServerConnection, offered: list[str]) -> str | None:
    return "wamp.2.json" if "wamp.2.json" in offered else None


@api(
    """
subprotocol = "wamp.2.json"
request = '[48, 1, {}, "com.example.echo", [{message}]]'
reply = '[50, 1, {}, [{message}]]'

[[login]]
send = '[1, "realm1", {"roles": {"caller": {}}}]'
expect = 're:^.2,'
""",
    select_subprotocol=_wamp,
)
async def wamp(connection: ServerConnection) -> None:
    """WAMP: HELLO and WELCOME, then CALL and RESULT; ABORT and a Close for what is out of place."""
    if connection.subprotocol != "wamp.2.json":
        await connection.close(1002, "subprotocol wamp.2.json is needed")
        return
    is_welcome = False
    async for message in connection:
        value = parsed(message) if isinstance(message, str) else None
        kind = value[0] if isinstance(value, list) and value else None
        if kind == 1 and not is_welcome:
            is_welcome = True
            await connection.send(json.dumps([2, random.getrandbits(53), {"roles": {"dealer": {}}}]))
        elif kind == 48 and is_welcome and isinstance(value, list):
            await connection.send(json.dumps([50, value[1], {}, value[4]]))
        else:
            await connection.send('[3,{"message":"out of place"},"wamp.error.protocol_violation"]')
            await connection.close(1002, "protocol violation")
            return
