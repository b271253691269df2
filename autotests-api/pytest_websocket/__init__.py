"""Tests WebSocket servers and clients with pytest."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_websocket.client import (
        Client,
        Codec,
        ConnectFailed,
        ConnectionEnded,
        ExpectationFailed,
        JsonCodec,
        MessagePackCodec,
        ProtobufCodec,
        connect,
        expect_rejected,
        json_with,
    )
    from pytest_websocket.plugin.marks import rfc6455, rfc7692, security
    from pytest_websocket.protocol.rules import MAY, MUST, SHOULD
    from pytest_websocket.recording import Recording

__all__ = [
    "MAY",
    "MUST",
    "SHOULD",
    "Client",
    "Codec",
    "ConnectFailed",
    "ConnectionEnded",
    "ExpectationFailed",
    "JsonCodec",
    "MessagePackCodec",
    "ProtobufCodec",
    "Recording",
    "connect",
    "expect_rejected",
    "json_with",
    "rfc6455",
    "rfc7692",
    "security",
]

_HOMES = {
    "Recording": "recording",
    "rfc6455": "plugin.marks",
    "rfc7692": "plugin.marks",
    "security": "plugin.marks",
    **dict.fromkeys(("MAY", "MUST", "SHOULD"), "protocol.rules"),
}


def __getattr__(name: str) -> Any:
    # Imported on first use: the plugin imports this package in every pytest run of the environment.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = import_module(f"{__name__}.{_HOMES.get(name, 'client')}")
    return getattr(module, name)
