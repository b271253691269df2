"""The echo server against the same handler on aiohttp and uvicorn: echoes per second of its CPU.

    python bench/echo_servers.py [--rounds 3] [--seconds 3] [--connections 100] [--size 100]

All run on uvloop where it is installed, with the same settings of the garbage collector; the load is
this suite's engine in a closed loop, in turns. Needs Linux for the CPU time of a process.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib.util
import sys

from serving import AIOHTTP, ECHO, ROOT, UVICORN, serving
from table import show

sys.path.insert(0, str(ROOT))

from pytest_websocket.load.connection import Endpoint
from pytest_websocket.load.connections import Connections
from pytest_websocket.load.result import Result
from pytest_websocket.load.workload import Workload
from pytest_websocket.protocol.handshake import Request
from pytest_websocket.server.echo import reply_to

OURS = "the echo server"


async def load(port: int, options: argparse.Namespace) -> Result:
    """Puts a closed loop on a server and returns the result."""
    prefix = reply_to(b"")
    assert isinstance(prefix, bytes)
    endpoint = Endpoint(
        "127.0.0.1",
        port,
        opening=lambda: Request.opening("/", "127.0.0.1"),
        answer=lambda opcode, payload: (opcode, prefix + payload),
        deadline=30.0,
    )
    async with Connections(endpoint, options.connections) as connections:
        workload = Workload.parse(f"text:{options.size}")
        return await connections.run(duration=options.seconds, rate=None, workload=workload)


def compare(options: argparse.Namespace) -> None:
    """Loads the servers in turns and prints the table."""
    uvloop = importlib.util.find_spec("uvloop")
    factory = importlib.import_module("uvloop").new_event_loop if uvloop else None
    scripts = {OURS: ECHO, "aiohttp": AIOHTTP, "uvicorn": UVICORN}
    here = {
        name: script for name, script in scripts.items() if name == OURS or importlib.util.find_spec(name)
    }
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in here}
    for number in range(options.rounds):
        for name, script in here.items():
            print(f"  round {number + 1} of {options.rounds}: {name}", file=sys.stderr)
            with serving(script) as server, asyncio.Runner(loop_factory=factory) as runner:
                before = server.cpu()
                result = runner.run(load(server.port, options))
                if not result.is_clean:
                    raise SystemExit(f"{name} answered wrongly:\n{result}")
                taken[name].append((result.received / (server.cpu() - before), result.throughput))
    title = f"Servers: the same handler, {options.connections} connections, {options.size} bytes, closed loop"
    show(title, "round trips", taken, OURS, [name for name in scripts if name not in here])


def main() -> None:
    """Reads the options and compares."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--connections", type=int, default=100)
    parser.add_argument("--size", type=int, default=100)
    compare(parser.parse_args())


if __name__ == "__main__":
    main()
