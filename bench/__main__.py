"""All comparisons in one run, about four minutes: load clients, servers, client and recording.

    python bench [--rounds 3] [--seconds 3]

The exit status is 0 when all was measured and this suite's load engine does at least as much per second
of CPU as Locust's usual client, Artillery and generators on websockets, and 1 when not. Ratios mean
something on a busy machine, too: what is compared takes turns.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time

import echo_servers
import engines
import recording


def main() -> int:
    """Runs the comparisons one after the other; each prints its table."""
    parser = argparse.ArgumentParser(prog="python bench", description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3.0)
    options = parser.parse_args()
    began = time.monotonic()
    work = {"rounds": options.rounds, "seconds": options.seconds, "size": 100}
    status = engines.compare(argparse.Namespace(**work, connections=200))
    echo_servers.compare(argparse.Namespace(**work, connections=100))
    recording.compare(argparse.Namespace(rounds=200, messages=50, size=100))
    busy = f", load average {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    print(
        f"\n{os.cpu_count()} cores, {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}{busy}; took {time.monotonic() - began:.0f} s"
    )
    return status


if __name__ == "__main__":
    sys.exit(main())
