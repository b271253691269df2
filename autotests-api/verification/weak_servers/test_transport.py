"""A port that speaks with and without TLS is found, one that speaks TLS alone is not."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import ExitStack

import pytest
import trustme

from pytest_websocket.server.background import run_in_background
from pytest_websocket.server.echo import serve
from verification.conftest import RunSuite
from verification.proof.run import node_of_test
from verification.stream_server import serve_streams

TLS_HANDSHAKE = b"\x16"
"""The first byte of a record that begins a handshake (RFC 8446 §5.1)."""


class BothOnOnePort:
    """Passes connections that begin with TLS to one port, and others to another."""

    def __init__(self, secure: int, plain: int) -> None:
        self.secure = secure
        self.plain = plain

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serves one connection."""
        first = await reader.readexactly(1)
        port = self.secure if first == TLS_HANDSHAKE else self.plain
        upstream, sink = await asyncio.open_connection("127.0.0.1", port)
        sink.write(first)
        try:
            await asyncio.gather(_pass_on(reader, sink), _pass_on(upstream, writer))
        finally:
            sink.transport.abort()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(1 << 16):
        writer.write(data)
    writer.close()


@pytest.mark.parametrize("both", [True, False], ids=["with and without TLS", "with TLS alone"])
def test_port_that_speaks_without_tls_is_found(run_suite: RunSuite, both: bool) -> None:
    authority, context = trustme.CA(), ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with ExitStack() as stack:
        secure = stack.enter_context(run_in_background(lambda: serve(ssl=context), secure=True))
        port = secure.port
        if both:
            plain = stack.enter_context(run_in_background(serve))
            front = BothOnOnePort(secure.port, plain.port)
            port = stack.enter_context(run_in_background(lambda: serve_streams(front))).port
        case = node_of_test("test_connection_without_tls_is_refused")
        run = run_suite(f"--ws-url=wss://127.0.0.1:{port}", "--ws-insecure", "--ws-security=fail", case)
    assert list(run.cases.values()) == ["failed" if both else "passed"], run.output[-2000:]
