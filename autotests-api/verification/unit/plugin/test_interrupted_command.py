"""Ctrl+C and SIGTERM end the command ``pytest-websocket`` and its run of pytest."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from websockets.asyncio.server import ServerConnection

from verification.conftest import Serve

PACKAGES = Path(__file__).parents[3]

COMMAND = "import sys; from pytest_websocket.cli import main; sys.exit(main())"
"""What the script that pip makes does."""


async def echo(connection: ServerConnection) -> None:
    async for message in connection:
        await connection.send(message)


@contextlib.contextmanager
def running(folder: Path, url: str, *options: str) -> Iterator[subprocess.Popen[str]]:
    """Yields the command, in a process group as a terminal's job is, once a test of it has passed."""
    command = (sys.executable, "-c", COMMAND, url, "--ws-reply", "{message}")
    with subprocess.Popen(
        [*command, "-v", "-p", "no:cacheprovider", *options],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(PACKAGES)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        try:
            before = []
            for line in process.stdout:
                before.append(line)
                if "PASSED" in line:
                    break
            assert "PASSED" in before[-1], "".join(before)
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def test_interrupted_command_leaves_its_report_and_status_two(
    serve: Serve, tmp_path: Path, deadline: float
) -> None:
    page = tmp_path / "page.html"
    with running(tmp_path, serve(echo), f"--ws-report={page}", "-k", "test_echo or test_text") as process:
        os.killpg(process.pid, signal.SIGINT)
        rest, _ = process.communicate(timeout=deadline * 12)
    assert process.returncode == 2, rest
    assert "KeyboardInterrupt" in rest
    assert "The run was interrupted after" in rest
    assert "conforms" not in rest
    assert page.is_file()


def test_command_that_is_asked_to_end_ends_its_run(serve: Serve, tmp_path: Path, deadline: float) -> None:
    with running(tmp_path, serve(echo)) as process:
        # The command alone, as a program does that has started it.
        process.terminate()
        rest, _ = process.communicate(timeout=deadline * 12)
    assert process.returncode == 128 + signal.SIGTERM, rest
    assert " passed" not in rest
