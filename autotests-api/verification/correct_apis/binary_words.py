"""Servers that speak binary: MessagePack, Protocol Buffers, records with a length, MQTT."""

from __future__ import annotations

from typing import Any

import msgpack
from websockets.asyncio.server import ServerConnection

from verification.correct_apis.registry import api


@api('exchange = ["hex:82a26f70a470696e67a26964 01", "hex:82a26964 01 a26f70 a4706f6e67"]\n')
async def messagepack(connection: ServerConnection) -> None:
    """MessagePack in binary messages: answers {"op": "ping", "id": 1}, and 1003 to text."""
    async for message in connection:
        if isinstance(message, str):
            await connection.close(1003, "binary only")
            return
        if message == b"\x82\xa2op\xa4ping\xa2id\x01":
            await connection.send(b"\x82\xa2id\x01\xa2op\xa4pong")


@api(
    """
request = 'msgpack:{"op": "say", "id": 1, "text": {message}}'
reply = 'msgpack:{"op": "said", "text": {message}}'
ignore = ['msgpack:{"op": "news"}']

[[login]]
send = 'msgpack:{"op": "login", "token": "a-token-that-is-good"}'
expect = 'msgpack:{"op": "welcome"}'
"""
)
async def messagepack_echo(connection: ServerConnection) -> None:
    """Wants a login in MessagePack, and says again what it is told; 4000 to what is no map, 1003 to text."""
    is_known = False
    async for message in connection:
        if isinstance(message, str):
            await connection.close(1003, "binary only")
            return
        try:
            value: Any = msgpack.unpackb(message)
            kind = value["op"]
        except Exception:
            await connection.close(4000, "no request")
            return
        if kind == "login":
            is_known = value.get("token") == "a-token-that-is-good"
            await connection.send(msgpack.packb({"op": "welcome" if is_known else "error"}))
        elif not is_known:
            await connection.close(4401, "log in first")
        elif kind == "say":
            await connection.send(msgpack.packb({"op": "news", "of": value["id"]}))
            await connection.send(msgpack.packb({"text": value["text"], "op": "said", "id": value["id"]}))
        else:
            await connection.send(msgpack.packb({"op": "error", "reason": "unknown"}))


RECORD = "hex:{length:4}{message}"


@api(f'request = "{RECORD}"\nreply = "{RECORD}"\n')
async def length_prefixed(connection: ServerConnection) -> None:
    """Records in binary messages, each after its length in four bytes; another length is an error."""
    async for message in connection:
        is_record = isinstance(message, bytes) and int.from_bytes(message[:4], "big") == len(message) - 4
        if not is_record:
            await connection.close(4002, "no record")
            return
        await connection.send(message)


@api(
    """
request = "hex:12{length:varint}0a{length:varint}{message}"
reply = "hex:0a{length:varint}{message}"
"""
)
async def protocol_buffers(connection: ServerConnection) -> None:
    """A string inside a message inside a message of Protocol Buffers comes back as a string in a message."""
    async for message in connection:
        said = None
        if isinstance(message, bytes):
            outer = field_of(message, 0x12)
            said = field_of(outer, 0x0A) if outer is not None else None
        if said is None:
            await connection.close(1003, "no message of this API")
            return
        await connection.send(b"\x0a" + varint(len(said)) + said)


def varint(number: int) -> bytes:
    """Returns a number as Protocol Buffers and MQTT write it."""
    data = b""
    while number >= 128:
        data += bytes([number % 128 + 128])
        number //= 128
    return data + bytes([number])


def field_of(data: bytes, tag: int) -> bytes | None:
    """Returns what stands after ``tag`` and its length, where it is all of the data; None: it is not."""
    if data[:1] != bytes([tag]):
        return None
    size, shift = 0, 0
    for at, digit in enumerate(data[1:6], 2):
        size |= (digit & 0x7F) << shift
        shift += 7
        if digit < 0x80:
            return data[at:] if len(data) - at == size else None
    return None


def _mqtt(_: ServerConnection, offered: list[str]) -> str | None:
    return "mqtt" if "mqtt" in offered else None


@api(
    """
subprotocol = "mqtt"
request = "hex:30{length:varint}000161{message}"
reply = "hex:30{length:varint}000161{message}"
ignore = ["hex:9003000100"]

[[login]]
send = "hex:100d 0004 4d515454 04 02 003c 0001 78"
expect = "hex:20020000"

[[login]]
send = "hex:8206 0001 0001 61 00"
""",
    select_subprotocol=_mqtt,
)
async def mqtt(connection: ServerConnection) -> None:
    """MQTT 3.1.1: CONNECT, SUBSCRIBE, then what is published comes back; 1002 to unknown packets."""
    if connection.subprotocol != "mqtt":
        await connection.close(1002, "subprotocol mqtt is needed")
        return
    topics: set[bytes] = set()
    is_connected = False
    async for packet in connection:
        kind = packet[:1] if isinstance(packet, bytes) else b""
        body = field_of(packet, kind[0]) if isinstance(packet, bytes) and kind else None
        if body is None or (kind != b"\x10" and not is_connected):
            await connection.close(1003 if isinstance(packet, str) else 1002, "no packet")
            return
        if kind == b"\x10":
            is_connected = True
            await connection.send(b"\x20\x02\x00\x00")
        elif kind == b"\x82":
            topics.add(body[4:-1])
            await connection.send(b"\x90\x03" + body[:2] + b"\x00")
        elif kind == b"\x30":
            if body[2 : 2 + int.from_bytes(body[:2], "big")] in topics:
                await connection.send(packet)
        else:
            await connection.close(1002, "unknown packet")
            return
