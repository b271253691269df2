"""The echo server in a process of its own: for loads, where it must not share a core with its clients."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

HOUSE = Path(__file__).resolve().parents[2]

_STARTED = re.compile(r"(ws://\S+)")


@dataclass(frozen=True)
class ServerProcess:
    """A running server; ``pid`` is its process, ``url`` where it listens."""

    pid: int
    url: str

    def memory(self) -> int | None:
        """Resident memory in bytes; None on a system without /proc."""
        with contextlib.suppress(OSError, ValueError, IndexError):
            return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        return None


@contextlib.contextmanager
def run_in_process(options: Sequence[str] = (), *, stop_deadline: float = 10.0) -> Iterator[ServerProcess]:
    """Run ``python -m websocket_server --quiet`` on a free port of 127.0.0.1 until the block ends.

    Raises RuntimeError with the server's own words when it does not start. A server that has not
    stopped ``stop_deadline`` seconds after SIGTERM is killed.
    """
    command = [sys.executable, "-m", "websocket_server", "--quiet", "--host", "127.0.0.1", "--port", "0"]
    process = subprocess.Popen(  # noqa: S603 - our own program
        [*command, *options], cwd=HOUSE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8"
    )
    assert process.stdout is not None
    try:
        first = process.stdout.readline()
        found = _STARTED.search(first)
        if found is None:
            raise RuntimeError(f"the server did not start: {first.strip() or 'it said nothing'}")
        yield ServerProcess(process.pid, found[1])
    finally:
        process.terminate()
        try:
            process.communicate(timeout=stop_deadline)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
