"""Runs one server of the catalogue in a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import resource
from collections.abc import Iterator
from multiprocessing.connection import Connection

from pytest_websocket.server.open_files import allow_many_connections
from verification.faulty_servers.catalogue import CATALOGUE
from verification.faulty_servers.correct import EchoServer

CORRECT = "correct"
"""Name of the server without a fault."""

START_DEADLINE = 30.0
"""Seconds until a server must listen."""

MEMORY = 4 << 30
"""Bytes of address space: a fault that fills the memory must not fill the machine's."""

CPU_SECONDS = 60
"""Seconds of computing: a fault that never ends must not outlive a run that was killed."""

# A server is a fork of a process that has imported the catalogue once, and runs no threads.
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["__main__", __name__])


@contextlib.contextmanager
def running(name: str) -> Iterator[str]:
    """Starts the server ``name``, yields its URL, and kills it at the end of the block."""
    here, there = PROCESSES.Pipe()
    process = PROCESSES.Process(target=_main, args=(name, there), daemon=True)
    process.start()
    there.close()
    try:
        if not here.poll(START_DEADLINE):
            raise TimeoutError(f"the server {name} did not start within {START_DEADLINE} s")
        yield here.recv()
    finally:
        here.close()
        process.kill()
        process.join()
        process.close()


def _main(name: str, tell: Connection) -> None:
    with open(os.devnull, "w") as devnull:
        os.dup2(devnull.fileno(), 2)
    allow_many_connections()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    asyncio.run(_serve(EchoServer() if name == CORRECT else CATALOGUE[name].server(), tell))


async def _serve(server: EchoServer, tell: Connection) -> None:
    async with server.serve():
        host, port = server.sockets[0].getsockname()[:2]
        tell.send(f"ws://{host}:{port}")
        # The other end of the pipe is closed when the process that started this one has ended, however.
        ended = asyncio.Event()
        asyncio.get_running_loop().add_reader(tell, ended.set)
        await ended.wait()
        os._exit(0)
