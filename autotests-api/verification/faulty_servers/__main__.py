"""``python -m verification.faulty_servers NAME`` starts a faulty server; ``--list`` names them all."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Sequence

from verification.faulty_servers.catalogue import CATALOGUE
from verification.faulty_servers.correct import EchoServer

CORRECT = "correct"


def main(argv: Sequence[str] | None = None) -> int:
    """Returns the exit status: 0 after SIGTERM or Ctrl+C, 1 for an unknown name."""
    parser = argparse.ArgumentParser(prog="python -m verification.faulty_servers", description=__doc__)
    parser.add_argument("name", nargs="?", default=CORRECT, help=f"fault to start (default: {CORRECT})")
    parser.add_argument("--list", action="store_true", help="print every fault with the rule that it breaks")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 is any free one; the real one is printed")
    options = parser.parse_args(argv)
    if options.list:
        width = max(map(len, CATALOGUE))
        lines = [f"{fault.name:{width}}  {fault.rule:18}  {fault.summary}" for fault in CATALOGUE.values()]
        try:
            print("\n".join(lines), flush=True)
        except BrokenPipeError:
            # The reader of the pipe (`| head`) has ended; the interpreter must not flush once more.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    if options.name != CORRECT and options.name not in CATALOGUE:
        print(f"there is no fault called {options.name}; --list names them", file=sys.stderr)
        return 1
    server = EchoServer() if options.name == CORRECT else CATALOGUE[options.name].server()
    asyncio.run(_run(server, options.host, options.port))
    return 0


async def _run(server: EchoServer, host: str, port: int) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with server.serve(host, port):
        name, port = server.sockets[0].getsockname()[:2]
        print(f"ws://{name}:{port}", flush=True)
        await stop.wait()


if __name__ == "__main__":
    sys.exit(main())
