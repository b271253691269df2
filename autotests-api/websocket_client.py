"""The client of the lesson: ``python -m websocket_client``."""

import sys

from pytest_websocket.client.client import main

if __name__ == "__main__":
    sys.exit(main())
