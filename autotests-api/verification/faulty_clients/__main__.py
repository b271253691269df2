"""``python -m verification.faulty_clients URL`` runs the client that FAULTY_CLIENT names, or the correct one.

Without a URL it lists the catalogue.
"""

from __future__ import annotations

import os
import sys

from verification.faulty_clients.catalogue import CATALOGUE
from verification.faulty_clients.correct import EchoClient


def main(arguments: list[str]) -> int:
    """Runs a client, and returns its exit status."""
    if not arguments:
        for one in CATALOGUE.values():
            print(f"{one.name:<40} {one.rule:<14} {one.summary}")
        return 0
    name = os.environ.get("FAULTY_CLIENT")
    client = EchoClient if name is None else CATALOGUE[name].client
    return client().run(arguments[0])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
