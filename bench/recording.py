"""What the client wrapper and its recording cost: one round trip against the bare `websockets` client.

    python bench/recording.py [--rounds 200] [--messages 50] [--size 100]

The server runs in a process of its own. The three clients take turns, block by block, so that a busy
moment of the machine meets all of them; the figures are medians over the blocks.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
from collections.abc import Awaitable, Callable
from time import perf_counter, process_time

from serving import ROOT, serving

sys.path.insert(0, str(ROOT))

from websockets.asyncio.client import connect as bare_connect

from pytest_websocket import client as ws_client

RoundTrip = Callable[[str], Awaitable[object]]


async def block(round_trip: RoundTrip, messages: int, text: str) -> tuple[float, float]:
    """Returns microseconds of wall clock and of the client's CPU per round trip."""
    wall, cpu = perf_counter(), process_time()
    for _ in range(messages):
        await round_trip(text)
    return (perf_counter() - wall) / messages * 1e6, (process_time() - cpu) / messages * 1e6


async def measure(url: str, rounds: int, messages: int, size: int) -> None:
    """Runs the clients in turn and prints their medians and ratios."""
    text = "x" * size
    for title, compression in (("no compression", None), ("permessage-deflate", "deflate")):
        async with (
            bare_connect(url, compression=compression, proxy=None, ping_interval=None) as bare,
            ws_client.connect(url, compression=bool(compression)) as client,
            ws_client.connect(url, compression=bool(compression)) as recorded,
        ):
            connection = recorded._connection

            async def with_bare(text: str) -> None:
                await bare.send(text)
                await bare.recv()

            async def with_recording(text: str) -> None:
                await connection.send(text)  # noqa: B023
                await connection.recv()  # noqa: B023

            clients: dict[str, RoundTrip] = {
                "bare websockets": with_bare,
                "… with the recording": with_recording,
                "Client.ask": client.ask,
            }
            for round_trip in clients.values():
                await block(round_trip, messages, text)
            taken: dict[str, list[tuple[float, float]]] = {name: [] for name in clients}
            for _ in range(rounds):
                for name, round_trip in clients.items():
                    taken[name].append(await block(round_trip, messages, text))
        report(f"{size} B, {title}", taken)


def report(title: str, taken: dict[str, list[tuple[float, float]]]) -> None:
    """Prints one line per client; the ratio is the median of the ratios of consecutive blocks."""
    print(f"\nClient and recording, {title}: microseconds per round trip\n")
    first = next(iter(taken.values()))
    for name, blocks in taken.items():
        wall, cpu = (statistics.median(column) for column in zip(*blocks, strict=True))
        by_wall, by_cpu = (
            statistics.median(mine[axis] / theirs[axis] for mine, theirs in zip(blocks, first, strict=True))
            for axis in (0, 1)
        )
        print(
            f"  {name:<20} wall {wall:7.1f} (ratio {by_wall:.2f})  client CPU {cpu:7.1f} (ratio {by_cpu:.2f})"
        )


def compare(options: argparse.Namespace) -> None:
    """Starts the server, measures, stops the server."""
    with serving() as server:
        asyncio.run(measure(f"ws://127.0.0.1:{server.port}", options.rounds, options.messages, options.size))


def main() -> None:
    """Reads the options and compares."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--messages", type=int, default=50)
    parser.add_argument("--size", type=int, default=100)
    compare(parser.parse_args())


if __name__ == "__main__":
    main()
