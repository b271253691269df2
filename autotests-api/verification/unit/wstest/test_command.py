"""The command: exit status, known failures, wrong use."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from websockets.asyncio.server import ServerConnection, serve

from pytest_websocket.wstest.command import main

Handler = Callable[[ServerConnection], Awaitable[None]]


async def echo(connection: ServerConnection) -> None:
    async for message in connection:
        await connection.send(message)


async def wrong(connection: ServerConnection) -> None:
    async for _ in connection:
        await connection.send("wrong")


async def against(handler: Handler, *options: str) -> int:
    """Runs fuzzingclient against a server with this handler, and returns the exit status."""
    async with serve(handler, "127.0.0.1", 0, max_size=None) as server:
        port = server.sockets[0].getsockname()[1]
        words = ("-m", "fuzzingclient", "-w", f"ws://127.0.0.1:{port}", "-i", "peer", *options)
        return await asyncio.to_thread(main, words)


async def test_correct_server_is_status_0(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = await against(echo, "--cases", "1.*,2.*,12.1.1", "--round-trips", "5", "--outdir", str(tmp_path))
    assert status == 0, capsys.readouterr().out
    index = json.loads((tmp_path / "index.json").read_text())
    assert len(index["peer"]) == 28
    assert {case["behavior"] for case in index["peer"].values()} == {"OK"}


async def test_wrong_server_is_status_1_and_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert await against(wrong, "--cases", "1.1.*,2.1", "--outdir", str(tmp_path)) == 1
    out = capsys.readouterr().out
    assert (
        "peer 1.1.2: FAILED, close WRONG CODE: The same message comes back. Got: text of 5 bytes 'wrong'"
        in out
    )
    assert "9 cases: 8 FAILED, 1 OK; 8 failures" in out


async def test_known_failures_are_status_0_until_one_passes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    known = tmp_path / "known.toml"
    options = ("--cases", "1.1.*,2.1", "--outdir", str(tmp_path / "out"), "--known-failures", str(known))
    known.write_text('"peer 1.1.*" = "ticket 1"\n')
    assert await against(wrong, *options) == 0
    assert "8 failures, 8 of them known" in capsys.readouterr().out
    known.write_text('"RFC 6455 §5.2" = "ticket 1"\n"2.1" = "ticket 2"\n')
    assert await against(wrong, *options) == 1
    assert "2.1: it is listed as a known failure, and passes" in capsys.readouterr().out


async def test_agent_is_the_server_header_or_unknown(tmp_path: Path) -> None:
    async with serve(echo, "127.0.0.1", 0, server_header=None) as server:
        url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        spec = tmp_path / "spec.json"
        servers = [{"url": url}, {"url": url, "agent": "named"}]
        spec.write_text(json.dumps({"servers": servers, "cases": ["1.1.1"], "outdir": str(tmp_path / "out")}))
        assert await asyncio.to_thread(main, ["-m", "fuzzingclient", "-s", str(spec)]) == 0
    assert set(json.loads((tmp_path / "out" / "index.json").read_text())) == {"UnknownServer", "named"}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "the following arguments are required: -m/--mode"),
        (("-m", "echoserver"), "invalid choice: 'echoserver'"),
        (("-m", "fuzzingserver", "-s", "missing.json"), "missing.json: No such file or directory"),
        (("-m", "fuzzingserver", "-w", "x"), "expected a URL as in ws://127.0.0.1:9001, not 'x'"),
        (("-m", "fuzzingserver", "-w", "wss://127.0.0.1:0"), "wss needs a certificate and its key"),
        (("-m", "fuzzingclient", "-w", "ws://127.0.0.1:1", "--cases", "8.1"), "no case has the number '8.1'"),
        (("-m", "fuzzingclient", "-w", "ws://127.0.0.1:1"), "no server was tested"),
        (("-m", "fuzzingclient", "--parallel", "0"), "expected 1 or more, not 0"),
        (("-m", "fuzzingclient", "--known-failures", "missing.toml", "-w", "ws://x"), "missing.toml"),
    ],
)
def test_wrong_use_is_status_4_and_one_line(
    words: tuple[str, ...],
    told: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    try:
        status = main(words)
    except SystemExit as end:
        status = int(end.code or 0)
    assert status == 4
    err = capsys.readouterr().err
    assert told in err
    assert err.count("\n") == 1


def test_spec_file_is_written_where_there_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["-m", "fuzzingclient", "--cases", "8.1"]) == 4
    assert json.loads((tmp_path / "fuzzingclient.json").read_text())["servers"]


def test_help_names_modes_and_exit_statuses(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    out = capsys.readouterr().out
    assert "fuzzingserver" in out
    assert "4  wrong use" in out


def test_server_that_nothing_asked_for_reports_is_interrupted(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pytest_websocket.wstest", "-m", "fuzzingserver", "-u", "0"]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])}
    with subprocess.Popen(
        [*command, "-w", "ws://127.0.0.1:0", "--cases", "1.1.1", "--only-reference"],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as program:
        assert program.stdout is not None
        assert "at ws://127.0.0.1:" in program.stdout.readline()
        program.send_signal(signal.SIGTERM)
        assert program.wait(10) == 2
