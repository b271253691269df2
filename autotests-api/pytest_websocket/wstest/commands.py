"""Frames by order of the client: what the reference suite does on a path that it does not know."""

from __future__ import annotations

import json
from typing import Any

from pytest_websocket.protocol.frames import TEXT, Frame, close
from pytest_websocket.raw.accepted import AcceptedConnection

PAUSE = 60.0
"""Seconds between two looks at a client that orders nothing; it may take its time."""


async def obey(connection: AcceptedConnection) -> None:
    """Does what each text message orders, until the client closes; what is no order ends the connection.

    An order is a JSON list: ``["sendframe", {"opcode": 1, "payload": "…"}]``, ``["sendframes", […]]``,
    ``["close", {"code": 1000}]``, ``["echo", {"payload": "…"}]``.
    """
    while True:
        while not await connection.comes_true(lambda: connection.has_data or connection.over, PAUSE):
            continue
        message = connection.take_message()
        if message is None:
            return connection.close_tcp()
        try:
            await _obey(connection, json.loads(message.data))
        except (ValueError, TypeError, KeyError, IndexError):
            await connection.send_frame(close(1008, "that is no order"))
            return connection.close_tcp()


async def _obey(connection: AcceptedConnection, order: Any) -> None:
    match order[0]:
        case "sendframe":
            await _send(connection, order[1])
        case "sendframes":
            for one in order[1]:
                await _send(connection, one)
        case "close":
            code = order[1].get("code")
            await connection.send_frame(close(code, order[1].get("reason") or b"" if code else b""))
        case "echo":
            await _send(connection, {"opcode": TEXT, **order[1]})
        case _:
            raise ValueError(order[0])


async def _send(connection: AcceptedConnection, order: dict[str, Any]) -> None:
    payload = order.get("payload", "").encode()
    if length := order.get("payload_len"):
        payload = (payload * (length // max(1, len(payload)) + 1))[:length]
    rsv = int(order.get("rsv", 0))
    opcode = int(order["opcode"]) & 15
    frame = Frame(opcode, payload, bool(order.get("fin", True)), bool(rsv & 4), bool(rsv & 2), bool(rsv & 1))
    data = frame.encode(masked=bool(order.get("mask")))
    await connection.send_in_pieces(data, int(order.get("chopsize") or 0) or len(data))
