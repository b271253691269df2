"""Whole runs against all kinds of targets: what is printed, what is skipped, what never leaks."""

from __future__ import annotations

import http
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection

from pytest_websocket.protocol.frames import PING, pong, text
from pytest_websocket.server.background import run_in_background
from verification import hostile_servers
from verification.conftest import Serve

TEXT_CASES = "contract/test_text.py"
ONE_CASE = "conformance/rfc6455/test_05_1_masking.py::test_unmasked_frame_ends_the_connection"
TOKEN = "tok-8f3a91c2d4"


@pytest.fixture
def nowhere() -> Iterator[str]:
    """Yields the URL of a port on which nothing listens: it is taken, so that no program begins to."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"ws://127.0.0.1:{bound.getsockname()[1]}"


async def echo(connection: ServerConnection) -> None:
    async for message in connection:
        await connection.send(message)


@pytest.fixture
def echo_url(serve: Serve) -> str:
    """Returns a foreign server: a plain echo of the websockets library."""
    return serve(echo)


def test_unreachable_target_is_one_message_and_status_4(run_suite: Any, nowhere: str) -> None:
    run = run_suite("--ws-url", nowhere, ONE_CASE)
    assert run.status == 4
    message = f"ERROR: cannot open a WebSocket connection to {nowhere}"
    assert run.output.strip().splitlines()[-1].startswith(message)
    assert "no tests ran" in run.output
    assert run.output.count("cannot open") == 1
    parallel = run_suite("-n", "2", "--ws-url", nowhere, ONE_CASE)
    assert parallel.status == 4
    assert parallel.output.strip().startswith(message)


def test_invalid_option_is_one_message_and_status_4(run_suite: Any) -> None:
    run = run_suite(ONE_CASE, WS_TIMEOUT="soon")
    assert run.status == 4
    assert run.output.strip() == "ERROR: environment variable WS_TIMEOUT 'soon': expected a number above 0"


def test_probe_alone_prints_its_findings_and_runs_nothing(
    run_suite: Any, echo_url: str, nowhere: str
) -> None:
    run = run_suite("--ws-probe", "--ws-url", echo_url, "--ws-reply", "{message}")
    assert run.status == 0
    assert run.output.splitlines()[0] == f"target: {echo_url}"
    assert "text: answered '{message}'" in run.output
    assert "passed" not in run.output
    assert run_suite("--ws-probe", "--ws-url", nowhere).status == 4


@pytest.mark.parametrize("workers", [[], ["-n", "2"]], ids=["alone", "xdist"])
def test_findings_stand_in_the_header_of_the_run(run_suite: Any, echo_url: str, workers: list[str]) -> None:
    run = run_suite(*workers, "--ws-url", echo_url, "--ws-reply", "{message}", ONE_CASE)
    assert run.status == 0
    assert run.output.count(f"ws target: {echo_url}") == 1
    assert "ws largest message: 1048576 bytes" in run.output


@pytest.mark.parametrize("arguments", [["--collect-only", "-q", ONE_CASE], ["--help"], ["--rfc-list"]])
def test_run_without_cases_needs_no_target(run_suite: Any, nowhere: str, arguments: list[str]) -> None:
    assert run_suite("--ws-url", nowhere, *arguments).status == 0


def test_tests_of_our_own_tools_are_not_for_a_foreign_target(run_suite: Any, nowhere: str) -> None:
    run = run_suite("--ws-url", nowhere, "autotests-api/verification/unit/target/test_target.py")
    assert run.status == pytest.ExitCode.NO_TESTS_COLLECTED
    assert "deselected" in run.output


def test_wrong_template_is_one_message_with_the_option_that_fits(run_suite: Any, echo_url: str) -> None:
    run = run_suite("--ws-url", echo_url, ONE_CASE)
    assert run.status == 4
    assert "--ws-reply '{message}'" in run.output


def test_option_of_the_environment_is_used(run_suite: Any, echo_url: str) -> None:
    assert run_suite(ONE_CASE, WS_URL=echo_url, WS_REPLY="{message}").status == 0


def test_limit_of_the_target_is_respected_and_said(run_suite: Any, serve: Any) -> None:
    url = serve(echo, max_size=70_000)
    run = run_suite("-rs", "--ws-url", url, "--ws-reply", "{message}", "contract/test_size.py")
    assert run.status == 0, run.output[-3000:]
    assert run.counts["skipped"] > 0
    assert "above the target's limit of 65536" in run.output


def test_target_that_does_not_echo_runs_all_that_needs_no_echo(run_suite: Any, serve: Any) -> None:
    async def listens(connection: ServerConnection) -> None:
        async for _ in connection:
            pass

    folders = [
        "contract",
        "conformance/rfc6455/test_05_1_masking.py",
        "conformance/rfc6455/test_05_5_1_close.py",
    ]
    run = run_suite("-rs", "--ws-url", serve(listens), "--ws-no-echo", "--ws-timeout", "2", *folders)
    assert run.status == 0, run.output[-3000:]
    assert run.counts["passed"] > 50
    assert "does not echo (--ws-no-echo)" in run.output


def test_suite_passes_over_tls(run_suite: Any) -> None:
    run = run_suite("--ws-tls", TEXT_CASES, "conformance/rfc6455/test_05_5_1_close.py")
    assert run.status == 0, run.output[-3000:]
    assert "ws target: wss://127.0.0.1" in run.output
    assert "ws TLS: certificate verified" in run.output


def test_credentials_reach_neither_terminal_nor_junit_nor_results(run_suite: Any, tmp_path: Path) -> None:
    """The cases fail, with everything that failures show: arguments, dialogue, handshake, log."""

    async def repeats_everything(peer: hostile_servers.Peer) -> None:
        head = await peer.reader.readuntil(b"\r\n\r\n")
        key = re.search(rb"Sec-WebSocket-Key: (\S+)", head)
        assert key is not None
        peer.writer.write(hostile_servers.acceptance(key[1].decode(), f"X-Echo: {TOKEN}"))
        async for frame in peer.frames():
            # The Pong is what the probe goes on for.
            await peer.send(pong(frame.payload) if frame.opcode == PING else text(head.decode() + TOKEN))

    results = tmp_path / "results"
    with run_in_background(lambda: hostile_servers.serve(repeats_everything)) as server:
        run = run_suite(
            "--ws-url",
            f"{server.url.replace('ws://', f'ws://user:{TOKEN}-word@')}/?token={TOKEN}-query",
            "--ws-header",
            f"Authorization: Bearer {TOKEN}",
            "--ws-reply",
            "{message}",
            "--ws-timeout",
            "0.5",
            "--showlocals",
            "--log-level=DEBUG",
            "-o",
            "log_cli=true",
            f"--log-file={tmp_path / 'log.txt'}",
            f"--alluredir={results}",
            ONE_CASE,
            "contract/test_text.py::test_white_space_comes_back_untouched",
        )
    assert run.counts["failed"] > 3
    leaks = [
        str(path)
        for path in [run.junit, tmp_path / "log.txt", *results.rglob("*.*")]
        if TOKEN in path.read_text(encoding="utf-8", errors="replace")
    ]
    assert not leaks
    assert TOKEN not in run.output
    assert "•••••" in run.output


def test_handshake_that_is_refused_shows_no_credentials(run_suite: Any) -> None:
    async def refuses(peer: hostile_servers.Peer) -> None:
        await peer.read_request()
        peer.writer.write(f"HTTP/1.1 401 {http.HTTPStatus(401).phrase} {TOKEN}\r\n\r\n".encode())

    with run_in_background(lambda: hostile_servers.serve(refuses)) as server:
        run = run_suite("--ws-url", server.url, "--ws-header", f"X-Key: {TOKEN}", ONE_CASE)
    assert run.status == 4
    assert "401" in run.output
    assert TOKEN not in run.output
