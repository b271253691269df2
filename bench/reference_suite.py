"""The reference suite's 247 numbers in both modes: this command, and kosoku where it is installed.

    python bench/reference_suite.py [--rounds 5] [--parallel 20]

What is compared takes turns against the same server, and the same client. The exit status is 0 when this
command is not slower than kosoku at the median of both modes, or kosoku is not there, and 1 when it is.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import WebSocketException

PACKAGE = Path(__file__).parents[1] / "autotests-api"
# An installed package is compiled once.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
EXCLUDED = ("9.*", "12.*", "13.*")


logging.getLogger("websockets").setLevel(logging.CRITICAL)


async def echo(connection: ServerConnection) -> None:
    async for message in connection:
        await connection.send(message)


def wstest(mode: str, address: str, parallel: int, outdir: str) -> list[str]:
    command = [sys.executable, "-m", "pytest_websocket.wstest", "-q", "-m", mode, "-w", f"ws://{address}"]
    command += ["--exclude-cases", ",".join(EXCLUDED), "--outdir", outdir, "--parallel", str(parallel)]
    return [*command, "--only-reference", "-u", "0"]


def kosoku(mode: str, address: str, parallel: int, outdir: str) -> list[str]:
    command = [shutil.which("kosoku") or "kosoku", "-m", mode, "-o", outdir, address]
    if mode == "fuzzingclient":
        command += ["-p", str(parallel)]
    return command + [word for one in EXCLUDED for word in ("-x", one)]


async def run(command: list[str]) -> None:
    process = await asyncio.create_subprocess_exec(
        *command, cwd=PACKAGE, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    await process.wait()


async def against_a_server(command: Callable[..., list[str]], parallel: int) -> float:
    """Seconds of fuzzingclient against an echo server on websockets."""
    async with serve(echo, "127.0.0.1", 0, max_size=None, ping_interval=None) as server:
        address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        with tempfile.TemporaryDirectory() as outdir:
            began = time.perf_counter()
            await run(command("fuzzingclient", address, parallel, outdir))
            return time.perf_counter() - began


async def by_a_client(command: Callable[..., list[str]], parallel: int) -> float:
    """Seconds of the loop by an echo client on websockets that runs ``parallel`` cases at once."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    with tempfile.TemporaryDirectory() as outdir:
        process = await asyncio.create_subprocess_exec(
            *command("fuzzingserver", address, parallel, outdir),
            cwd=PACKAGE,
            env=ENVIRONMENT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            await _listening(address)
            began = time.perf_counter()
            await _loop(f"ws://{address}", parallel)
            return time.perf_counter() - began
        finally:
            process.terminate()
            await process.wait()


async def _listening(address: str) -> None:
    host, _, port = address.partition(":")
    async with asyncio.timeout(30):
        while True:
            try:
                _, writer = await asyncio.open_connection(host, int(port))
            except OSError:
                await asyncio.sleep(0.02)
            else:
                writer.close()
                return


async def _loop(url: str, parallel: int) -> None:
    async with connect(f"{url}/getCaseCount") as connection:
        numbers = iter(range(1, int(await connection.recv()) + 1))

    async def work() -> None:
        for number in numbers:
            try:
                path = f"/runCase?case={number}&agent=bench"
                async with connect(url + path, max_size=None, ping_interval=None) as connection:
                    async for message in connection:
                        await connection.send(message)
            except WebSocketException:
                continue

    await asyncio.gather(*(work() for _ in range(parallel)))


def main() -> int:
    """Runs the rounds and prints a line for each mode and command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--parallel", type=int, default=20)
    options = parser.parse_args()
    commands = {"wstest": wstest} | ({"kosoku": kosoku} if shutil.which("kosoku") else {})
    status = 0
    for mode, measure in (("fuzzingclient", against_a_server), ("fuzzingserver", by_a_client)):
        taken: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(options.rounds):
            for name, command in commands.items():
                taken[name].append(asyncio.run(measure(command, options.parallel)))
        print(f"\n247 cases, {mode}, {options.parallel} at once, seconds of {options.rounds} rounds\n")
        for name, seconds in taken.items():
            low, high = min(seconds), max(seconds)
            print(f"  {name:<8} {statistics.median(seconds):6.2f}  ({low:.2f} to {high:.2f})")
        if "kosoku" in taken and statistics.median(taken["wstest"]) > statistics.median(taken["kosoku"]):
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
