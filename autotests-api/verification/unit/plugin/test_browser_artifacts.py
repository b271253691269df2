"""A browser's log is compared with the server's, without a browser; without one, cases are skipped."""

from __future__ import annotations

import os
import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_websocket.client import connect
from pytest_websocket.plugin.browser_page import Conversation, SeenFrame, disagreement
from pytest_websocket.plugin.fixtures.browser import NO_CHROMIUM
from pytest_websocket.plugin.server_log import Entry, ServerLog
from pytest_websocket.server.background import run_in_background
from pytest_websocket.server.echo import serve


def seen(*frames: tuple[bool, str | bytes | None]) -> Conversation:
    return Conversation("ws://127.0.0.1:80/", frames=[SeenFrame(0.0, sent, data) for sent, data in frames])


def told(received: list[str | bytes], sent: list[str | bytes], close_code: int | None = None) -> Entry:
    connection: Any = SimpleNamespace(close_code=close_code)
    return Entry(connection, received=received, sent=sent)


SENT, RECEIVED = True, False


@pytest.mark.parametrize(
    "browser, server",
    [
        pytest.param(seen(), told([], []), id="nothing was said"),
        pytest.param(seen((SENT, "a"), (RECEIVED, "b")), told(["a"], ["b"]), id="the same on both sides"),
        pytest.param(seen((SENT, None)), told([b"what a Blob held"], []), id="a Blob, which the tools hide"),
        pytest.param(seen((SENT, "a"), (SENT, "lost")), told(["a"], [], 1006), id="the end lost in a cut"),
        pytest.param(seen(), told([], ["too late"], 1001), id="the end lost when the page was left"),
    ],
)
def test_stories_that_fit_together_are_no_disagreement(browser: Conversation, server: Entry) -> None:
    assert disagreement(browser, server) == ""


@pytest.mark.parametrize(
    "browser, server, words",
    [
        pytest.param(
            seen((RECEIVED, "a"), (RECEIVED, "x")),
            told([], ["a", "b"]),
            "Message 2 from server to browser was sent as 'b' and received as 'x'",
            id="another text",
        ),
        pytest.param(
            seen((RECEIVED, "a")),
            told([], [b"a"]),
            "Message 1 from server to browser was sent as \"b'a'\" and received as 'a'",
            id="text instead of bytes",
        ),
        pytest.param(
            seen((SENT, "a"), (SENT, "b")),
            told(["a"], []),
            "from browser to server: 2 messages were sent and 1 received",
            id="a message lost on an open connection",
        ),
        pytest.param(
            seen((SENT, "a"), (SENT, "b")),
            told(["a"], [], 4001),
            "from browser to server: 2 messages were sent and 1 received",
            id="a message lost before a clean close",
        ),
        pytest.param(
            seen((RECEIVED, "from nowhere")),
            told([], [], 1006),
            "from server to browser: 0 messages were sent and 1 received",
            id="a message that was not sent",
        ),
    ],
)
def test_disagreement_names_message_direction_and_both_sides(
    browser: Conversation, server: Entry, words: str
) -> None:
    assert disagreement(browser, server) == f"{words}; ws://127.0.0.1:80/"


async def test_ledger_keeps_what_the_server_received_and_sent() -> None:
    changes: list[None] = []
    server_log = ServerLog(lambda: changes.append(None))
    with run_in_background(serve) as running, server_log.watch(running):
        async with connect(running.url) as client:
            await client.ask("text")
            await client.ask(b"bytes")
            (entry,) = server_log.open
            assert server_log.of(entry.key) is entry
        assert entry.received == ["text", b"bytes"]
        assert entry.sent == ["Сервер получил: text", "Сервер получил: ".encode() + b"bytes"]
    assert entry.over
    assert entry.close_code == 1000
    assert server_log.open == []
    assert len(changes) == 6


def test_cases_are_skipped_with_the_command_where_there_is_no_chromium(deadline: float) -> None:
    environment = {**os.environ, "PATH": "/nowhere"}
    environment.pop("WS_CHROMIUM", None)
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-m", "browser", "-p", "no:cacheprovider", "-q", "-rs",
         "autotests-api/tests/browser/test_messages.py"],
        env=environment,
        capture_output=True,
        encoding="utf-8",
        timeout=deadline * 10,
        check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stdout
    assert NO_CHROMIUM in ended.stdout
    assert " skipped" in ended.stdout.splitlines()[-1]


def test_long_conversation_is_shown_by_its_beginning_and_its_end() -> None:
    conversation = seen(*((SENT, f"message {number}") for number in range(1000)))
    lines = str(conversation).splitlines()
    assert len(lines) == 202
    assert lines[1].endswith("message 0")
    assert lines[101] == "… 800 frames more …"
    assert lines[-1].endswith("message 999")
