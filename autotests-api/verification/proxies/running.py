"""Starts a proxy in front of a server on this machine; every one of them refuses ``/internal``."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_websocket.server.process import free_port
from verification.faulty_servers.correct import Connection, EchoServer
from verification.faulty_servers.correct.request import Refusal, Request

DENIED = "/internal"

STARTS_WITHIN = 20.0
"""Seconds."""

NGINX = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 512; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    map $http_upgrade $connection_upgrade {{ default upgrade; '' close; }}
    server {{
        listen 127.0.0.1:{port};
        location {denied} {{ return 403; }}
        location / {{
            proxy_pass http://127.0.0.1:{backend};
            proxy_http_version 1.1;
            proxy_set_header Host $host;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection $connection_upgrade;
        }}
    }}
}}
"""
"""As nginx's own page on WebSocket proxying says."""

HAPROXY = """
global
    maxconn 512
defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 60s
    timeout tunnel 60s
frontend websocket
    bind 127.0.0.1:{port}
    http-request deny if {{ path_beg {denied} }}
    default_backend server
backend server
    server one 127.0.0.1:{backend}
"""

PROXIES = {"nginx": NGINX, "haproxy": HAPROXY}


@contextlib.contextmanager
def in_front_of(name: str, backend: int, folder: Path) -> Iterator[int]:
    """Runs a proxy of Debian in front of a port, and yields its own; skips the test where it is missing."""
    # Debian keeps both where only root looks for programs.
    program = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if program is None:
        pytest.skip(f"there is no {name} here: apt-get install {name}")
    port = free_port()
    settings = folder / f"{name}.conf"
    settings.write_text(PROXIES[name].format(port=port, backend=backend, folder=folder, denied=DENIED))
    option = ["-c", str(settings), "-p", str(folder)] if name == "nginx" else ["-db", "-f", str(settings)]
    with (folder / "output.txt").open("w") as output:
        process = subprocess.Popen([program, *option], stdout=output, stderr=output)
        try:
            _await_listening(process, port, folder / "output.txt")
            yield port
        finally:
            process.terminate()
            process.wait(STARTS_WITHIN)


def _await_listening(process: subprocess.Popen[bytes], port: int, output: Path) -> None:
    ends = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < ends:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1.0):
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.05)
            break
    raise RuntimeError(f"the proxy does not listen: {output.read_text()[-500:]}")


class TrustingProxy:
    """A proxy that takes every request to upgrade for upgraded, and passes on what comes after it unread."""

    def __init__(self, backend: int) -> None:
        self.backend = backend

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serves one connection: refuses what is denied, passes on what is not."""
        head = await reader.readuntil(b"\r\n\r\n")
        if head.split(b" ", 2)[1].startswith(DENIED.encode()):
            writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            return
        upstream, sink = await asyncio.open_connection("127.0.0.1", self.backend)
        sink.write(head)
        try:
            await asyncio.gather(_pass_on(reader, sink), _pass_on(upstream, writer))
        finally:
            sink.transport.abort()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(1 << 16):
        writer.write(data)
    if writer.can_write_eof():
        writer.write_eof()


class KeepAlive(Connection):
    """Answers any number of requests on a connection; the server's ``received`` are those.

    A handshake that is refused does not end the connection; what is none is answered with 200 and, for
    ``/internal``, a secret. A request that cannot be read ends the connection.
    """

    server: KeepAliveServer

    async def open(self) -> bool:
        """Answers requests until one is a handshake that is accepted. Raises ConnectionResetError."""
        while True:
            try:
                request = await self.read_request()
            except Refusal as refusal:
                self.refuse(refusal)
                return False
            self.server.received.append(request)
            try:
                if not request.values("Upgrade"):
                    raise Refusal(200, "the secret" if request.target == DENIED else "hello")
                self.judge(request)
                self.write(self.answer_request(request))
                return True
            except Refusal as refusal:
                self.refuse(refusal)
                if request.values("Transfer-Encoding") or request.values("Content-Length") not in ([], ["0"]):
                    # What follows is a body and no request.
                    return False

    def encode_head(self, status: int, phrase: str, fields: list[tuple[str, str]]) -> bytes:
        """Returns a response head that does not end the connection."""
        return super().encode_head(
            status, phrase, [field for field in fields if field != ("Connection", "close")]
        )


class KeepAliveServer(EchoServer):
    """An echo server that keeps a connection after a handshake that it refuses."""

    connection_class = KeepAlive

    def __init__(self) -> None:
        super().__init__()
        self.received: list[Request] = []
