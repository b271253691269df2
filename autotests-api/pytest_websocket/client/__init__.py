"""The test client: opens WebSocket connections, sends, expects, and explains every failure."""

# Before what an older version of websockets would break with an error of its own.
import pytest_websocket.client.supported  # noqa: F401
from pytest_websocket.client.client import DEFAULT_DEADLINE, Client, Closing
from pytest_websocket.client.codecs import Codec, JsonCodec, MessagePackCodec, ProtobufCodec
from pytest_websocket.client.expectations import Expected, json_with
from pytest_websocket.client.failures import ConnectFailed, ConnectionEnded, ExpectationFailed
from pytest_websocket.client.opening import DEFAULT_URL, connect, expect_rejected

__all__ = [
    "DEFAULT_DEADLINE",
    "DEFAULT_URL",
    "Client",
    "Closing",
    "Codec",
    "ConnectFailed",
    "ConnectionEnded",
    "ExpectationFailed",
    "Expected",
    "JsonCodec",
    "MessagePackCodec",
    "ProtobufCodec",
    "connect",
    "expect_rejected",
    "json_with",
]
