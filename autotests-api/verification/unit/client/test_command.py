"""The client on the command line: what it prints, where, and with which status it ends."""

from __future__ import annotations

import io
import sys

import pytest

from pytest_websocket.client import client as websocket_client


def test_messages_and_replies_are_printed_line_by_line(echo_server, capsys) -> None:
    assert websocket_client.main([echo_server.url, "раз", "\x1b"]) == 0
    printed = capsys.readouterr()
    assert printed.out.splitlines() == [
        "Отправка: раз",
        "Ответ от сервера: Сервер получил: раз",
        r"Отправка: \x1b",
        r"Ответ от сервера: Сервер получил: \x1b",
    ]
    assert printed.err == ""


def test_reply_in_bytes_is_shown_as_bytes(serve, capsys) -> None:
    async def handler(connection) -> None:
        await connection.recv()
        await connection.send(b"\xff")

    assert websocket_client.main([serve(handler), "?"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == r"Ответ от сервера: b'\xff'"


def test_every_line_is_seen_at_once(echo_server, monkeypatch) -> None:
    class Pipe(io.StringIO):
        seen: tuple[str, ...] = ()

        def flush(self) -> None:
            self.seen = (*self.seen, self.getvalue().splitlines()[-1])

    pipe = Pipe()
    monkeypatch.setattr(sys, "stdout", pipe)
    assert websocket_client.main([echo_server.url, "1"]) == 0
    assert pipe.seen == ("Отправка: 1", "Ответ от сервера: Сервер получил: 1")


def test_failure_is_one_line_among_the_errors(capsys) -> None:
    assert websocket_client.main(["http://example.test"]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == (
        "websocket_client: http://example.test did not open: that is not the URL of a WebSocket server\n"
    )


def test_interruption_has_the_status_of_one(monkeypatch) -> None:
    async def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(websocket_client, "_converse", interrupt)
    assert websocket_client.main([]) == 130


def test_help_names_the_command_and_its_arguments(capsys) -> None:
    with pytest.raises(SystemExit) as end:
        websocket_client.main(["--help"])
    words = " ".join(capsys.readouterr().out.split())
    assert end.value.code == 0
    assert words.startswith(
        "usage: python -m websocket_client [-h] [url] [message ...] "
        "Send messages to a WebSocket server and print the replies. positional arguments:"
    )
    assert "url where to connect (ws://localhost:8765) message what to send (Привет, сервер!) opt" in words
