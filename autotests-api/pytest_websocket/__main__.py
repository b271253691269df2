"""Runs the command ``pytest-websocket`` where it is not installed: ``python -m pytest_websocket URL``."""

import sys

from pytest_websocket.cli import main

if __name__ == "__main__":
    sys.exit(main())
