"""Codecs: how messages become values that expectations compare, and values become messages."""

from __future__ import annotations

import json
from typing import Any, Protocol

from pytest_websocket.text import Message


class Codec(Protocol):
    """Any object with these two methods, for `connect(codec=…)`.

    Where messages that are sent have another form than those that are received, a method ``decode_sent``
    reads them for failures and reports; without it ``decode`` does.
    """

    def encode(self, value: Any, /) -> Message:
        """Returns the message for a value: str goes as text, bytes as binary."""

    def decode(self, message: Any, /) -> Any:
        """Returns the value of a message. What it raises is the reason why the message does not match."""


class JsonCodec:
    """JSON in text messages."""

    def encode(self, value: Any) -> str:
        """Returns the value as JSON text."""
        return json.dumps(value, ensure_ascii=False, allow_nan=False)

    def decode(self, message: Message) -> Any:
        """Returns the value of JSON text, in a binary message, too."""
        return json.loads(message)


class MessagePackCodec:
    """MessagePack in binary messages; needs the package msgpack. Raises ImportError without it."""

    def __init__(self) -> None:
        try:
            import msgpack
        except ImportError:
            raise ImportError(
                "MessagePackCodec needs the package msgpack: pip install msgpack", name="msgpack"
            ) from None
        self._msgpack = msgpack

    def encode(self, value: Any) -> bytes:
        """Returns the value as MessagePack."""
        return bytes(self._msgpack.packb(value))

    def decode(self, message: Message) -> Any:
        """Returns the value of a binary message. Raises TypeError for a text message."""
        if isinstance(message, str):
            raise TypeError("it is a text message, and MessagePack is binary")
        return self._msgpack.unpackb(message)


class ProtobufCodec:
    """Protocol Buffers in binary messages: ``received`` and ``sent`` are classes that protoc has made.

    Values are their objects; `json_with` compares their fields by name.
    """

    def __init__(self, received: Any, sent: Any = None) -> None:
        self._received = received
        self._sent = received if sent is None else sent

    def encode(self, value: Any) -> bytes:
        """Returns the object's serialised form."""
        return bytes(value.SerializeToString())

    def decode(self, message: Message) -> Any:
        """Returns an object of the class ``received``. Raises TypeError for a text message."""
        return self._parse(self._received, message)

    def decode_sent(self, message: Message) -> Any:
        """Returns an object of the class ``sent``."""
        return self._parse(self._sent, message)

    def _parse(self, kind: Any, message: Message) -> Any:
        if isinstance(message, str):
            raise TypeError("it is a text message, and Protocol Buffers are binary")
        return kind.FromString(message)
