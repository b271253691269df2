"""Ctrl+C while a target that never answers whole is probed ends the run at once, without a traceback."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from verification import hostile_floods, hostile_servers

PACKAGES = Path(__file__).parents[3]

COMMAND = "import sys; from pytest_websocket.cli import main; sys.exit(main())"
"""What the script that pip makes does."""

LONG = 120
"""Seconds; the deadline of the run, which Ctrl+C does not wait for."""

Meet = Callable[[hostile_servers.Behaviour], str]


@pytest.mark.parametrize(
    "behaviour",
    [
        hostile_servers.drips_headers,
        hostile_floods.sends_pings_without_end,
    ],
    ids=lambda behaviour: behaviour.__name__,
)
def test_interrupted_probe_of_a_hostile_target_leaves_no_traceback(
    meet: Meet, tmp_path: Path, deadline: float, behaviour: hostile_servers.Behaviour
) -> None:
    reached = threading.Event()

    async def tells(peer: hostile_servers.Peer) -> None:
        reached.set()
        await behaviour(peer)

    command = (sys.executable, "-c", COMMAND, meet(tells), "--ws-reply", "{message}", f"--ws-timeout={LONG}")
    with subprocess.Popen(
        [*command, "-p", "no:cacheprovider", "-k", "test_text"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(PACKAGES)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        start_new_session=True,
    ) as process:
        try:
            assert reached.wait(deadline * 12), "the target was not reached"
            os.killpg(process.pid, signal.SIGINT)
            output, _ = process.communicate(timeout=deadline * 12)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == pytest.ExitCode.INTERRUPTED, output
    assert "Traceback (most recent call last)" not in output, output
    assert "unraisable" not in output, output
    assert "conforms" not in output
