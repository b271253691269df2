"""How the server hands out its console page; what the page does is shown in a browser, see tests/browser/."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path

import pytest
from websockets.asyncio.server import Server
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

import websocket_server
from pytest_websocket.server.background import BackgroundServer, run_in_background
from pytest_websocket.server.echo import serve


@pytest.fixture
def console() -> Iterator[BackgroundServer[Server]]:
    with run_in_background(lambda: serve(console=True)) as running:
        yield running


def get(running: BackgroundServer[Server], path: str, method: str = "GET") -> tuple[HTTPResponse, bytes]:
    with closing(HTTPConnection(running.host, running.port, timeout=5)) as http:
        http.request(method, path)
        response = http.getresponse()
        return response, response.read()


@pytest.mark.parametrize(
    "path, kind, begins",
    [
        ("/", "text/html", b"<!doctype html>"),
        ("/console.css", "text/css", b":root {"),
        ("/console.js", "text/javascript", b'"use strict";'),
    ],
)
def test_browser_gets_the_page_from_the_port_of_the_server(
    console: BackgroundServer[Server], path: str, kind: str, begins: bytes
) -> None:
    response, body = get(console, path)
    assert response.status == 200
    assert response.getheader("Content-Type") == f"{kind}; charset=utf-8"
    assert body.startswith(begins)


def test_page_may_run_no_script_but_its_own(console: BackgroundServer[Server]) -> None:
    response, body = get(console, "/")
    policy = response.getheader("Content-Security-Policy", "")
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert response.getheader("X-Content-Type-Options") == "nosniff"
    assert b"http://" not in body.replace(b"http://www.w3.org/2000/svg", b"")
    assert b"https://" not in body


def test_other_paths_say_that_this_is_a_websocket_server(console: BackgroundServer[Server]) -> None:
    response, _ = get(console, "/../websocket_server.py")
    assert response.status == 426
    assert response.getheader("Upgrade") == "websocket"


def test_page_is_off_unless_asked_for() -> None:
    with run_in_background(serve) as running:
        response, _ = get(running, "/")
    assert response.status == 426


def test_clients_are_echoed_beside_the_page(console: BackgroundServer[Server]) -> None:
    get(console, "/")
    with connect(f"{console.url}/") as client:
        client.send("Привет, сервер!")
        assert client.recv() == "Сервер получил: Привет, сервер!"


def test_origin_list_lets_in_the_console_page_itself() -> None:
    with run_in_background(lambda: serve(console=True, origins=["http://localhost:8000"])) as running:
        for own in ("127.0.0.1", "localhost", "[::1]"):
            with connect(running.url, origin=Origin(f"http://{own}:{running.port}")):
                pass
        with (
            pytest.raises(InvalidStatus, match="403"),
            connect(running.url, origin=Origin("http://localhost:1")),
        ):
            pass


def test_program_without_the_files_of_the_page_says_so_in_one_line(tmp_path: Path, deadline: float) -> None:
    code = (
        "import sys, pathlib, websocket_server; from pytest_websocket.server import console_page\n"
        "console_page.FOLDER = pathlib.Path(sys.argv.pop())\n"
        "sys.exit(websocket_server.main())"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code, "--port", "0", "--console", str(tmp_path)],
        cwd=Path(websocket_server.__file__).parent,
        capture_output=True,
        encoding="utf-8",
        timeout=deadline,
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stderr == f"The console page is not there: {tmp_path / 'index.html'}\n"
