"""What a connection agreed on in its handshake, and whether it is open."""

from __future__ import annotations

import contextlib
import socket
from typing import cast

from websockets.http11 import Request, Response
from websockets.protocol import State

from pytest_websocket.client.connection import RecordedConnection
from pytest_websocket.protocol.credentials import masked_url
from pytest_websocket.recording import Recording


class OpenConnection:
    """A connection after its handshake; ``recording`` holds what crosses it."""

    def __init__(self, connection: RecordedConnection, recording: Recording) -> None:
        self.recording = recording
        self._connection = connection

    @property
    def url(self) -> str:
        """Where the connection goes to."""
        return self.recording.url

    @property
    def request(self) -> Request:
        """The handshake request: path and headers."""
        return cast(Request, self._connection.request)

    @property
    def response(self) -> Response:
        """The handshake response: status_code and headers."""
        return cast(Response, self._connection.response)

    @property
    def subprotocol(self) -> str | None:
        """The subprotocol that the server chose (RFC 6455 §1.9), or None."""
        return self._connection.subprotocol

    @property
    def extensions(self) -> tuple[str, ...]:
        """The extensions that the server agreed to, with their parameters (RFC 6455 §9.1)."""
        values = self.response.headers.get_all("Sec-WebSocket-Extensions")
        return tuple(part.strip() for value in values for part in value.split(","))

    @property
    def is_open(self) -> bool:
        """Whether messages can still be sent."""
        return self._connection.state is State.OPEN

    @property
    def close_code(self) -> int | None:
        """The code of the server's Close frame; 1005 and 1006 as in `Closing`; None while open."""
        return self._connection.close_code

    @property
    def close_reason(self) -> str | None:
        """The reason of the server's Close frame; None while open."""
        return self._connection.close_reason

    def abort(self) -> None:
        """Drops the TCP connection without a Close frame, as a crash of the client would."""
        self._connection.transport.abort()

    def shutdown(self) -> None:
        """Shuts the socket down at once (FIN); can be called outside the event loop, and twice."""
        plug = self._connection.transport.get_extra_info("socket")
        with contextlib.suppress(OSError):
            plug.shutdown(socket.SHUT_RDWR)

    def __repr__(self) -> str:
        return f"<{self.recording.name}: {masked_url(self.url)}, {self._connection.state.name}>"
