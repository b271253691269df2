"""The echo server in a process of its own, so that a load does not share a core with it."""

from __future__ import annotations

import contextlib
import gc
import sys
from collections.abc import Iterator
from pathlib import Path

from pytest_websocket.server.echo import echo
from pytest_websocket.server.process import free_port
from pytest_websocket.server.program import run
from pytest_websocket.target.started_server import StartedServer
from pytest_websocket.target.started_server import run as run_alone
from pytest_websocket.target.target import Target

FOLDER = Path(__file__).resolve().parents[2]
"""Where the package lies, so that the process finds it when it is not installed."""

COMMAND = (sys.executable, "-m", __name__, "{port}")
"""Starts the echo server; for `StartedServer`."""


@contextlib.contextmanager
def run_in_process() -> Iterator[StartedServer]:
    """Runs the echo server on a free port of 127.0.0.1, in a new process, until the block ends.

    Raises Unusable with the last output when it does not start.
    """
    server = StartedServer(COMMAND, Target(f"ws://127.0.0.1:{free_port()}"), folder=FOLDER)
    try:
        run_alone(server.start())
        yield server
    finally:
        server.close()


def main() -> int:
    """Serves on the port of the command line until SIGTERM.

    The garbage collector is tuned for thousands of connections.
    """
    # What is loaded by now lives as long as the server, and open connections are no garbage.
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)
    options = ["--quiet", "--host", "127.0.0.1", "--port", *sys.argv[1:2]]
    return run(echo, description="Echo server for loads.", started="Listening on ws://%s", argv=options)


if __name__ == "__main__":
    sys.exit(main())
