"""Tests WebSocket servers and clients with pytest."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_websocket.client.client import (
        Client,
        ConnectFailed,
        ConnectionEnded,
        ExpectationFailed,
        connect,
        expect_rejected,
        json_with,
    )
    from pytest_websocket.plugin.marks import MAY, MUST, SHOULD, rfc6455, rfc7692
    from pytest_websocket.recording import Recording

__all__ = [
    "MAY",
    "MUST",
    "SHOULD",
    "Client",
    "ConnectFailed",
    "ConnectionEnded",
    "ExpectationFailed",
    "Recording",
    "connect",
    "expect_rejected",
    "json_with",
    "rfc6455",
    "rfc7692",
]

_MARKS = {"MAY", "MUST", "SHOULD", "rfc6455", "rfc7692"}


def __getattr__(name: str) -> Any:
    # Imported on first use: the plugin imports this package in every pytest run of the environment.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    recorded = "recording" if name == "Recording" else "client.client"
    module = "plugin.marks" if name in _MARKS else recorded
    return getattr(import_module(f"{__name__}.{module}"), name)
