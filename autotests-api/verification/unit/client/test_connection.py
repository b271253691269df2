"""What the client relies on inside websockets: a change there must be noticed here."""

from __future__ import annotations

import asyncio
import inspect

from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as websockets_connect
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.client import ClientProtocol

from pytest_websocket.client import connect
from pytest_websocket.client.connection import Handshake, RecordedConnection, RecordingTransport
from pytest_websocket.recording import Recording


async def echo(connection: ServerConnection) -> None:
    async for message in connection:
        await connection.send(message)


def url_of(server: Server) -> str:
    return f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"


def test_connection_is_an_asyncio_protocol_and_its_factory_a_parameter() -> None:
    assert issubclass(ClientConnection, asyncio.Protocol)
    assert "create_connection" in inspect.signature(websockets_connect.__init__).parameters


def test_redirects_pass_through_the_method_that_is_overridden() -> None:
    assert Handshake.process_redirect is not websockets_connect.process_redirect
    assert list(inspect.signature(websockets_connect.process_redirect).parameters) == ["self", "exc"]


def test_frames_pass_through_the_methods_that_are_watched_and_replaced() -> None:
    assert RecordedConnection.process_event is not ClientConnection.process_event
    assert list(inspect.signature(ClientConnection.process_event).parameters) == ["self", "event"]
    assert list(inspect.signature(ClientProtocol.send_frame).parameters) == ["self", "frame"]


async def test_all_bytes_of_both_directions_are_recorded() -> None:
    async with serve(echo, "127.0.0.1", 0) as server, connect(url_of(server)) as client:
        assert await client.ask("привет") == "привет"
        await client.ping(b"?")
        await client.close(4000, "bye")
    recording = client.recording
    assert recording.request.startswith(b"GET / HTTP/1.1\r\n")
    assert recording.response.startswith(b"HTTP/1.1 101 ")
    frames = [(frame.sent, frame.name, frame.data) for frame in recording.frames]
    assert frames == [
        (True, "TEXT", "привет".encode()),
        (False, "TEXT", "привет".encode()),
        (True, "PING", b"?"),
        (False, "PONG", b"?"),
        (True, "CLOSE", b"\x0f\xa0bye"),
        (False, "CLOSE", b"\x0f\xa0bye"),
    ]
    assert recording.ended == "TCP closed by the server"


def test_transport_records_what_is_written_and_passes_all_else_on() -> None:
    class Transport:
        written = b""

        def write(self, data: bytes) -> None:
            self.written += data

        def get_extra_info(self, name: str) -> str:
            return name

    inner, recording = Transport(), Recording()
    transport = RecordingTransport(inner, recording)  # type: ignore[arg-type]
    transport.write(b"GET / HTTP/1.1\r\n\r\n")
    assert (inner.written, recording.request) == (b"GET / HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n")
    assert transport.get_extra_info("peername") == "peername"
