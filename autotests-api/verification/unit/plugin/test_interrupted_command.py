"""Ctrl+C ends the command ``pytest-websocket``, its run of pytest and the report of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from websockets.asyncio.server import ServerConnection

from verification.conftest import Serve

PACKAGES = Path(__file__).parents[3]

COMMAND = "import sys; from pytest_websocket.cli import main; sys.exit(main())"
"""What the script that pip makes does."""


async def echo(connection: ServerConnection) -> None:
    async for message in connection:
        await connection.send(message)


def test_interrupted_command_leaves_its_report_and_status_two(
    serve: Serve, tmp_path: Path, deadline: float
) -> None:
    page = tmp_path / "page.html"
    command = (sys.executable, "-c", COMMAND, serve(echo), "--ws-reply", "{message}")
    # In a group of processes of its own, as the terminal's job is, which gets the signal as a whole.
    with subprocess.Popen(
        [*command, "-v", "-p", "no:cacheprovider", f"--ws-report={page}", "-k", "test_echo or test_text"],
        cwd=tmp_path,
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
            os.killpg(process.pid, signal.SIGINT)
            rest, _ = process.communicate(timeout=deadline * 12)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == 2, "".join(before) + rest
    assert "KeyboardInterrupt" in rest
    assert "The run was interrupted after" in rest
    assert "conforms" not in rest
    assert page.is_file()
