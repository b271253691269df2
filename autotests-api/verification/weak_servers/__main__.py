"""``python -m verification.weak_servers NAME`` starts a weak server (default: demo) and prints its URL."""

from __future__ import annotations

import asyncio
import sys

from verification.weak_servers.catalogue import DEMO, SERVERS


async def run(name: str) -> None:
    """Serves until the process is ended."""
    async with SERVERS[name].server().serve() as server:
        print(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    wanted = sys.argv[1] if len(sys.argv) > 1 else DEMO
    if wanted not in SERVERS:
        sys.exit(f"there is no weak server called {wanted}: {', '.join(SERVERS)}")
    asyncio.run(run(wanted))
