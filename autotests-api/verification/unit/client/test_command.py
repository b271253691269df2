"""The client on the command line: what it prints, where, and with which status it ends."""

from __future__ import annotations

import asyncio
import io
import socket
import sys
from pathlib import Path
from typing import Any

import pytest

import websocket_client


def test_messages_and_replies_are_printed_line_by_line(
    echo_server: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert websocket_client.main([echo_server.url, "раз", "\x1b"]) == 0
    printed = capsys.readouterr()
    assert printed.out.splitlines() == [
        "Отправка: раз",
        "Ответ от сервера: Сервер получил: раз",
        r"Отправка: \x1b",
        r"Ответ от сервера: Сервер получил: \x1b",
    ]
    assert printed.err == ""


def test_reply_in_bytes_is_shown_as_bytes(serve: Any, capsys: pytest.CaptureFixture[str]) -> None:
    async def handler(connection: Any) -> None:
        await connection.recv()
        await connection.send(b"\xff")

    assert websocket_client.main([serve(handler), "?"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == r"Ответ от сервера: b'\xff'"


def test_every_line_is_seen_at_once(echo_server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    class Pipe(io.StringIO):
        seen: tuple[str, ...] = ()

        def flush(self) -> None:
            self.seen = (*self.seen, self.getvalue().splitlines()[-1])

    pipe = Pipe()
    monkeypatch.setattr(sys, "stdout", pipe)
    assert websocket_client.main([echo_server.url, "1"]) == 0
    assert pipe.seen == ("Отправка: 1", "Ответ от сервера: Сервер получил: 1")


def test_failure_is_one_line_among_the_errors(capsys: pytest.CaptureFixture[str]) -> None:
    assert websocket_client.main(["http://example.test"]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == (
        "websocket_client: http://example.test did not open: that is not the URL of a WebSocket server\n"
    )


def test_interruption_has_the_status_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    async def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(websocket_client, "talk", interrupt)
    assert websocket_client.main([]) == 130


def test_help_names_the_command_and_its_arguments(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        websocket_client.main(["--help"])
    words = " ".join(capsys.readouterr().out.split())
    assert end.value.code == 0
    assert words.startswith(
        "usage: python -m websocket_client [-h] [url] [message ...] "
        "Send messages to a WebSocket server and print the replies. positional arguments:"
    )
    assert "url where to connect (ws://localhost:8765) message what to send (Привет, сервер!) opt" in words


async def run_lesson(*arguments: str, deadline: float) -> tuple[int | None, str, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "websocket_client",
        *arguments,
        cwd=Path(websocket_client.__file__).parent,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await asyncio.wait_for(process.communicate(), deadline)
    return process.returncode, output.decode(), errors.decode()


async def test_lesson_prints_its_two_lines(echo_server: Any, deadline: float) -> None:
    assert await run_lesson(echo_server.url, deadline=deadline) == (
        0,
        "Отправка: Привет, сервер!\nОтвет от сервера: Сервер получил: Привет, сервер!\n",
        "",
    )


async def test_lesson_sends_the_messages_it_is_given(echo_server: Any, deadline: float) -> None:
    status, output, _ = await run_lesson(echo_server.url, "раз", "два", deadline=deadline)
    assert status == 0
    assert output.splitlines() == [
        "Отправка: раз",
        "Ответ от сервера: Сервер получил: раз",
        "Отправка: два",
        "Ответ от сервера: Сервер получил: два",
    ]


async def test_lesson_without_a_server_is_one_line_and_status_one(deadline: float) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        url = f"ws://127.0.0.1:{bound.getsockname()[1]}"
        finished = await run_lesson(url, deadline=deadline)
    assert finished == (
        1,
        "",
        f"websocket_client: {url} did not open: nothing listens there (connection refused)\n",
    )


def test_lesson_goes_to_the_lessons_server_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    visited = []

    async def converse(url: str, messages: list[str]) -> None:
        visited.append((url, messages))

    monkeypatch.setattr(websocket_client, "talk", converse)
    assert websocket_client.main([]) == 0
    assert visited == [("ws://localhost:8765", ["Привет, сервер!"])]
