"""``python -m verification.faulty_programs NAME PORT`` starts a program; ``correct`` has no fault."""

from __future__ import annotations

import asyncio
import sys

from verification.faulty_programs.catalogue import CATALOGUE
from verification.faulty_programs.correct import Program


def main(name: str, port: str) -> int:
    """Returns the exit status."""
    program = Program if name == "correct" else CATALOGUE[name][0]
    return asyncio.run(program(int(port)).run())


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
