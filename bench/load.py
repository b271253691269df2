"""Load clients compared on the same work, in turns: echoes per second of the client's CPU.

    python bench/load.py [--rounds 3] [--seconds 3] [--connections 200] [--size 100]

Clients that are not installed are left out and named: pip install -r requirements-load.txt
-r requirements-bench.txt, and `npm install --ignore-scripts` in bench/artillery.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

from serving import ECHO, TCP, serving

HERE = Path(__file__).resolve().parent
ARTILLERY = HERE / "artillery" / "node_modules" / ".bin" / "artillery"

OURS = "this suite"
CEILING = "raw TCP echo (ceiling)"


def commands(options: argparse.Namespace) -> dict[str, list[str]]:
    """The clients that can run here, by name."""
    known = {
        CEILING: [sys.executable, str(HERE / "load_client.py"), "tcp"],
        OURS: [sys.executable, str(HERE / "load_client.py"), "ours"],
        "asyncio and websockets": [sys.executable, str(HERE / "load_client.py"), "websockets"],
    }
    if importlib.util.find_spec("locust") and importlib.util.find_spec("websocket"):
        users = str(options.connections)
        known["Locust and websocket-client"] = [
            *(sys.executable, "-m", "locust", "-f", str(HERE / "locust_client.py"), "--headless"),
            *("--users", users, "--spawn-rate", users, "--run-time", "60s", "--only-summary"),
        ]
    if ARTILLERY.exists():
        known["Artillery"] = [str(ARTILLERY), "run", "--quiet", str(HERE / "artillery" / "echo.yml")]
    return known


def run(name: str, command: list[str], port: int, options: argparse.Namespace) -> dict[str, float]:
    """Run one client to its end and return what it measured."""
    arguments = [str(port), str(options.connections), str(options.seconds), str(options.size)]
    environment = os.environ | {
        "BENCH_PORT": arguments[0],
        "BENCH_CONNECTIONS": arguments[1],
        "BENCH_SECONDS": arguments[2],
        "BENCH_SIZE": arguments[3],
        "ARTILLERY_DISABLE_TELEMETRY": "true",
        "WORKERS": "1",
    }
    ours = command[1].endswith("load_client.py")
    done = subprocess.run(
        [*command, *(arguments if ours else [])],
        env=environment,
        cwd=HERE,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith('{"messages"')]
    if not lines:
        raise SystemExit(f"{name} measured nothing:\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
    measured: dict[str, float] = json.loads(lines[-1])
    return measured


def main() -> None:
    """Run the clients in turns and print their medians, and the ratio of each to ours."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--connections", type=int, default=200)
    parser.add_argument("--size", type=int, default=100)
    options = parser.parse_args()
    known = commands(options)
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in known}
    with serving(ECHO) as echo, serving(TCP) as tcp:
        for _ in range(options.rounds):
            for name, command in known.items():
                measured = run(name, command, tcp.port if name == CEILING else echo.port, options)
                taken[name].append(
                    (measured["messages"] / measured["cpu"], measured["messages"] / measured["seconds"])
                )
    print(f"\n{options.size} B, {options.connections} connections: messages per second of the client's CPU")
    ours = statistics.median(cpu for cpu, _ in taken[OURS])
    for name, rounds in sorted(taken.items(), key=lambda entry: -statistics.median(c for c, _ in entry[1])):
        cpu, wall = (statistics.median(column) for column in zip(*rounds, strict=True))
        print(f"  {name:<30} {cpu:9,.0f}   this suite has {ours / cpu:5.2f} times   ({wall:,.0f} per second)")
    missing = {"Locust and websocket-client", "Artillery"} - set(known)
    if missing:
        print(f"  not installed, not compared: {', '.join(sorted(missing))}")


if __name__ == "__main__":
    main()
