"""The echo server in a process of its own, for measurements: silent, on a free port."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent / "autotests-api"

# The program prints every message, which would be measured too, and its pipe would have to be read.
ECHO = """
import asyncio, websocket_server

async def main():
    async with websocket_server.serve() as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await asyncio.get_running_loop().create_future()

asyncio.run(main())
"""


@contextlib.contextmanager
def serving(script: str = ECHO) -> Iterator[int]:
    """Run ``script``, whose first line of output is the port it listens on; yields the port."""
    with subprocess.Popen(
        [sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.terminate()
