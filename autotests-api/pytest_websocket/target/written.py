"""Messages as options and profiles write them: text, ``hex:00ff``, or ``msgpack:`` and JSON."""

from __future__ import annotations

import json
from typing import Any

from pytest_websocket.client.codecs import MessagePackCodec
from pytest_websocket.text import Message

HEX = "hex:"
MSGPACK = "msgpack:"

NOTHING = object()
"""Is no value: it equals nothing."""


def is_binary(text: str) -> bool:
    """Returns whether a message that is written so is a binary one."""
    return text.startswith((HEX, MSGPACK))


def message_of(text: str) -> Message:
    """Returns the message that is meant. Raises ValueError where it is written wrongly."""
    if text.startswith(HEX):
        return bytes_of(text)
    if text.startswith(MSGPACK):
        return packed(json_of(text))
    return text


def bytes_of(text: str) -> bytes:
    """Returns the bytes of ``hex:00ff``. Raises ValueError."""
    try:
        return bytes.fromhex(text.removeprefix(HEX))
    except ValueError:
        raise ValueError("expected hexadecimal digits after hex:, as in hex:00ff") from None


def json_of(text: str) -> Any:
    """Returns the value of ``msgpack:`` and JSON. Raises ValueError, also where msgpack is missing."""
    _codec()
    try:
        return json.loads(text.removeprefix(MSGPACK))
    except (ValueError, RecursionError):
        raise ValueError('expected JSON after msgpack:, as in msgpack:{"op": "ping"}') from None


def packed(value: Any) -> bytes:
    """Returns a value as MessagePack."""
    return _codec().encode(value)


def unpacked(message: Message) -> Any:
    """Returns what a MessagePack message says; `NOTHING` where it is none."""
    try:
        return _codec().decode(message)
    except Exception:
        # msgpack raises exceptions of many classes.
        return NOTHING


def _codec() -> MessagePackCodec:
    try:
        return MessagePackCodec()
    except ImportError:
        raise ValueError("msgpack: needs the package msgpack: pip install msgpack") from None
