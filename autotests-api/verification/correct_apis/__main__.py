"""Starts a correct API: ``python -m verification.correct_apis NAME [PORT]``; prints URL and profile."""

from __future__ import annotations

import asyncio
import sys

from verification.correct_apis.catalogue import APIS
from verification.correct_apis.registry import address_of


async def run(name: str, port: int) -> None:
    """Serves until it is interrupted."""
    api = APIS[name]
    async with api.serve(port) as server:
        print(address_of(server, api.resource), api.profile, sep="\n", flush=True)
        await server.serve_forever()


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3) or sys.argv[1] not in APIS:
        sys.exit(f"{__doc__}\nNAME is one of {', '.join(APIS)}")
    asyncio.run(run(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 0))
