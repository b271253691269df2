"""``--ws-command`` and ``--ws-wait``: the server is started, watched, started again and stopped."""

from __future__ import annotations

import asyncio
import os
import select
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from verification import hostile_servers
from verification.conftest import CASES, ROOT

BYTES = "contract/test_binary.py::test_bytes_come_back_as_bytes"
TEXT = "contract/test_text.py::test_white_space_comes_back_untouched"
# As many as two workers need to tell a leak from the first steps of a server.
MANY = (
    "contract/test_text.py::test_text_that_looks_like_code_comes_back_as_written",
    "contract/test_text.py::test_unicode_comes_back_untouched",
)

# An echo server on the websockets library; what it does besides with a message is put in.
SERVER = """
import asyncio, os, sys, time
from websockets.asyncio.server import serve

async def echo(connection):
    async for message in connection:
        {besides}
        await connection.send(message)

async def main():
    async with serve(echo, "127.0.0.1", int(sys.argv[1])) as server:
        print("the server is up")
        {afterwards}
        await server.serve_forever()

asyncio.run(main())
"""

DIES = "if message == bytes(1): print('no zeros, please'); os.abort()"
HANGS = "if message == bytes(1): time.sleep(3600)"


@pytest.fixture
def command(tmp_path: Path) -> Any:
    """Returns the command of a server that does something besides."""

    def write(besides: str = "pass", afterwards: str = "pass") -> str:
        program = tmp_path / "server.py"
        program.write_text(SERVER.format(besides=besides, afterwards=afterwards), encoding="utf-8")
        return f"{sys.executable} {program} {{port}}"

    return write


def results_of(folder: Path) -> str:
    """Returns all that was attached, as one text."""
    return "\n".join(path.read_text(encoding="utf-8") for path in folder.glob("*-attachment.txt"))


@pytest.mark.parametrize("workers", [[], ["-n", "2"]], ids=["alone", "xdist"])
def test_case_that_ends_the_server_is_red_and_the_run_goes_on(
    run_suite: Any, command: Any, workers: list[str]
) -> None:
    run = run_suite(*workers, "--ws-command", command(DIES), "--ws-reply", "{message}", BYTES, TEXT)
    assert run.status == pytest.ExitCode.TESTS_FAILED, run.output[-3000:]
    red = [name for name, outcome in run.cases.items() if outcome not in {"passed", "skipped"}]
    assert red == ["test_bytes_come_back_as_bytes[zero]"]
    assert "the server under test was ended by SIGABRT during this test" in run.output
    assert "no zeros, please" in run.output
    assert "[zero]; it was started again" in run.output


def test_server_that_hangs_is_stopped_and_started_again(run_suite: Any, command: Any) -> None:
    options = ("--ws-command", command(HANGS), "--ws-reply", "{message}", "--ws-timeout", "0.5")
    run = run_suite(*options, BYTES, TEXT)
    red = [name for name, outcome in run.cases.items() if outcome not in {"passed", "skipped"}]
    assert red == ["test_bytes_come_back_as_bytes[zero]"]
    assert "the server hung in" in run.output
    assert run.status == pytest.ExitCode.TESTS_FAILED


def test_server_that_is_full_of_the_cases_own_connections_has_not_gone_down(
    run_suite: Any, meet: Any
) -> None:
    places = asyncio.Semaphore(3)

    async def in_few_places(peer: hostile_servers.Peer) -> None:
        async with places:
            await hostile_servers.never_fails(peer)

    url = meet(in_few_places)
    crowd = "contract/test_isolation.py::test_clients_sending_at_the_same_time_keep_their_own_order"
    cases = (crowd, f"{BYTES}[zero]")
    run = run_suite("--ws-url", url, "--ws-reply", "{message}", "--ws-timeout", "2", *cases)
    assert run.status == pytest.ExitCode.TESTS_FAILED
    assert "the target went down" not in run.output
    assert run.cases["test_bytes_come_back_as_bytes[zero]"] == "passed"


def test_output_of_the_server_is_attached_to_the_case_that_caused_it(
    run_suite: Any, command: Any, tmp_path: Path
) -> None:
    results = tmp_path / "results"
    says = "print('this came:', message)"
    options = ("--ws-command", command(says), "--ws-reply", "{message}", f"--alluredir={results}")
    run = run_suite(*options, f"{BYTES}[zero]")
    assert run.status == 0, run.output[-3000:]
    assert r"this came: b'\x00'" in results_of(results)


def test_server_is_measured_over_the_cases_that_pass(run_suite: Any, command: Any) -> None:
    leaks = "[os.dup(0) for _ in range(3)]"
    options = ("--ws-command", command(leaks), "--ws-reply", "{message}")
    run = run_suite(*options, *MANY)
    assert run.status == 0, run.output[-3000:]
    assert "tests that passed" in run.output
    assert "descriptors were not given back: a leak?" in run.output
    parallel = run_suite(*options, "-n", "2", *MANY)
    assert "descriptors were not given back: a leak?" in parallel.output
    steady = run_suite("--ws-command", command(), "--ws-reply", "{message}", *MANY)
    assert "tests that passed" in steady.output
    assert "a leak?" not in steady.output


@pytest.mark.parametrize(
    "program, why",
    [
        (
            "import sys; print('bad config'); sys.exit(3)",
            "it exited with status 3\nits last output:\nbad config",
        ),
        ("import time; print('still loading'); time.sleep(3600)", "did not start within 1 s"),
        ("import os; os.kill(os.getpid(), 9)", "it was ended by SIGKILL"),
    ],
    ids=["exits", "never listens", "is killed"],
)
def test_server_that_does_not_start_is_one_message_and_status_4(
    run_suite: Any, tmp_path: Path, program: str, why: str
) -> None:
    source = tmp_path / "broken.py"
    source.write_text(program, encoding="utf-8")
    command = f"{sys.executable} {source} {{port}}"
    for workers in ([], ["-n", "2"]):
        run = run_suite(*workers, "--ws-command", command, "--ws-wait", "1", TEXT)
        assert run.status == pytest.ExitCode.USAGE_ERROR
        assert "ERROR: the server did not start" in run.output
        assert why in run.output
        assert "Traceback" not in run.output


@pytest.mark.parametrize(
    "options, why",
    [
        (["--ws-command", "node server.js"], "--ws-command does not say which port to listen on"),
        (["--ws-command", "no-such-program {port}"], "there is no program 'no-such-program'"),
        (["--ws-command", "'"], "expected a command, quoted as in a shell"),
        (["--ws-url", "ws://127.0.0.1:{port}"], "is for a server that --ws-command starts"),
        (["--ws-wait", "soon"], "expected a number of seconds"),
        (["-n", "2", "--ws-command", "node", "--ws-url", "ws://127.0.0.1:9000"], "cannot have the same port"),
    ],
)
def test_command_that_cannot_be_used_is_one_message_and_status_4(
    run_suite: Any, options: list[str], why: str
) -> None:
    run = run_suite(*options, TEXT)
    assert run.status == pytest.ExitCode.USAGE_ERROR
    assert why in run.output
    assert "Traceback" not in run.output


def test_port_that_is_in_use_is_not_tested_in_place_of_the_server(
    run_suite: Any, command: Any, serve: Any
) -> None:
    async def other(connection: Any) -> None:
        await connection.wait_closed()

    url = serve(other)
    run = run_suite("--ws-url", url, "--ws-command", command(), TEXT)
    assert run.status == pytest.ExitCode.USAGE_ERROR
    assert "something listens on" in run.output


def test_url_gives_path_and_place_of_the_port(run_suite: Any, command: Any) -> None:
    prints = "print(connection.request.path)"
    options = ("--ws-url", "ws://localhost:{port}/chat?room=1", "--ws-command", command(prints))
    run = run_suite(*options, "--ws-reply", "{message}", f"{BYTES}[zero]")
    assert run.status == 0, run.output[-3000:]
    assert "/chat?room=1" in run.output


def test_probe_alone_starts_the_server_and_stops_it(run_suite: Any, command: Any) -> None:
    run = run_suite("--ws-probe", "--ws-command", command(), "--ws-reply", "{message}")
    assert run.status == 0, run.output
    assert "text: answered '{message}'" in run.output


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("workers", [[], ["-n", "1"]], ids=["alone", "xdist"])
def test_nothing_of_the_server_outlives_the_run(
    command: Any, tmp_path: Path, number: int, workers: list[str], deadline: float
) -> None:
    """A child of the server ignores SIGTERM, as a program that a shell has started may."""
    pids = tmp_path / "pids"
    os.mkfifo(pids)
    child = "signal.signal(signal.SIGTERM, signal.SIG_IGN); signal.pause()"
    # Written when a message has come: with xdist by the worker's server, as the controller's has none.
    besides = (
        f"__import__('subprocess').Popen([sys.executable, '-c', 'import signal; {child}']); "
        f"file = open({str(pids)!r}, 'w'); file.write(str(os.getpid())); file.close(); time.sleep(3600)"
    )
    arguments = ["--ws-command", command(besides), "--ws-no-echo", "-p", "no:cacheprovider", *workers]
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("WS_", "PYTEST"))}
    run = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "pytest",
            *arguments,
            str(CASES / "conformance/rfc6455/test_05_4_fragmentation.py"),
        ],
        cwd=ROOT,
        env=clean,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    server = int(pids.read_text())
    watched = [os.pidfd_open(pid) for pid in family(server)]
    try:
        assert len(watched) == 2
        os.killpg(run.pid, number)
        run.wait(deadline * 6)
        left = watched
        while left and (ended := select.select(left, [], [], deadline)[0]):
            left = [one for one in left if one not in ended]
        assert not left
    finally:
        for one in watched:
            os.close(one)
        if run.poll() is None:
            os.killpg(run.pid, signal.SIGKILL)
            run.wait()


def family(pid: int) -> list[int]:
    """Returns a process and its children."""
    return [pid, *map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]


def test_low_weakness_of_a_server_that_was_started_is_reported(run_suite: Any, command: Any) -> None:
    case = "security/test_disclosure.py::test_answer_tells_no_version_of_the_server"
    run = run_suite("--ws-command", command(), "--ws-reply", "{message}", case)
    assert run.status == 0, run.output[-3000:]
    assert "CWE-497, low" in run.output
