"""The echo server in a process of its own, so that a load does not share a core with it."""

from __future__ import annotations

import contextlib
import gc
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pytest_websocket.server.echo import echo
from pytest_websocket.server.program import run

FOLDER = Path(__file__).resolve().parents[2]
"""Where the package lies, so that the process finds it when it is not installed."""

_STARTED = re.compile(r"(ws://\S+)")


@dataclass(frozen=True)
class ServerProcess:
    """A running server; ``pid`` is its process, ``url`` where it listens."""

    pid: int
    url: str

    def memory(self) -> int | None:
        """Returns the resident memory in bytes; None on a system without /proc."""
        with contextlib.suppress(OSError, ValueError, IndexError):
            return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        return None


@contextlib.contextmanager
def run_in_process(*, stop_deadline: float = 10.0) -> Iterator[ServerProcess]:
    """Runs the echo server on a free port of 127.0.0.1, in a new process, until the block ends.

    Raises RuntimeError with the server's first line of output when it does not start. A server that has not
    stopped ``stop_deadline`` seconds after SIGTERM is killed.
    """
    process = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-m", __name__],
        cwd=FOLDER,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )
    assert process.stdout is not None
    try:
        first = process.stdout.readline()
        found = _STARTED.search(first)
        if found is None:
            raise RuntimeError(f"the server did not start: {first.strip() or 'no output'}")
        yield ServerProcess(process.pid, found[1])
    finally:
        process.terminate()
        try:
            process.communicate(timeout=stop_deadline)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


def main() -> int:
    """Serves until SIGTERM with the garbage collector tuned for thousands of connections."""
    # What is loaded by now lives as long as the server, and open connections are no garbage.
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)
    options = ["--quiet", "--host", "127.0.0.1", "--port", "0"]
    return run(echo, description="Echo server for loads.", started="Listening on ws://%s", argv=options)


if __name__ == "__main__":
    sys.exit(main())
