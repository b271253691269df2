"""Load clients compared on the same work, in turns: echoes per second of the client's CPU.

    python bench/engines.py [--rounds 3] [--seconds 3] [--connections 200] [--size 100]

Clients that are not installed are left out and named. The exit status is 1 when this suite's engine does
less per second of CPU than one of Locust's usual client, Artillery and the generators on websockets.
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

from serving import ECHO, FAST, TCP, serving
from table import ratios, show

HERE = Path(__file__).resolve().parent
ARTILLERY = HERE / "artillery" / "node_modules" / ".bin" / "artillery"

OURS = "this suite, every reply checked"
UPPER_LIMIT = "raw TCP echo (the upper limit)"
LOCUST = "Locust and websocket-client"
ARTILLERY_NAME = "Artillery, function step"
PICOWS = "picows, nothing checked"

NOT_COMPARED = {OURS, UPPER_LIMIT, PICOWS}
"""picows parses and masks in C, and a generator on it that checks nothing shows what that would give."""

DEADLINE = 60.0
"""Seconds that one client may take to start and be measured."""


def commands(options: argparse.Namespace) -> dict[str, list[str]]:
    """Returns the clients that can run here, by name."""
    known = {
        UPPER_LIMIT: [sys.executable, str(HERE / "engine.py"), "tcp"],
        OURS: [sys.executable, str(HERE / "engine.py"), "ours"],
        "websockets on asyncio": [sys.executable, str(HERE / "engine.py"), "websockets"],
    }
    if importlib.util.find_spec("uvloop"):
        known["websockets on uvloop"] = [sys.executable, str(HERE / "engine.py"), "websockets-uvloop"]
    if importlib.util.find_spec("picows"):
        known[PICOWS] = [sys.executable, str(HERE / "engine.py"), "picows"]
    if importlib.util.find_spec("locust") and importlib.util.find_spec("websocket"):
        users = str(options.connections)
        known[LOCUST] = [
            *(sys.executable, "-m", "locust", "-f", str(HERE / "locust_client.py"), "--headless"),
            *("--users", users, "--spawn-rate", users, "--run-time", "60s", "--only-summary"),
        ]
    if ARTILLERY.exists():
        known[ARTILLERY_NAME] = [str(ARTILLERY), "run", "--quiet", str(HERE / "artillery" / "echo.yml")]
    return known


def run(name: str, command: list[str], port: int, options: argparse.Namespace) -> dict[str, float]:
    """Runs one client to its end and returns what it measured."""
    arguments = [str(port), str(options.connections), str(options.seconds), str(options.size)]
    environment = os.environ | {
        "BENCH_PORT": arguments[0],
        "BENCH_CONNECTIONS": arguments[1],
        "BENCH_SECONDS": arguments[2],
        "BENCH_SIZE": arguments[3],
        "ARTILLERY_DISABLE_TELEMETRY": "true",
        "WORKERS": "1",
    }
    ours = command[1].endswith("engine.py")
    try:
        done = subprocess.run(
            [*command, *(arguments if ours else [])],
            env=environment,
            cwd=HERE,
            capture_output=True,
            text=True,
            timeout=DEADLINE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise SystemExit(f"{name} measured nothing within {DEADLINE:.0f} s") from None
    lines = [line for line in done.stdout.splitlines() if line.startswith('{"messages"')]
    if not lines:
        raise SystemExit(f"{name} measured nothing:\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
    measured: dict[str, float] = json.loads(lines[-1])
    return measured


def compare(options: argparse.Namespace) -> int:
    """Runs the clients in turns and prints the table; 1 when another is faster, else 0."""
    known = commands(options)
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in known}
    fast = importlib.util.find_spec("picows") is not None
    with serving(FAST if fast else ECHO) as echo, serving(TCP) as tcp:
        for number in range(options.rounds):
            for name, command in known.items():
                print(f"  round {number + 1} of {options.rounds}: {name}", file=sys.stderr)
                measured = run(name, command, tcp.port if name == UPPER_LIMIT else echo.port, options)
                taken[name].append(
                    (measured["messages"] / measured["cpu"], measured["messages"] / measured["seconds"])
                )
    work = f"{options.connections} connections, {options.size} bytes, closed loop"
    title = f"Load clients: {work}, one process each"
    missing = [name for name in (LOCUST, ARTILLERY_NAME, PICOWS) if name not in known]
    show(title, "messages", taken, OURS, missing)
    faster = [
        name
        for name in known
        if name not in NOT_COMPARED and statistics.median(ratios(taken, OURS, name)) < 1
    ]
    for name in faster:
        print(f"\n  This suite's engine is slower than {name}.")
    return int(bool(faster))


def main() -> int:
    """Reads the options and compares."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--connections", type=int, default=200)
    parser.add_argument("--size", type=int, default=100)
    return compare(parser.parse_args())


if __name__ == "__main__":
    sys.exit(main())
