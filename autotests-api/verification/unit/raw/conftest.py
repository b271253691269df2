"""A raw connection on a transport that records writes."""

from __future__ import annotations

import pytest

from pytest_websocket.raw.connection import Connection
from pytest_websocket.recording import Recording
from verification.conftest import RecordingTransport


@pytest.fixture
async def raw(transport: RecordingTransport) -> Connection:
    """Returns a connection that speaks frames."""
    connection = Connection(Recording(), 0.05)
    connection.connection_made(transport)
    connection.switch_protocols()
    return connection
