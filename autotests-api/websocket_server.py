"""The echo server of the lesson: ``python -m websocket_server``."""

import sys

from pytest_websocket.server.echo import main

if __name__ == "__main__":
    sys.exit(main())
