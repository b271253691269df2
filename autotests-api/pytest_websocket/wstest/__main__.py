"""``python -m pytest_websocket.wstest``: the same as the command ``wstest``."""

import sys

from pytest_websocket.wstest.command import main

if __name__ == "__main__":
    sys.exit(main())
